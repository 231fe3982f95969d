/* How a connection of the responder can end, with counters. */
#ifndef HELLO_OUTCOME_H
#define HELLO_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* Every accepted connection ends in exactly one of these. */
enum outcome {
    OUTCOME_GREETED,   /* the whole greeting was sent and (linger) the client closed in order */
    OUTCOME_EXPIRED,   /* it has the whole greeting, but stayed past the linger timeout */
    OUTCOME_RESET,     /* the client reset the connection, or its host is gone */
    OUTCOME_STALLED,   /* the client did not take the greeting, and was reset */
    OUTCOME_ORPHANED,  /* the greeting was not delivered in time; the kernel keeps trying */
    OUTCOME_FAILED,    /* another error; should be 0 */
    OUTCOME_ABANDONED, /* still open at the shutdown timeout; the kernel keeps trying */
    OUTCOME_SILENT,    /* its request did not come, or was none: it got no greeting */
    OUTCOME_COUNT,
};

/* "greeted", as in the totals. */
const char *outcome_name(enum outcome outcome);

/* The counters of one worker, or of all. accepted = the sum of the outcomes + the connections open.
 */
struct outcome_counts {
    uint64_t accepted;
    uint64_t outcomes[OUTCOME_COUNT];
};

/* Add the counters of one worker, which may be running, to a total. */
void outcome_counts_add(struct outcome_counts *total, const struct outcome_counts *part);

/* Check the invariant: accepted = the sum of the outcomes + the open connections. Not for counters
 * that change meanwhile. */
void outcome_counts_check(const struct outcome_counts *counts, uint64_t open);

/* The connections that have not ended. */
uint64_t outcome_counts_open(const struct outcome_counts *counts);

/* Enough for the longest text of outcome_counts_format. */
#define OUTCOME_TEXT_BYTES 256

/* Write "accepted=3 greeted=2 expired=1 ...". Where `asks`, `silent` follows the others, which are
 * there in any case. Returns text. */
char *outcome_counts_format(const struct outcome_counts *counts, bool asks,
                            char text[OUTCOME_TEXT_BYTES]);

#endif
