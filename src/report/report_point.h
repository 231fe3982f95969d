/* What the points of a time series leave unsaid. */
#ifndef HELLO_REPORT_POINT_H
#define HELLO_REPORT_POINT_H

#include "report/report.h"

/* True if something was timed in this point, so that its percentiles mean something. Points do not
 * count their samples, but what they count tells: what is timed at all is timed of each connection
 * that ended well, and the lateness of each start. */
static inline bool report_point_has(const struct report *report, const struct report_point *point,
                                    enum timing timing)
{
    uint64_t timed = timing == TIMING_LATENESS ? point->started : point->ok;

    return timed > 0 && report->all.tally->timings[timing].count > 0;
}

#endif
