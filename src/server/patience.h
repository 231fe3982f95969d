/* How long to wait for a client that has not closed at its deadline. */
#ifndef HELLO_PATIENCE_H
#define HELLO_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/* What is known about the client at its deadline. */
struct patience {
    uint32_t left_bytes;   /* of greeting and FIN, not acknowledged yet */
    uint32_t before_bytes; /* the same at its previous deadline, or all of them */
    bool late;             /* it had not acknowledged all at its previous deadline */
    bool refused;          /* its window is closed; an answered window probe confirmed it */
    bool overdue;          /* it had the whole delivery timeout */
    bool scarce;           /* its place is needed */
};

/* What to do with it. */
enum patience_end {
    PATIENCE_LINGER,   /* wait for another linger timeout */
    PATIENCE_WATCH,    /* check again soon */
    PATIENCE_EXPIRED,  /* it has everything but stays: close in order */
    PATIENCE_STALLED,  /* it takes nothing: reset it, which frees its data */
    PATIENCE_ORPHANED, /* let the kernel deliver the greeting */
};

/* Decide. Any thread. */
enum patience_end patience_judge(const struct patience *patience);

#endif
