/* The tables of the summary: numbers of connections, and durations of their phases. */
#ifndef HELLO_REPORT_TABLE_H
#define HELLO_REPORT_TABLE_H

#include "report/page.h"
#include "result/document.h"

/* One row for each target, and one for all if there are several: rate, started, ok, failed; in an
 * open loop also late and dropped. */
void report_table_counts(struct page *page, const struct document *document);

/* Percentiles of each timing: two targets side by side if the page is wide enough, more targets
 * below each other. */
void report_table_timings(struct page *page, const struct document *document);

#endif
