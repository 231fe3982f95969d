#include "server/symptom.h"

#include "base/counter.h"
#include "base/deadline.h"

struct symptoms symptoms_none(struct conditions *conditions)
{
    return (struct symptoms){.conditions = conditions, .report_ns = DEADLINE_NEVER};
}

void symptoms_see(struct symptoms *symptoms, enum condition_cause cause,
                  const struct condition_sight *sight, uint64_t now_ns)
{
    symptoms->seen_ns[cause] = now_ns;
    if (symptoms_has(symptoms, cause))
        return;
    symptoms->shown |= 1u << cause;
    counter_add(&symptoms->begun[cause], 1);
    symptoms->report_ns = conditions_begin(symptoms->conditions, cause, sight, now_ns);
}

void symptoms_fade(struct symptoms *symptoms, uint32_t fading, uint64_t now_ns)
{
    uint32_t left = symptoms->shown & fading;

    for (; left; left &= left - 1) {
        enum condition_cause cause = (enum condition_cause)__builtin_ctz(left);

        if (now_ns < symptoms->seen_ns[cause] + SYMPTOM_FADES_NS)
            continue;
        symptoms->shown &= ~(1u << cause);
        symptoms->report_ns = conditions_end(symptoms->conditions, cause, now_ns);
    }
    if (now_ns >= symptoms->report_ns)
        symptoms->report_ns = conditions_report(symptoms->conditions, now_ns);
}

void symptoms_withdraw(struct symptoms *symptoms)
{
    for (; symptoms->shown; symptoms->shown &= symptoms->shown - 1)
        conditions_withdraw(symptoms->conditions,
                            (enum condition_cause)__builtin_ctz(symptoms->shown));
}

uint64_t symptoms_due_ns(const struct symptoms *symptoms, uint32_t fading)
{
    uint64_t due_ns = symptoms->report_ns;

    for (uint32_t left = symptoms->shown & fading; left; left &= left - 1) {
        uint64_t fades_ns = symptoms->seen_ns[__builtin_ctz(left)] + SYMPTOM_FADES_NS;

        if (fades_ns < due_ns)
            due_ns = fades_ns;
    }
    return due_ns;
}
