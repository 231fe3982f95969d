/* The server's conditions as one worker sees them. A symptom is over when it has not shown for a
 * while, so one that comes and goes many times a second is one condition.
 *
 * Thread rule: symptoms belong to one worker. */
#ifndef HELLO_SYMPTOM_H
#define HELLO_SYMPTOM_H

#include "server/condition.h"

#include <stdbool.h>
#include <stdint.h>

/* A symptom that has not shown for this time is over. */
#define SYMPTOM_FADES_NS UINT64_C(1000000000)

struct symptoms {
    struct conditions *conditions; /* the server's */
    uint32_t shown;                /* a bit for each cause */
    uint64_t seen_ns[CONDITION_COUNT];
    uint64_t report_ns; /* when to call conditions_report */
    uint64_t
        begun[CONDITION_COUNT]; /* how often each began; any thread may read (base/counter.h) */
};

/* A worker without symptoms. */
struct symptoms symptoms_none(struct conditions *conditions);

/* True if the cause already shows: then symptoms_see needs no sight. */
static inline bool symptoms_has(const struct symptoms *symptoms, enum condition_cause cause)
{
    return symptoms->shown & (1u << cause);
}

/* A symptom shows, for the first time or again; `sight` is for the operator. */
void symptoms_see(struct symptoms *symptoms, enum condition_cause cause,
                  const struct condition_sight *sight, uint64_t now_ns);

/* End symptoms that have not shown for SYMPTOM_FADES_NS, of causes in the bit set `fading`, and
 * print due lines. */
void symptoms_fade(struct symptoms *symptoms, uint32_t fading, uint64_t now_ns);

/* The worker ends, and its symptoms with it. */
void symptoms_withdraw(struct symptoms *symptoms);

/* When symptoms_fade must be called, or DEADLINE_NEVER. */
uint64_t symptoms_due_ns(const struct symptoms *symptoms, uint32_t fading);

#endif
