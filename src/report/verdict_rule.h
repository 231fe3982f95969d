/* Shared by the rules of the verdicts. For verdict.c and verdict_*.c only.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_VERDICT_RULE_H
#define HELLO_VERDICT_RULE_H

#include "base/fact.h"
#include "base/units.h"
#include "report/figure.h"
#include "result/document.h"

#include <stdbool.h>
#include <stdint.h>

/* A buffer for a figure or a duration, valid until the end of its block. */
#define ROOM ((char[FIGURE_TEXT_BYTES]){0})
_Static_assert(FIGURE_TEXT_BYTES >= UNITS_TEXT_BYTES, "no room for durations");

/* Check whether a verdict holds: if so, write its text (DOCUMENT_VERDICT_BYTES), return true. */
typedef bool verdict_rule(const struct document *document, char *text);

verdict_rule verdict_throttled, verdict_stalls_grid, verdict_generator_busy, verdict_cpu_shared,
    verdict_cpus_full, verdict_steal, verdict_stalls, verdict_threads_exceed_cpus;

/* Most connections failed for one reason (verdict_failure.c). */
verdict_rule verdict_refused, verdict_unreachable, verdict_no_handshake, verdict_silent_service,
    verdict_kept_open, verdict_http_status, verdict_wrong_answer;

/* Holds if no rule above says that the generator was the limit, but it may have been. */
verdict_rule verdict_may_be_limit;

/* Write the text of a verdict that holds. Returns true. */
bool verdict_holds(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* CPU used by the busiest thread, or by all together, as a share of what they may use. */
struct verdict_busy {
    double share;    /* 0 to 1 */
    uint32_t thread; /* the busiest */
    bool of_all;     /* the share is that of all threads together */
};
struct verdict_busy verdict_busy(const struct document *document);

/* How much of a CPU a thread wanted, as shares of the measured time. */
struct verdict_demand {
    double had;              /* it ran, with its softirqs as far as they are known */
    double softirqs_at_most; /* more softirqs that may belong to it */
    double taken;            /* it wanted to run, but others ran */
    double taken_at_most;    /* the upper limit of `taken`; 1 if nothing is known */
};
struct verdict_demand verdict_demand(const struct document *document, uint32_t i);

/* True if a cgroup's quota took a significant time. */
bool verdict_is_throttled(const struct document *document);

static inline const char *verdict_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#endif
