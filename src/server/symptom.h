/* What one worker sees of the server's conditions. A symptom that has not shown for a while is
 * over, so that what comes and goes many times a second is one condition.
 *
 * Thread rule: symptoms belong to one worker. */
#ifndef HELLO_SYMPTOM_H
#define HELLO_SYMPTOM_H

#include "server/condition.h"

#include <stdbool.h>
#include <stdint.h>

/* A symptom counts as over when it has not shown for this time. */
#define SYMPTOM_FADES_NS UINT64_C(1000000000)

struct symptoms {
    struct conditions *conditions; /* the server's */
    uint32_t shown;                /* a bit for each cause */
    uint64_t seen_ns[CONDITION_COUNT];
    uint64_t tell_ns; /* when conditions_tell is to be called */
};

/* A worker that suffers from nothing. */
struct symptoms symptoms_none(struct conditions *conditions);

/* True if the cause shows already: then symptoms_see needs no sight. */
static inline bool symptoms_has(const struct symptoms *symptoms, enum condition_cause cause)
{
    return symptoms->shown & (1u << cause);
}

/* A symptom shows, for the first time or again; `sight` is what an operator should read. */
void symptoms_see(struct symptoms *symptoms, enum condition_cause cause,
                  const struct condition_sight *sight, uint64_t now_ns);

/* Let what has not shown for SYMPTOM_FADES_NS be over, of the causes in the set of bits `fading`,
 * and tell what is due. */
void symptoms_fade(struct symptoms *symptoms, uint32_t fading, uint64_t now_ns);

/* The worker ends, and no longer suffers from anything. */
void symptoms_withdraw(struct symptoms *symptoms);

/* When symptoms_fade has something to do, or DEADLINE_NEVER. */
uint64_t symptoms_due_ns(const struct symptoms *symptoms, uint32_t fading);

#endif
