/* What the rules behind the verdicts share. For verdict.c and verdict_*.c only.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_VERDICT_RULE_H
#define HELLO_VERDICT_RULE_H

#include "base/fact.h"
#include "base/units.h"
#include "report/figure.h"
#include "report/report.h"

#include <stdbool.h>
#include <stdint.h>

/* Room for a figure or a duration, until the end of the block that it is in. */
#define ROOM ((char[FIGURE_TEXT_BYTES]){0})
_Static_assert(FIGURE_TEXT_BYTES >= UNITS_TEXT_BYTES, "no room for durations");

/* Find out whether a verdict holds: if so, write its text (REPORT_VERDICT_BYTES), return true. */
typedef bool verdict_rule(const struct report *report, char *text);

verdict_rule verdict_throttled, verdict_stalls_grid, verdict_generator_busy, verdict_cpu_shared,
    verdict_cpus_full, verdict_steal, verdict_stalls, verdict_threads_exceed_cpus;

/* Most connections failed for one reason (verdict_failure.c). */
verdict_rule verdict_refused, verdict_unreachable, verdict_no_handshake, verdict_silent_service,
    verdict_kept_open, verdict_http_status, verdict_wrong_answer;

/* Holds if the generator may have been the limit for all that is known, where no rule above says
 * that it was. */
verdict_rule verdict_may_be_limit;

/* Write the text of a verdict that holds. Returns true. */
bool verdict_holds(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The share of the CPU that they may use that the busiest thread, or all together, did use. */
struct verdict_busy {
    double share;    /* 0 to 1 */
    uint32_t thread; /* the busiest */
    bool of_all;     /* it is that of all threads together */
};
struct verdict_busy verdict_busy(const struct report *report);

/* How much of a CPU a thread wanted, as shares of the measured time. */
struct verdict_demand {
    double had;              /* it ran, with its softirqs as far as they can be told */
    double softirqs_at_most; /* further softirqs that may have been its own */
    double taken;            /* it wanted to run, and others did */
    double taken_at_most;    /* for all that is known; 1 if nothing is */
};
struct verdict_demand verdict_demand(const struct report *report, uint32_t i);

/* True if a cgroup's quota took time that matters. */
bool verdict_is_throttled(const struct report *report);

static inline const char *verdict_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#endif
