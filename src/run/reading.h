/* What is read of the machine and of the generator's threads at one moment.
 *
 * Thread rule: for one thread, the one that waits for the workers. */
#ifndef HELLO_READING_H
#define HELLO_READING_H

#include "crew/crew.h"
#include "measure/thread_use.h"
#include "measure/usage.h"

#include <stdint.h>

struct reading {
    struct usage usage;
    int cpu_ids[CPUS_MAX]; /* that each thread stays on; -1: any */
    struct thread_time threads[CPUS_MAX];
    struct cpu_time cpus[CPUS_MAX]; /* of these CPUs */
};

/* Read all of it, of this many threads. */
void reading_take(struct usage_source *source, const struct crew *crew, uint32_t threads,
                  struct reading *ret_reading);

/* What thread i had of its CPU between two readings. has_quota: see thread_use.h. */
struct thread_use reading_thread(const struct reading *before, const struct reading *now,
                                 uint32_t i, bool has_quota);

#endif
