/* What the time series tells by name, in one place, so that JSON and CSV tell the same. Names are
 * members of the one and (end of) column names of the other.
 *
 * Thread rule: constant. */
#ifndef HELLO_SERIES_FIELD_H
#define HELLO_SERIES_FIELD_H

#include "report/report.h"

#include <stddef.h>
#include <stdint.h>

struct series_field {
    const char *name; /* "syn_retransmits" */
    size_t offset;    /* of a uint64_t, or an array of them, in the struct that it is of */
};

#define COUNT_FIELDS 5
#define SPAN_FIELDS  5
#define USAGE_FIELDS (sizeof(struct usage) / sizeof(uint64_t) - 1) /* all but its length */

extern const struct series_field count_fields[COUNT_FIELDS]; /* what is counted in a point */
extern const struct series_field span_fields[SPAN_FIELDS];   /* of each timing of a point */
extern const struct series_field usage_fields[USAGE_FIELDS]; /* of the machine */

uint64_t count_field_value(const struct report_point *point, size_t i);
uint64_t span_field_value(const struct report_point *point, size_t i, enum timing timing);
uint64_t usage_field_value(const struct usage *usage, size_t i);

#endif
