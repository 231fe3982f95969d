#include "result/answers.h"

#include <stddef.h>

const struct document_target *answers_first_wrong(const struct document *document)
{
    const struct document_target *first = NULL;

    for (uint32_t i = 0; i < document->target_count; i++) {
        const struct document_target *target = &document->targets[i];

        if (target->wrong_answer.bytes > 0 &&
            (!first || target->wrong_answer.at_ns < first->wrong_answer.at_ns))
            first = target;
    }
    return first;
}

const struct document_target *answers_first_short(const struct document *document)
{
    const struct document_target *first = NULL;

    for (uint32_t i = 0; i < document->target_count; i++) {
        const struct document_target *target = &document->targets[i];

        if (target->short_answer.at_ns > 0 &&
            (!first || target->short_answer.at_ns < first->short_answer.at_ns))
            first = target;
    }
    return first;
}
