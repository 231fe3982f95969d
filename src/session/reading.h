/* The state of the machine and of the generator's threads at one moment.
 *
 * Thread rule: for one thread, the one that waits for the workers. */
#ifndef HELLO_READING_H
#define HELLO_READING_H

#include "host/thread_use.h"
#include "host/usage.h"
#include "workers/workers.h"

#include <stdint.h>

struct reading {
    struct usage usage;
    int cpu_ids[CPUS_MAX]; /* the CPU each thread is pinned to; -1: any */
    struct thread_time threads[CPUS_MAX];
    struct cpu_time cpus[CPUS_MAX]; /* of these CPUs */
};

/* Read all of it, for this many threads. */
void reading_take(struct usage_source *source, const struct workers *workers, uint32_t threads,
                  struct reading *ret_reading);

/* How thread i used its CPU between two readings. has_quota: see thread_use.h. */
struct thread_use reading_thread(const struct reading *before, const struct reading *now,
                                 uint32_t i, bool has_quota);

#endif
