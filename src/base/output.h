/* Program output to a reader that may be slow, asleep or gone: a stream over a descriptor that may
 * or may not block, and may change that at any time, because other processes share it.
 *
 * Thread rule: an output belongs to one thread. */
#ifndef HELLO_OUTPUT_H
#define HELLO_OUTPUT_H

#include <stdio.h>

/* Wait without a limit. */
#define OUTPUT_PATIENT (-1)

/* How long a patient output still waits after a stop was requested (base/signals.h). */
#define OUTPUT_STOP_MS 1000

struct output {
    FILE *stream; /* to print to */

    /* Private to output.c. */
    int fd;
    int patience_ms;
    int error;
};

/* Begin to print to a descriptor, which the caller still owns. patience_ms: how long the reader may
 * read nothing; OUTPUT_PATIENT: until a stop is requested, and OUTPUT_STOP_MS more. Output not
 * written by then is dropped. Returns 0 or -ENOMEM. End it with output_end. */
int output_begin(struct output *output, int fd, int patience_ms);

/* Write the remaining output, and end. Returns 0, or the first error: -errno, -ETIMEDOUT (the
 * reader reads nothing), -ECANCELED (the same, and a stop was requested). */
int output_end(struct output *output);

/* The same, but printing can continue. */
int output_flush(struct output *output);

/* Describe such an error and what to do about it: "No space left on device; make room". */
#define OUTPUT_PROBLEM_BYTES 160
char *output_problem(int error, char text[OUTPUT_PROBLEM_BYTES]);

/* Create or truncate a file to print to. For a FIFO, wait until it has a reader or a stop is
 * requested (-ECANCELED). Returns a non-blocking descriptor, or -errno. */
int output_create(const char *path);

#endif
