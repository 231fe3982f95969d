/* Prints a result: report_text.c for people, report_csv.c for programs. They only read the
 * document.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_REPORT_H
#define HELLO_REPORT_H

#include "report/terminal.h"
#include "result/document.h"

#include <stdbool.h>
#include <stdio.h>

/* For people: ten seconds of reading, in the styles of the terminal and 60 to 100 of its
 * columns. */
void report_text(const struct document *document, FILE *out, const struct terminal *terminal);

/* The last line of a run, for programs: "hello-load: done connections_per_s=... ". whole: include
 * counts that are 0, which people do not need to see. */
void report_line(const struct document *document, FILE *out, bool whole);

/* The time series: a header line, then one line for each interval and target. */
void report_csv(const struct document *document, FILE *out);

#endif
