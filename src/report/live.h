/* The view of a run while it runs, on a terminal: rate, latencies, errors, progress, and a
 * sparkline of the seconds. Drawn once a second by the thread that waits, never by one that makes
 * connections. */
#ifndef HELLO_LIVE_H
#define HELLO_LIVE_H

#include "report/report.h"

struct live;

/* Start a view on a terminal (a descriptor, stderr). Returns it, the caller's to give to live_end;
 * NULL if there is nothing to draw on: not a terminal, TERM is of none that is known
 * (terminal.c). NO_COLOR is honoured.
 * What others write to the terminal before live_end is overwritten, unless they call live_clear. */
struct live *live_begin(int fd);

/* What the view shows; all but interval are filled in once. */
struct live_state {
    const struct report *report;            /* lanes, config, engine; its tallies are not read */
    const struct report_interval *interval; /* the one that just ended */
    uint64_t elapsed_ns;                    /* of the run */
    uint64_t length_ns;                     /* of the run, warm-up included; 0: the count decides */
    uint64_t done;                          /* connections ended so far; of the warm-up, if known */
    uint64_t count;                         /* to be made; 0: the duration decides */
    bool is_done; /* all that was to be measured is: this is the last frame */
};

/* Draw it anew, in place: one write(2) that does not block. Nothing is drawn while the terminal
 * takes nothing, or while this process is in its background. */
void live_draw(struct live *live, const struct live_state *state);

/* Make room for a line of others: the next frame is drawn below it. NULL is fine. Waits as live_end
 * does. */
void live_clear(struct live *live);

/* Take the view away, so that the summary can be printed, and free it. NULL is fine. Waits up to
 * half a second for a terminal that takes nothing. */
void live_end(struct live *live);

#endif
