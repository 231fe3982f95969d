/* The time series of a report while it grows: one interval after the other.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_SERIES_H
#define HELLO_SERIES_H

#include "report/report.h"

#include <stdint.h>

/* The series has this many intervals at the most. */
#define SERIES_INTERVALS_MAX 100000

/* Private to series.c. */
struct series {
    struct report *report;
    uint64_t room;                /* for intervals in the report */
    struct report_interval spare; /* the one that is not kept */
};

/* Begin the series of a report, whose lanes are counted. Returns 0 or -ENOMEM. */
int series_init(struct series *series, struct report *report);

/* Free what is not the report's; a zeroed one is fine. */
void series_release(struct series *series);

/* Add an empty interval, to be filled in before the next is added. If the series is full, or there
 * is no memory, it is one that is not kept, and the report says that the series is cut. */
struct report_interval *series_add(struct series *series);

#endif
