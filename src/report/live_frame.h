/* The contents of the live view, as lines of text: no terminal is needed. */
#ifndef HELLO_LIVE_FRAME_H
#define HELLO_LIVE_FRAME_H

#include "report/live.h"
#include "report/page.h"

#include <stdbool.h>
#include <stdint.h>

#define LIVE_HISTORY_MAX 512 /* most intervals in the sparkline */
#define LIVE_LINES_MAX   12

/* History of the intervals shown before. Zeroed memory is an empty history. */
struct live_history {
    uint64_t count;                     /* intervals in all */
    double rates[LIVE_HISTORY_MAX];     /* connections/s of the last ones: number i is at i % MAX */
    uint64_t ok, failed, late, dropped; /* sums */
    uint64_t failed_as[RESULT_COUNT];   /* failures by kind */
    uint64_t target_failed[TARGETS_MAX]; /* failures by target */
    uint64_t measured_ns;                /* the time they were counted in */
    uint64_t done;                       /* of the last state */
};

/* True for a rest at the end of the run or the warm-up: too short for a rate. */
bool live_interval_is_short(const struct live_state *state);

/* Add an interval to the history; once for each. */
void live_history_add(struct live_history *history, const struct live_state *state);

/* Write at most `lines` non-empty lines; the least important are dropped first. No number is cut:
 * it is left out if it does not fit. Returns how many lines were written. */
unsigned live_frame(struct page *page, const struct live_history *history,
                    const struct live_state *state, unsigned lines);

#endif
