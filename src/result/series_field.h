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

/* The value of a field in its struct, a point or a usage; for span_fields the values, by timing. */
static inline const uint64_t *series_field_values(const void *of, const struct series_field *field)
{
    return (const void *)((const char *)of + field->offset);
}

/* The same, to fill it in. */
static inline uint64_t *series_field_places(void *of, const struct series_field *field)
{
    return (void *)((char *)of + field->offset);
}

#endif
