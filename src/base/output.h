/* What a program prints, on its way to a reader that may be slow, asleep or gone: a stream over a
 * descriptor that may or may not block, and may change that at any time, as others share it.
 *
 * Thread rule: an output is for one thread. */
#ifndef HELLO_OUTPUT_H
#define HELLO_OUTPUT_H

#include <stdio.h>

/* For as long as it takes. */
#define OUTPUT_PATIENT (-1)

/* Once a stop was asked for (base/signals.h), a reader may let a patient output wait for so long.
 */
#define OUTPUT_STOP_MS 1000

struct output {
    FILE *stream; /* to print to */

    /* Private to output.c. */
    int fd;
    int patience_ms;
    int error;
};

/* Begin to print to a descriptor, which stays the caller's. patience_ms: how long it may take
 * nothing; OUTPUT_PATIENT: until a stop is asked for, and OUTPUT_STOP_MS more. What does not get
 * through by then is dropped. Returns 0 or -ENOMEM. To be ended by output_end. */
int output_begin(struct output *output, int fd, int patience_ms);

/* Hand over what is still to be printed, and end. Returns 0, or what went wrong first: -errno,
 * -ETIMEDOUT (the reader takes nothing), -ECANCELED (likewise, and a stop was asked for). */
int output_end(struct output *output);

/* The same after which to go on printing. */
int output_flush(struct output *output);

/* What such an error is, and what to do about it: "No space left on device; make room". */
#define OUTPUT_PROBLEM_BYTES 160
char *output_problem(int error, char text[OUTPUT_PROBLEM_BYTES]);

/* Create a file, or empty it, to print to. A FIFO is waited for until it has a reader, or a stop is
 * asked for (-ECANCELED). Returns a descriptor, which never blocks, or -errno. */
int output_create(const char *path);

#endif
