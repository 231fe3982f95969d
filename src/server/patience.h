/* How long a client is waited for that has not closed when its deadline comes. */
#ifndef HELLO_PATIENCE_H
#define HELLO_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of the client when its deadline comes. */
struct patience {
    uint32_t left_bytes;   /* of greeting and FIN, not acknowledged yet */
    uint32_t before_bytes; /* the same when its deadline came before, or all of them */
    bool late;             /* it had not acknowledged all when its deadline came before */
    bool refused;          /* its window is closed, and it said so again when probed for it */
    bool overdue;          /* it had the whole delivery timeout */
    bool scarce;           /* its place is needed */
};

/* What to do with it. */
enum patience_end {
    PATIENCE_LINGER,   /* wait for another linger timeout */
    PATIENCE_WATCH,    /* look again soon */
    PATIENCE_EXPIRED,  /* it has everything and holds on: close in order */
    PATIENCE_STALLED,  /* it takes nothing: reset it, which frees what is kept for it */
    PATIENCE_ORPHANED, /* leave it to the kernel to deliver the greeting */
};

/* Judge. Any thread. */
enum patience_end patience_judge(const struct patience *patience);

#endif
