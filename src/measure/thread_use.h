/* What a thread had of its CPU, and what kept it from having more. Shares of the measured time: 1
 * is a whole CPU. NAN is not known.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_THREAD_USE_H
#define HELLO_THREAD_USE_H

#include "base/cpu_time.h"
#include "base/thread_time.h"

#include <stdbool.h>
#include <stdint.h>

struct thread_use {
    int cpu;        /* that it stays on; -1: any, so that what follows of a CPU is not known */
    double own;     /* it ran */
    double softirq; /* its CPU was in softirqs: the kernel's network path, for it or for others */
    double others;  /* its CPU ran anything else */
    double idle;    /* its CPU did nothing */
    double steal;   /* the hypervisor ran something else on its CPU */
    double waited;  /* it was ready to run and did not, whatever the reason was */
    double busy; /* own and softirq together, never more than its CPU was busy: some kernels count
                    the softirqs of a thread's own work as part of it, others apart from it
                    (CONFIG_IRQ_TIME_ACCOUNTING) */
};

/* What is read of a thread and of its CPU at one moment. */
struct thread_reading {
    struct thread_time thread;
    struct cpu_time cpu;
};

/* What happened within span_ns between two readings. has_quota: a quota limits the thread's time;
 * it is not charged for softirqs, so that these are then no part of `busy`. */
struct thread_use thread_use_between(const struct thread_reading *before,
                                     const struct thread_reading *now, uint64_t span_ns, int cpu,
                                     bool has_quota);

#endif
