/* The fields of the time series, in one place, so that JSON and CSV have the same ones. Names are
 * members in JSON, and (ends of) column names in CSV.
 *
 * Thread rule: constant. */
#ifndef HELLO_SERIES_FIELD_H
#define HELLO_SERIES_FIELD_H

#include "result/document.h"

#include <stddef.h>
#include <stdint.h>

struct series_field {
    const char *name; /* "syn_retransmits" */
    size_t offset;    /* of a uint64_t, or an array of them, in its struct */
};

#define COUNT_FIELDS 5
#define SPAN_FIELDS  5
#define USAGE_FIELDS (sizeof(struct usage) / sizeof(uint64_t) - 1) /* all except its length */

extern const struct series_field count_fields[COUNT_FIELDS]; /* the counts of a point */
extern const struct series_field span_fields[SPAN_FIELDS];   /* of each timing of a point */
extern const struct series_field usage_fields[USAGE_FIELDS]; /* of the machine */

uint64_t count_field_value(const struct document_point *point, size_t i);
uint64_t span_field_value(const struct document_point *point, size_t i, enum timing timing);
uint64_t usage_field_value(const struct usage *usage, size_t i);

/* Where these values are, to read them back. */
uint64_t *count_field_place(struct document_point *point, size_t i);
uint64_t *span_field_place(struct document_point *point, size_t i); /* TIMING_COUNT of them */
uint64_t *usage_field_place(struct usage *usage, size_t i);

#endif
