/* The time series of the JSON document, and the parts it shares with the rest. */
#ifndef HELLO_REPORT_JSON_SERIES_H
#define HELLO_REPORT_JSON_SERIES_H

#include "result/document.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Write the member "series", one interval per line. It is built piece by piece, so a long run needs
 * no more memory than a short one. Returns 0 or -errno; then a part may be written. */
int document_write_series(const struct document *document, FILE *out);

/* What the machine did in a period. NULL: out of memory, see member.h. */
json_t *document_write_usage(const struct usage *usage);

/* Counts of failures by kind. NULL: out of memory, see member.h. */
json_t *document_write_failures(const uint64_t failed[RESULT_COUNT]);

#endif
