#include "host/cpu_time.h"

#include "base/fact.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The columns of a CPU; guest time, which follows, is already in USER and NICE. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COLUMNS };

uint64_t cpu_time_tick_ns(void)
{
    long ticks_per_s = sysconf(_SC_CLK_TCK);

    return NS_PER_S / (ticks_per_s > 0 ? (uint64_t)ticks_per_s : 100);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int id_compare(const void *one, const void *other)
{
    return (int)*(const uint16_t *)one - (int)*(const uint16_t *)other;
}

/* True if a line is for one of the CPUs: "cpuN ...", or "cpu ..." if `cpus` is NULL. */
static bool line_is_wanted(const char *line, const struct cpus *cpus)
{
    const char *at = line + strlen("cpu");
    uint32_t number = 0;
    uint16_t id;

    if (!cpus)
        return *at == ' ';
    if (!is_digit(*at))
        return false;
    for (; is_digit(*at) && number < CPUS_MAX; at++)
        number = number * 10 + (uint32_t)(*at - '0');
    id = (uint16_t)number;
    return *at == ' ' && number < CPUS_MAX &&
           bsearch(&id, cpus->ids, cpus->count, sizeof(cpus->ids[0]), id_compare);
}

/* Add the columns of a line. A column that is missing, or not a number, becomes unknown. */
static void line_add(const char *line, uint64_t ticks[COLUMNS])
{
    line += strcspn(line, " \n");
    for (int i = 0; i < COLUMNS; i++) {
        char *end;
        uint64_t number;

        line += strspn(line, " ");
        if (!is_digit(*line) || ticks[i] == FACT_UNKNOWN) {
            ticks[i] = FACT_UNKNOWN;
            line += strcspn(line, " \n");
            continue;
        }
        number = strtoull(line, &end, 10);
        ticks[i] = strchr(" \n", *end) ? ticks[i] + number : FACT_UNKNOWN;
        line = end + strcspn(end, " \n");
    }
}

/* The sum of some columns, in nanoseconds; unknown if one of them is. */
static uint64_t sum_ns(const uint64_t ticks[COLUMNS], unsigned columns, uint64_t tick_ns)
{
    uint64_t sum = 0;

    for (int i = 0; i < COLUMNS; i++) {
        if (!(columns & 1u << i))
            continue;
        if (ticks[i] == FACT_UNKNOWN)
            return FACT_UNKNOWN;
        sum += ticks[i] * tick_ns;
    }
    return sum;
}

struct cpu_time cpu_time_parse(const char *text, const struct cpus *cpus, uint64_t tick_ns)
{
    const struct cpu_time unknown = {FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN};
    uint32_t wanted = cpus ? cpus->count : 1, found = 0;
    uint64_t ticks[COLUMNS] = {0};
    struct cpu_time time;

    for (const char *line = text; strncmp(line, "cpu", 3) == 0;) {
        const char *after = line + strcspn(line, "\n");

        if (line_is_wanted(line, cpus)) {
            line_add(line, ticks);
            found++;
        }
        line = *after ? after + 1 : after;
    }
    if (found != wanted || wanted == 0)
        return unknown;
    time = (struct cpu_time){
        .busy_ns = sum_ns(ticks, 1u << USER | 1u << NICE | 1u << SYSTEM | 1u << IRQ | 1u << SOFTIRQ,
                          tick_ns),
        .softirq_ns = sum_ns(ticks, 1u << SOFTIRQ, tick_ns),
        .idle_ns = sum_ns(ticks, 1u << IDLE | 1u << IOWAIT, tick_ns),
        .steal_ns = sum_ns(ticks, 1u << STEAL, tick_ns),
    };
    return time.busy_ns == 0 && time.idle_ns == 0 ? unknown : time;
}
