/* What the live view shows, as lines of text: no terminal is needed to make them. */
#ifndef HELLO_LIVE_FRAME_H
#define HELLO_LIVE_FRAME_H

#include "report/live.h"
#include "report/page.h"

#include <stdbool.h>
#include <stdint.h>

#define LIVE_HISTORY_MAX 512 /* intervals that the sparkline can show */
#define LIVE_LINES_MAX   12

/* What is remembered of the intervals that were shown before. Zeroed memory: of none. */
struct live_history {
    uint64_t count;                     /* intervals in all */
    double rates[LIVE_HISTORY_MAX];     /* connections/s of the last ones: number i is at i % MAX */
    uint64_t ok, failed, late, dropped; /* sums */
    uint64_t failed_as[RESULT_COUNT];   /* of these by kind */
    uint64_t lane_failed[TARGETS_MAX];  /* and by lane */
    uint64_t measured_ns;               /* time in which they were counted */
    uint64_t done;                      /* of the last state */
};

/* True of what is left over at the end of a run, or of its warm-up: too short to tell a rate. */
bool live_interval_is_short(const struct live_state *state);

/* Remember an interval; once for each. */
void live_history_add(struct live_history *history, const struct live_state *state);

/* Write at most `lines` non-empty lines; the least important are dropped first. No number is cut:
 * one without room is left out. Returns how many lines were written. */
unsigned live_frame(struct page *page, const struct live_history *history,
                    const struct live_state *state, unsigned lines);

#endif
