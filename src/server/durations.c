#include "server/durations.h"

#include "base/counter.h"
#include "base/units.h"

const uint64_t durations_bounds_ns[DURATIONS_BOUNDS] = {
    100 * NS_PER_US,  250 * NS_PER_US,  500 * NS_PER_US, NS_PER_MS,
    2500 * NS_PER_US, 5 * NS_PER_MS,    10 * NS_PER_MS,  25 * NS_PER_MS,
    50 * NS_PER_MS,   100 * NS_PER_MS,  250 * NS_PER_MS, 500 * NS_PER_MS,
    NS_PER_S,         2500 * NS_PER_MS, 5 * NS_PER_S,    10 * NS_PER_S,
};

void durations_add(struct durations *durations, uint64_t length_ns)
{
    uint32_t i = 0;

    while (i < DURATIONS_BOUNDS && length_ns > durations_bounds_ns[i])
        i++;
    counter_add(&durations->counts[i], 1);
    counter_add(&durations->sum_ns, length_ns);
}

void durations_add_all(struct durations *total, const struct durations *part)
{
    for (uint32_t i = 0; i <= DURATIONS_BOUNDS; i++)
        total->counts[i] += counter_read(&part->counts[i]);
    total->sum_ns += counter_read(&part->sum_ns);
}
