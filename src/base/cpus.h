/* The CPUs that this process may use. */
#ifndef HELLO_CPUS_H
#define HELLO_CPUS_H

#include <stdint.h>

#define CPUS_MAX 1024

struct cpus {
    uint32_t count;
    uint16_t ids[CPUS_MAX]; /* in ascending order */
};

/* Read the CPUs that the calling thread may run on (sched_getaffinity(2)). Returns 0 or -errno. */
int cpus_read(struct cpus *ret_cpus);

/* Keep the calling thread on one CPU. Returns 0 or -errno (the CPU was taken away since). */
int cpus_pin(uint16_t id);

#endif
