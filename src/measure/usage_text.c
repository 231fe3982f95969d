#include "measure/usage_text.h"

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A part of the text between blanks; of length 0 at the end of a line. */
struct word {
    const char *start;
    size_t length;
};

/* Take the next word of the line. */
static struct word word_next(const char **cursor)
{
    struct word word = {.start = *cursor + strspn(*cursor, " \t")};

    word.length = strcspn(word.start, " \t\n");
    *cursor = word.start + word.length;
    return word;
}

static bool word_is(struct word word, const char *name)
{
    return strlen(name) == word.length && memcmp(word.start, name, word.length) == 0;
}

/* The number in a word; 0 if it is none. */
static uint64_t word_number(struct word word)
{
    uint64_t number = 0;

    for (size_t i = 0; i < word.length; i++) {
        if (word.start[i] < '0' || word.start[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(word.start[i] - '0');
    }
    return number;
}

/* The line after this one; the end of the text after the last. */
static const char *line_next(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : line;
}

static int id_compare(const void *one, const void *other)
{
    return (int)*(const uint16_t *)one - (int)*(const uint16_t *)other;
}

/* True if a word is "cpuN" and N is one of the CPUs. */
static bool word_is_cpu(struct word word, const struct cpus *cpus)
{
    struct word digits = {word.start + 3, word.length - 3};
    uint64_t number = word_number(digits);
    uint16_t id = (uint16_t)number;

    return digits.length > 0 && number < CPUS_MAX && word.start[3] >= '0' && word.start[3] <= '9' &&
           bsearch(&id, cpus->ids, cpus->count, sizeof(cpus->ids[0]), id_compare);
}

void usage_text_stat(const char *text, const struct cpus *cpus, uint64_t ns_per_tick,
                     struct usage *usage)
{
    /* The columns of a CPU (proc(5)); guest time, which follows, is in USER and NICE already. */
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, CPU_COLUMNS };
    uint64_t ticks[CPU_COLUMNS] = {0};

    if (strncmp(text, "cpu", 3) != 0)
        return;
    /* The CPUs come first, before the long line of interrupts. */
    for (const char *line = text; strncmp(line, "cpu", 3) == 0; line = line_next(line)) {
        const char *cursor = line;

        if (!word_is_cpu(word_next(&cursor), cpus))
            continue;
        for (int i = 0; i < CPU_COLUMNS; i++)
            ticks[i] += word_number(word_next(&cursor));
    }
    usage->busy_ns =
        (ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[IRQ] + ticks[SOFTIRQ]) * ns_per_tick;
    usage->softirq_ns = ticks[SOFTIRQ] * ns_per_tick;
    usage->steal_ns = ticks[STEAL] * ns_per_tick;
}

/* Which column of which line goes where. */
struct column {
    const char *line, *name;
    size_t offset; /* in struct usage */
};

static const struct column columns[] = {
    {"Tcp:", "ActiveOpens", offsetof(struct usage, active_opens)},
    {"Tcp:", "PassiveOpens", offsetof(struct usage, passive_opens)},
    {"Tcp:", "RetransSegs", offsetof(struct usage, retransmits)},
    {"TcpExt:", "TCPSynRetrans", offsetof(struct usage, syn_retransmits)},
    {"TcpExt:", "ListenOverflows", offsetof(struct usage, listen_overflows)},
    {"TcpExt:", "ListenDrops", offsetof(struct usage, listen_drops)},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static uint64_t *usage_field(struct usage *usage, size_t offset)
{
    return (uint64_t *)(void *)((char *)usage + offset);
}

/* Read a line of names and its line of values, both from after their first word. */
static void pair_read(struct word line, const char *names, const char *values, struct usage *usage)
{
    for (;;) {
        struct word name = word_next(&names);
        struct word value = word_next(&values);

        if (name.length == 0 || value.length == 0)
            return;
        for (size_t i = 0; i < COLUMN_COUNT; i++) {
            if (word_is(name, columns[i].name) && word_is(line, columns[i].line))
                *usage_field(usage, columns[i].offset) = word_number(value);
        }
    }
}

static bool line_is_wanted(struct word line)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (word_is(line, columns[i].line))
            return true;
    }
    return false;
}

void usage_text_tcp(const char *text, struct usage *usage)
{
    while (*text) {
        const char *names = text;
        const char *values = line_next(text);
        struct word line = word_next(&names);
        const char *after_names = values;

        text = values;
        if (!line_is_wanted(line) || *after_names == '\0')
            continue;
        if (word_next(&values).length == line.length &&
            memcmp(after_names, line.start, line.length) == 0) {
            pair_read(line, names, values, usage);
            text = line_next(after_names);
        }
    }
}

void usage_text_throttling(const char *text, struct usage *usage)
{
    for (; *text; text = line_next(text)) {
        const char *cursor = text;
        struct word name = word_next(&cursor);
        uint64_t value = word_number(word_next(&cursor));

        if (word_is(name, "nr_throttled"))
            usage->throttled_count += value;
        else if (word_is(name, "throttled_time")) /* v1 */
            usage->throttled_ns += value;
        else if (word_is(name, "throttled_usec")) /* v2 */
            usage->throttled_ns += value * NS_PER_US;
    }
}
