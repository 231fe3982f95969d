#include "session/series.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int series_init(struct series *series, struct document *document)
{
    *series = (struct series){.document = document};
    series->spare.targets = calloc(document->target_count, sizeof(struct document_point));
    return series->spare.targets ? 0 : -ENOMEM;
}

void series_release(struct series *series)
{
    free(series->spare.targets);
}

/* Make room for one more interval. Returns false if that is not possible. */
static bool series_make_room(struct series *series)
{
    struct document *document = series->document;
    uint64_t room = series->room * 2 + 64;
    struct document_interval *intervals;

    if (document->interval_count == SERIES_INTERVALS_MAX)
        return false;
    if (document->interval_count < series->room)
        return true;
    intervals = reallocarray(document->intervals, room, sizeof(*intervals));
    if (!intervals)
        return false;
    document->intervals = intervals;
    series->room = room;
    return true;
}

struct document_interval *series_add(struct series *series)
{
    struct document *document = series->document;
    struct document_interval *interval = &series->spare;
    struct document_point *targets = NULL;

    if (series_make_room(series))
        targets = calloc(document->target_count, sizeof(*targets));
    if (targets) {
        interval = &document->intervals[document->interval_count++];
    } else {
        document->intervals_cut = true;
        targets = series->spare.targets;
        memset(targets, 0, document->target_count * sizeof(*targets));
    }
    *interval = (struct document_interval){.targets = targets};
    return interval;
}
