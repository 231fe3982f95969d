/* The time series of a document while it grows, interval by interval.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_SERIES_H
#define HELLO_SERIES_H

#include "result/document.h"

#include <stdint.h>

/* Maximum number of intervals in a series. */
#define SERIES_INTERVALS_MAX 100000

/* Private to series.c. */
struct series {
    struct document *document;
    uint64_t room;                  /* capacity for intervals in the document */
    struct document_interval spare; /* an interval that is not kept */
};

/* Start the series of a document whose target_count is set. Returns 0 or -ENOMEM. */
int series_init(struct series *series, struct document *document);

/* Free what the document does not own; a zeroed one is allowed. */
void series_release(struct series *series);

/* Add an empty interval; fill it in before you add the next. If the series is full, or out of
 * memory, the interval is not kept, and the document says that the series is cut. */
struct document_interval *series_add(struct series *series);

#endif
