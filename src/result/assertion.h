/* What the user asserts about a result: METRIC COMPARISON VALUE, such as p99<5ms,
 * connect.p99.9<=20ms, errors==0, errors<1%, refused==0, rate>=20k/s, dropped==0, lateness.p99<1ms,
 * ipv6.p50<2ms. The grammar is in assertion.c.
 *
 * Percentages are shares of the connections started; for `dropped`, of the starts intended. */
#ifndef HELLO_ASSERTION_H
#define HELLO_ASSERTION_H

#include "option/option.h"
#include "result/tally.h"

#include <stdbool.h>
#include <stdio.h>

#define ASSERTION_TEXT_BYTES 128 /* maximum length, with the final NUL */

enum assertion_metric {
    METRIC_RATE, /* successful connections per second */
    METRIC_STARTED,
    METRIC_OK,
    METRIC_ERRORS,
    METRIC_LATE,
    METRIC_DROPPED,
    METRIC_RETRANSMITS,     /* of this machine, in the measured time; ... */
    METRIC_SYN_RETRANSMITS, /* ... so is this ... */
    METRIC_STALLS,          /* ... and this */
    METRIC_FAILURE,         /* errors of one kind */
    METRIC_LATENCY,
};

enum assertion_statistic { STATISTIC_PERCENTILE, STATISTIC_MIN, STATISTIC_MEAN, STATISTIC_MAX };

enum assertion_comparison { AT_MOST, AT_LEAST, EQUAL, UNEQUAL, BELOW, ABOVE, COMPARISON_COUNT };

/* A parsed assertion. */
struct assertion {
    const char *family; /* "ipv4", "ipv6": all targets of it together; NULL: all targets */
    enum assertion_metric metric;
    enum result failure;                /* METRIC_FAILURE */
    enum timing timing;                 /* METRIC_LATENCY */
    enum assertion_statistic statistic; /* METRIC_LATENCY */
    double percentile;                  /* STATISTIC_PERCENTILE */
    enum assertion_comparison comparison;
    bool is_share; /* a number of connections, compared with a percentage */
    double bound;  /* connections per second, nanoseconds, a number, or millionths of a percent */
};

/* Parse an assertion. Returns 0, or -EINVAL: `error` says what is wrong and what to do, and
 * *ret_assertion is unchanged. */
int assertion_parse(const char *text, struct assertion *ret_assertion,
                    char error[OPTION_ERROR_BYTES]);

/* Check the syntax of an assertion. Returns 0, or -EINVAL: `error` says what is wrong and what to
 * do. */
int assertion_check(const char *text, char error[OPTION_ERROR_BYTES]);

/* List the metrics and comparisons, as one paragraph without line breaks. */
void assertion_help(FILE *out);

/* True if the assertion says which errors are acceptable: errors, ok, or a kind of failure. */
bool assertion_is_of_errors(const struct assertion *assertion);

/* True if the assertion limits how far an open loop may miss its schedule: dropped, late, rate, or
 * a statistic of the lateness. */
bool assertion_is_of_schedule(const struct assertion *assertion);

#endif
