#include "result/answers.h"

#include <stddef.h>

/* When an answer of this kind came; UINT64_MAX: there was none. */
static uint64_t wrong_at_ns(const struct document_target *target)
{
    return target->wrong_answer.bytes > 0 ? target->wrong_answer.at_ns : UINT64_MAX;
}

static uint64_t short_at_ns(const struct document_target *target)
{
    return target->short_answer.at_ns > 0 ? target->short_answer.at_ns : UINT64_MAX;
}

/* The target that had the first answer of a kind, or NULL. */
static const struct document_target *
answers_first(const struct document *document,
              uint64_t (*at_ns)(const struct document_target *target))
{
    const struct document_target *first = NULL;
    uint64_t first_ns = UINT64_MAX;

    for (uint32_t i = 0; i < document->target_count; i++) {
        uint64_t ns = at_ns(&document->targets[i]);

        if (ns < first_ns) {
            first_ns = ns;
            first = &document->targets[i];
        }
    }
    return first;
}

const struct document_target *answers_first_wrong(const struct document *document)
{
    return answers_first(document, wrong_at_ns);
}

const struct document_target *answers_first_short(const struct document *document)
{
    return answers_first(document, short_at_ns);
}
