/* The first answers of a run that were not as expected, and of which target they were.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_ANSWERS_H
#define HELLO_ANSWERS_H

#include "report/report.h"

/* The target of the first answer with other or more bytes than expected (its wrong_answer), or with
 * fewer of them (its short_answer). NULL if there was none. */
const struct report_lane *answers_first_wrong(const struct report *report);
const struct report_lane *answers_first_short(const struct report *report);

#endif
