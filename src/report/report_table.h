/* The tables of the summary: how many connections, and how long their phases took. */
#ifndef HELLO_REPORT_TABLE_H
#define HELLO_REPORT_TABLE_H

#include "report/page.h"
#include "report/report.h"

/* One row for each lane, and one for all where there are several: rate, started, ok, failed; in an
 * open loop also late and dropped. */
void report_table_counts(struct page *page, const struct report *report);

/* Percentiles of each timing: two lanes side by side if the page is wide enough, more of them one
 * below the other. */
void report_table_timings(struct page *page, const struct report *report);

#endif
