/* The time series of the JSON document, and the parts that it shares with the rest. */
#ifndef HELLO_REPORT_JSON_SERIES_H
#define HELLO_REPORT_JSON_SERIES_H

#include "report/report.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Write the member "series", one interval on each line: it is made piece by piece, so that a long
 * run needs no more memory than a short one. Returns 0 or -errno; then some may be written. */
int report_json_series(const struct report *report, FILE *out);

/* What the machine did in a span of time. NULL without memory; see member.h. */
json_t *report_json_usage(const struct usage *usage);

/* Counts of failures by kind. NULL without memory; see member.h. */
json_t *report_json_failures(const uint64_t failed[RESULT_COUNT]);

#endif
