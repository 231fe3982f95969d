/* Sets of CPUs, and which of them the calling thread may use. Sets of any size: a kernel with more
 * possible CPUs than a cpu_set_t has bits refuses one (sched_setaffinity(2), CPU_SET(3)).
 *
 * Thread rule: each thread has its own affinity; the threads that it starts inherit it. */
#ifndef HELLO_CPUS_H
#define HELLO_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set has at most this many CPUs, with ids up to CPUS_ID_MAX (Linux: NR_CPUS is at most 8192). */
#define CPUS_MAX    1024
#define CPUS_ID_MAX UINT16_MAX

struct cpus {
    uint32_t count;
    uint32_t left_out;      /* how many more there are that do not fit */
    uint16_t ids[CPUS_MAX]; /* in ascending order */
};

/* Read the CPUs that the calling thread may run on. Returns 0 or -errno. */
int cpus_read(struct cpus *ret_cpus);

/* Write a warning if some were left out. Returns true if so. */
#define CPUS_LEFT_OUT_BYTES 96
bool cpus_describe_left_out(const struct cpus *cpus, char line[CPUS_LEFT_OUT_BYTES]);

/* Bind the calling thread to these CPUs. Returns 0 or -errno (-EINVAL: none of them exists). */
int cpus_keep_to(const struct cpus *cpus);

/* Pin the calling thread to one CPU. Returns 0 or -errno. */
int cpus_pin(uint16_t id);

/* The only CPU that the calling thread may run on, or -1: several, or unknown. */
int cpus_only(void);

/* The CPU for thread i, round robin from CPU `start`, or from the first CPU if `start` is not in
 * the set. The set must not be empty. */
uint16_t cpus_place(const struct cpus *cpus, int start, uint32_t i);

/* True if a CPU is in a set. */
bool cpus_has(const struct cpus *cpus, uint16_t id);

/* Read a list such as "0,2-5", in any order, as for taskset(1). Returns 0, -EINVAL (not a list),
 * -ERANGE (an id above CPUS_ID_MAX) or -E2BIG (more than CPUS_MAX); then *ret_cpus is unchanged. */
int cpus_parse(const char *text, struct cpus *ret_cpus);

/* Write such a list; a list that is too long ends with "...". Returns text. */
#define CPUS_TEXT_BYTES 64 /* enough for most machines; bytes must be 8 or more */
char *cpus_format(const struct cpus *cpus, char *text, size_t bytes);

#endif
