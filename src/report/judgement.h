/* Judges a result by what the user asserts of it (load/assertion.h).
 *
 * Thread rule: for one thread. */
#ifndef HELLO_JUDGEMENT_H
#define HELLO_JUDGEMENT_H

#include "report/report.h"

#include <stdbool.h>

/* Starts that are later than this were not made at the rate that was asked for. */
#define JUDGEMENT_LATENESS "lateness.p99<100ms"

/* Fill in report->assertions: those of the configuration and, unless one of them is about errors,
 * "errors==0" and "ok>0"; in an open loop, unless one is about its schedule, "dropped==0" and
 * JUDGEMENT_LATENESS. One about durations does not hold if there are none, and one about a family
 * does not hold if no target is of it. Returns true if all hold. */
bool assertions_judge(struct report *report);

#endif
