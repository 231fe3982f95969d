/* How many system calls are made, by this thread and by all others of this process: counted by the
 * kernel (perf_event_open(2), the tracepoint raw_syscalls:sys_enter).
 *
 * Counting makes every system call of the machine a little slower, so do not time it.
 *
 * Thread rule: for one thread; the others must not come and go while it counts. */
#ifndef HELLO_BENCH_SYSTEM_CALLS_H
#define HELLO_BENCH_SYSTEM_CALLS_H

#include <stdint.h>

#define SYSTEM_CALLS_THREADS_MAX 64
#define SYSTEM_CALLS_ERROR_BYTES 160

struct system_calls {
    uint32_t count;                    /* of threads */
    int fds[SYSTEM_CALLS_THREADS_MAX]; /* a counter for each, this thread's first */
};

/* Begin to count. Returns 0, or -errno with what is missing in error. */
int system_calls_begin(struct system_calls *calls, char error[SYSTEM_CALLS_ERROR_BYTES]);

/* Stop counting. Returns the counts of this thread and of the others. Returns 0 or -errno. */
int system_calls_end(struct system_calls *calls, uint64_t *ret_own, uint64_t *ret_others);

#endif
