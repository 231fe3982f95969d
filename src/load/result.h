/* How a connection of the generator can end, and the counters of it. */
#ifndef HELLO_RESULT_H
#define HELLO_RESULT_H

#include <stdint.h>

/* Every connection that was started ends in exactly one of these. */
enum result {
    RESULT_OK,            /* exactly the expected bytes, then EOF */
    RESULT_REFUSED,       /* nobody listens there */
    RESULT_RESET,         /* the server reset the connection */
    RESULT_SHORT,         /* EOF before all expected bytes */
    RESULT_MISMATCH,      /* a byte that was not expected */
    RESULT_EXTRA,         /* more bytes than expected */
    RESULT_TIMEOUT,       /* it took longer than --timeout */
    RESULT_NO_PORT,       /* no local port was free */
    RESULT_NO_DESCRIPTOR, /* no descriptor was free */
    RESULT_OTHER,         /* another error */
    RESULT_COUNT,
};

/* The counters of one worker, or of all. started = the sum of the results once all have ended. */
struct result_counts {
    uint64_t started;
    uint64_t results[RESULT_COUNT];
    uint64_t first_start_ns; /* UINT64_MAX: none was started */
    uint64_t last_end_ns;
    int other_error; /* a positive errno behind RESULT_OTHER; 0: none */
};

/* "ok", "refused", ... */
const char *result_name(enum result result);

/* What an error of connect, send or recv (-errno) counts as. */
enum result result_of_error(int error);

/* Add the counters of one worker to a total. */
void result_counts_add(struct result_counts *total, const struct result_counts *part);

/* How many did not end well. */
uint64_t result_counts_failed(const struct result_counts *counts);

#endif
