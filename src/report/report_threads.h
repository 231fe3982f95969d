/* The line of the summary about the generator's threads and their CPUs.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_REPORT_THREADS_H
#define HELLO_REPORT_THREADS_H

#include "report/page.h"
#include "report/report.h"

/* Tell what the thread had of its CPU that waited most, or shared it most; nothing if none did. */
void report_threads(struct page *page, const struct report *report);

#endif
