#include "report/answers.h"

#include <stddef.h>

const struct report_lane *answers_first_wrong(const struct report *report)
{
    const struct report_lane *first = NULL;

    for (uint32_t i = 0; i < report->lane_count; i++) {
        const struct report_lane *lane = &report->lanes[i];

        if (lane->wrong_answer.bytes > 0 &&
            (!first || lane->wrong_answer.at_ns < first->wrong_answer.at_ns))
            first = lane;
    }
    return first;
}

const struct report_lane *answers_first_short(const struct report *report)
{
    const struct report_lane *first = NULL;

    for (uint32_t i = 0; i < report->lane_count; i++) {
        const struct report_lane *lane = &report->lanes[i];

        if (lane->short_answer.at_ns > 0 &&
            (!first || lane->short_answer.at_ns < first->short_answer.at_ns))
            first = lane;
    }
    return first;
}
