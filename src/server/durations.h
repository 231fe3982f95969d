/* How long something took, counted in classes, as metrics have it (a Prometheus histogram).
 *
 * Thread rule: one thread adds; any thread may read meanwhile, each counter by itself
 * (base/counter.h). */
#ifndef HELLO_DURATIONS_H
#define HELLO_DURATIONS_H

#include <stdint.h>

/* The classes end at these durations, inclusive; one more takes what is longer. */
#define DURATIONS_BOUNDS 16
extern const uint64_t durations_bounds_ns[DURATIONS_BOUNDS];

/* Zeroed: nothing was added. */
struct durations {
    uint64_t counts[DURATIONS_BOUNDS + 1];
    uint64_t sum_ns;
};

/* Add one. */
void durations_add(struct durations *durations, uint64_t length_ns);

/* Add those of another, which may grow meanwhile, to a total. */
void durations_add_all(struct durations *total, const struct durations *part);

#endif
