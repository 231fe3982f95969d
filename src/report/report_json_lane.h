/* A part of report_json.c: one target of the result, or all together.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_REPORT_JSON_LANE_H
#define HELLO_REPORT_JSON_LANE_H

#include "report/report.h"

#include <jansson.h>

/* The object that report.schema.json calls lane, and its member wrong_answer, which is null if
 * there was none. NULL without memory; see member.h. */
json_t *report_json_lane(const struct report *report, const struct report_lane *lane);
json_t *report_json_wrong_answer(const struct report_lane *lane);

#endif
