/* The part of the summary about what failed: how many connections by phase and kind, whose they
 * were, and the first answers that were not as expected.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_REPORT_ERRORS_H
#define HELLO_REPORT_ERRORS_H

#include "report/page.h"
#include "report/report.h"

/* Write it; nothing if none failed.
 */
void report_errors(struct page *page, const struct report *report);

#endif
