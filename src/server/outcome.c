#include "server/outcome.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_GREETED] = "greeted",     [OUTCOME_EXPIRED] = "expired",   [OUTCOME_RESET] = "reset",
    [OUTCOME_STALLED] = "stalled",     [OUTCOME_ORPHANED] = "orphaned", [OUTCOME_FAILED] = "failed",
    [OUTCOME_ABANDONED] = "abandoned",
};

void outcome_counts_add(struct outcome_counts *total, const struct outcome_counts *part)
{
    total->accepted += part->accepted;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        total->outcomes[i] += part->outcomes[i];
}

char *outcome_counts_format(const struct outcome_counts *counts, char text[OUTCOME_TEXT_BYTES])
{
    int length = snprintf(text, OUTCOME_TEXT_BYTES, "accepted=%" PRIu64, counts->accepted);

    for (int i = 0; i < OUTCOME_COUNT; i++)
        length += snprintf(text + length, OUTCOME_TEXT_BYTES - (size_t)length, " %s=%" PRIu64,
                           outcome_names[i], counts->outcomes[i]);
    return text;
}
