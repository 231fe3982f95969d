/* The view of a run while it runs, on a terminal: rate, latencies, errors, progress, and a
 * sparkline of the seconds. Drawn once a second by the thread that waits, never by a thread that
 * makes connections. */
#ifndef HELLO_LIVE_H
#define HELLO_LIVE_H

#include "result/document.h"

struct live;

/* Start a view on a terminal (a descriptor, stderr). Returns it, for live_end to free; NULL if
 * drawing is not possible: not a terminal, or TERM is unknown (terminal.c). NO_COLOR is honoured.
 * Before other output to the terminal, call live_clear, or the view overwrites it. */
struct live *live_begin(int fd);

/* What the view shows; everything except `interval` is set once. */
struct live_state {
    const struct document *document;          /* targets, config, engine; tallies are not read */
    const struct document_interval *interval; /* the one that just ended */
    uint64_t elapsed_ns;                      /* of the run */
    uint64_t length_ns; /* of the run, warm-up included; 0: the count decides */
    uint64_t done;      /* connections ended so far; with the warm-up, if known */
    uint64_t count;     /* to be made; 0: until the duration ends */
    bool is_done;       /* the measurement is complete: this is the last frame */
};

/* Redraw it in place: one write(2) that does not block. Nothing is drawn while the terminal accepts
 * no output, or while this process is in the background. */
void live_draw(struct live *live, const struct live_state *state);

/* Clear the view, so that other output can be written: the next frame is drawn below it. NULL is
 * allowed. Waits as live_end does. */
void live_clear(struct live *live);

/* Remove the view, so that the summary can be printed, and free it. NULL is allowed. Waits up to
 * half a second for a terminal that accepts no output. */
void live_end(struct live *live);

#endif
