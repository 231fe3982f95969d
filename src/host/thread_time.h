/* How long a thread ran, and how long it waited to run.
 *
 * Thread rule: any thread, for threads of this process. */
#ifndef HELLO_THREAD_TIME_H
#define HELLO_THREAD_TIME_H

#include <stdint.h>

#include <sys/types.h>

/* Totals since the thread began. */
struct thread_time {
    uint64_t run_ns;  /* on a CPU */
    uint64_t wait_ns; /* ready to run while its CPU did something else; a fact (base/fact.h) */
};

/* How long a thread waited on a run queue: exact, not in ticks (/proc/self/task/TID/schedstat,
 * Documentation/scheduler/sched-stats.rst; kernels with CONFIG_SCHED_INFO). A wait counts when it
 * has ended; waits for a CPU quota count too. FACT_UNKNOWN if not reported, or if the thread has
 * ended. */
uint64_t thread_wait_ns(pid_t thread);

/* The same, from the text of that file. */
uint64_t thread_wait_parse(const char *text);

#endif
