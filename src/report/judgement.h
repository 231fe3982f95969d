/* Judges a result by what the user asserts of it (load/assertion.h).
 *
 * Thread rule: for one thread. */
#ifndef HELLO_JUDGEMENT_H
#define HELLO_JUDGEMENT_H

#include "report/report.h"

#include <stdbool.h>

/* Fill in report->assertions: those of the configuration and, unless one of them is about errors,
 * "errors==0" and "ok>0". One about durations does not hold if there are none, and one about a
 * family does not hold if no target is of it. Returns true if all hold. */
bool assertions_judge(struct report *report);

#endif
