/* The part of the summary about what failed: how many connections by phase and kind, to which
 * target, and the first unexpected answers.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_REPORT_ERRORS_H
#define HELLO_REPORT_ERRORS_H

#include "report/page.h"
#include "result/document.h"

/* Write it; nothing if no connection failed. */
void report_errors(struct page *page, const struct document *document);

#endif
