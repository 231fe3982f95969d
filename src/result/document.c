#include "result/document.h"

#include "base/pages.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

const char *const document_limit_choices[] = {
    [DOCUMENT_LIMIT_NONE] = "none",       [DOCUMENT_LIMIT_GENERATOR] = "generator",
    [DOCUMENT_LIMIT_MACHINE] = "machine", [DOCUMENT_LIMIT_UNKNOWN] = "unknown",
    [DOCUMENT_LIMIT_UNKNOWN + 1] = NULL,
};

const char *document_limit_name(enum document_limit limit)
{
    return document_limit_choices[limit];
}

int document_init(struct document *document, uint32_t target_count)
{
    document->tallies = pages_map((target_count + 1) * sizeof(struct tally));
    if (!document->tallies)
        return -ENOMEM;
    document->target_count = target_count;
    for (uint32_t i = 0; i < target_count; i++)
        document->targets[i].tally = &document->tallies[i];
    document->all.tally = &document->tallies[target_count];
    snprintf(document->all.name, sizeof(document->all.name), "all");
    return 0;
}

void document_release(struct document *document)
{
    pages_unmap(document->tallies, (document->target_count + 1) * sizeof(struct tally));
    document->tallies = NULL;
    for (uint64_t i = 0; i < document->interval_count; i++)
        free(document->intervals[i].targets);
    free(document->intervals);
    document->intervals = NULL;
    document->interval_count = 0;
    json_decref(document->source);
    document->source = NULL;
}
