/* How much of its CPU a thread got, and what prevented more. Shares of the measured time: 1 is a
 * whole CPU, NAN is unknown.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_THREAD_USE_H
#define HELLO_THREAD_USE_H

#include "host/cpu_time.h"
#include "host/thread_time.h"

#include <stdbool.h>
#include <stdint.h>

struct thread_use {
    int cpu;        /* that it is pinned to; -1: any, then the CPU's values below are unknown */
    double own;     /* it ran */
    double softirq; /* its CPU was in softirqs: the kernel's network path, for any thread */
    double others;  /* its CPU ran anything else */
    double idle;    /* its CPU did nothing */
    double steal;   /* the hypervisor ran something else on its CPU */
    double waited;  /* it was ready to run but did not, for any reason */
    double busy; /* own and softirq together, at most the busy time of its CPU: some kernels include
                    softirqs of a thread's own work in `own`, others do not
                    (CONFIG_IRQ_TIME_ACCOUNTING) */
};

/* Readings of a thread and its CPU at one moment. */
struct thread_reading {
    struct thread_time thread;
    struct cpu_time cpu;
};

/* What happened within span_ns between two readings. has_quota: a quota limits the thread's time;
 * softirqs are not charged to it, so `busy` excludes them. */
struct thread_use thread_use_between(const struct thread_reading *before,
                                     const struct thread_reading *now, uint64_t span_ns, int cpu,
                                     bool has_quota);

#endif
