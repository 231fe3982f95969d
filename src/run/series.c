#include "run/series.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int series_init(struct series *series, struct report *report)
{
    *series = (struct series){.report = report};
    series->spare.lanes = calloc(report->lane_count, sizeof(struct report_point));
    return series->spare.lanes ? 0 : -ENOMEM;
}

void series_release(struct series *series)
{
    free(series->spare.lanes);
}

/* Make room for one more interval. Returns false if there is none. */
static bool series_make_room(struct series *series)
{
    struct report *report = series->report;
    uint64_t room = series->room * 2 + 64;
    struct report_interval *intervals;

    if (report->interval_count == SERIES_INTERVALS_MAX)
        return false;
    if (report->interval_count < series->room)
        return true;
    intervals = reallocarray(report->intervals, room, sizeof(*intervals));
    if (!intervals)
        return false;
    report->intervals = intervals;
    series->room = room;
    return true;
}

struct report_interval *series_add(struct series *series)
{
    struct report *report = series->report;
    struct report_interval *interval = &series->spare;
    struct report_point *lanes = NULL;

    if (series_make_room(series))
        lanes = calloc(report->lane_count, sizeof(*lanes));
    if (lanes) {
        interval = &report->intervals[report->interval_count++];
    } else {
        report->intervals_cut = true;
        lanes = series->spare.lanes;
        memset(lanes, 0, report->lane_count * sizeof(*lanes));
    }
    *interval = (struct report_interval){.lanes = lanes};
    return interval;
}
