/* Counts and timings: of one worker for one target while it runs, and added up for a document.
 * Zeroed memory is an empty tally; keep it in pages_map memory, because most of it is never
 * touched.
 *
 * Thread rule: one writer; others may read by tally_add (see base/counter.h). */
#ifndef HELLO_TALLY_H
#define HELLO_TALLY_H

#include "result/flow_result.h"
#include "result/histogram.h"

#include <stdint.h>

/* What is timed: for successful connections only, except the lateness, which is timed for all
 * starts. */
enum timing {
    TIMING_CONNECT,  /* intended start until the handshake is done */
    TIMING_GREETING, /* handshake until the last expected byte */
    TIMING_CLOSE,    /* last expected byte until EOF */
    TIMING_TOTAL,    /* intended start until EOF */
    TIMING_LATENESS, /* open loop: intended start until the real one */
    TIMING_COUNT,
};

#define TALLY_ERRNO_MAX 134 /* Linux knows errno 1 to 133 */

struct tally {
    uint64_t started;
    uint64_t ok;
    uint64_t abandoned; /* still open when a signal ended the run; started = ok + failed + these */
    uint64_t ok_in_window; /* successful ends in the measured time, whenever they started: the rate
                              is computed from them */
    uint64_t late;         /* starts more than LATE_NS after they were intended */
    uint64_t dropped;      /* intended starts that were never made */
    uint64_t warmup; /* connections started in the warm-up: counted only here and in ok_in_window */
    uint64_t failed[PHASE_COUNT][RESULT_COUNT]; /* by phase and kind */
    uint64_t other[TALLY_ERRNO_MAX]; /* RESULT_OTHER by errno, over all phases; 0: unknown */
    struct histogram timings[TIMING_COUNT];
};

#define TALLY_LATE_NS UINT64_C(1000000) /* a start later than this is counted as late */

/* The name of an errno that tally.other counts: as in errno(3), "errno 41" for one that has none,
 * "unknown" for 0. Writes to text and returns it. */
#define TALLY_ERRNO_NAME_BYTES 32
char *tally_errno_name(int error, char text[TALLY_ERRNO_NAME_BYTES]);

/* "connect", "greeting", "close", "total", "lateness". */
const char *timing_name(enum timing timing);

/* Add all of `part` to `total`. */
void tally_add(struct tally *total, const struct tally *part);

/* Set *ret_difference to what was counted between two states of a tally; `before` is the older. It
 * must be neither of them; its old content is lost. See histogram_subtract. */
void tally_subtract(struct tally *ret_difference, const struct tally *now,
                    const struct tally *before);

/* Check the counts of a finished run: started = ok + failed + abandoned. */
void tally_check(const struct tally *tally);

/* Empty a tally; its writer only. Touches only the parts that were in use. */
void tally_clear(struct tally *tally);

/* Connections that failed: all of them, or those of one kind in all phases. */
uint64_t tally_failed(const struct tally *tally);
uint64_t tally_failed_as(const struct tally *tally, enum result result);

#endif
