/* The line of the summary about the generator's threads and their CPUs.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_REPORT_THREADS_H
#define HELLO_REPORT_THREADS_H

#include "report/page.h"
#include "result/document.h"

/* Print the CPU share of the thread that waited most, or shared its CPU most; nothing if none
 * did. */
void report_threads(struct page *page, const struct document *document);

#endif
