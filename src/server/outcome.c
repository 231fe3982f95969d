#include "server/outcome.h"

#include "base/check.h"
#include "base/counter.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_GREETED] = "greeted",     [OUTCOME_EXPIRED] = "expired",   [OUTCOME_RESET] = "reset",
    [OUTCOME_STALLED] = "stalled",     [OUTCOME_ORPHANED] = "orphaned", [OUTCOME_FAILED] = "failed",
    [OUTCOME_ABANDONED] = "abandoned", [OUTCOME_SILENT] = "silent",
};

const char *outcome_name(enum outcome outcome)
{
    return outcome_names[outcome];
}

void outcome_counts_add(struct outcome_counts *total, const struct outcome_counts *part)
{
    total->accepted += counter_read(&part->accepted);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        total->outcomes[i] += counter_read(&part->outcomes[i]);
}

static uint64_t outcome_counts_ended(const struct outcome_counts *counts)
{
    uint64_t ended = 0;

    for (int i = 0; i < OUTCOME_COUNT; i++)
        ended += counts->outcomes[i];
    return ended;
}

void outcome_counts_check(const struct outcome_counts *counts, uint64_t open)
{
    CHECK_EQUAL(counts->accepted, outcome_counts_ended(counts) + open);
}

uint64_t outcome_counts_open(const struct outcome_counts *counts)
{
    uint64_t ended = outcome_counts_ended(counts);

    /* Of counters that change while they are read, one may be ahead of another. */
    return counts->accepted > ended ? counts->accepted - ended : 0;
}

char *outcome_counts_format(const struct outcome_counts *counts, bool asks,
                            char text[OUTCOME_TEXT_BYTES])
{
    int length = snprintf(text, OUTCOME_TEXT_BYTES, "accepted=%" PRIu64, counts->accepted);

    for (int i = 0; i < (asks ? OUTCOME_COUNT : OUTCOME_SILENT); i++)
        length += snprintf(text + length, OUTCOME_TEXT_BYTES - (size_t)length, " %s=%" PRIu64,
                           outcome_names[i], counts->outcomes[i]);
    return text;
}
