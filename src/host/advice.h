/* What to do about a failed system call: decided by the call, its errno, and which limit is
 * exhausted. An errno alone would name several limits, of which only one is the cause. */
#ifndef HELLO_ADVICE_H
#define HELLO_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Enough for the longest advice. */
#define ADVICE_BYTES 224

/* A limit that does not exist, was not reached, or cannot be read. */
#define ADVICE_NO_LIMIT UINT64_MAX

/* What limits this process, as found at one moment. */
struct advice_limits {
    uint64_t descriptors;         /* RLIMIT_NOFILE */
    uint64_t files;               /* sysctl fs.file-max */
    uint64_t watches;             /* sysctl fs.epoll.max_user_watches */
    uint64_t memlock_bytes;       /* RLIMIT_MEMLOCK, if it binds this process */
    uint64_t needed_bytes;        /* what was asked for */
    uint64_t address_space_bytes; /* RLIMIT_AS, if it does not allow needed_bytes */
    uint64_t data_bytes;          /* RLIMIT_DATA, likewise */
    uint64_t cgroup_bytes;        /* the memory limit of a cgroup, likewise */
    uint64_t cgroup_tasks;        /* pids.max of a cgroup, if it is reached */
    uint64_t machine_threads;     /* sysctl kernel.threads-max or pid_max, if it is reached */
    uint64_t user_threads;        /* RLIMIT_NPROC, if it binds this process */
    bool no_mapping;              /* the kernel cannot map needed_bytes, despite the limits */
    bool seccomp;                 /* a seccomp filter is in force */
    int io_uring_disabled;        /* sysctl kernel.io_uring_disabled; -1: there is none */
    unsigned kernel;              /* Linux 6.12 is 6012; 0: unknown */
};

/* Find what limits this process after a call that wanted needed_bytes of memory failed (0: a
 * little). Call it before anything is freed. Costs some dozen system calls; changes nothing. Any
 * thread. */
void advice_limits_measure(uint64_t needed_bytes, struct advice_limits *ret_limits);

/* Write what to do when `call`, named as in its man page, fails with `error` (positive) under these
 * limits. Returns text. */
char *advice_write(const char *call, int error, const struct advice_limits *limits,
                   char text[ADVICE_BYTES]);

/* Measure and write. */
char *advice_find(const char *call, int error, uint64_t needed_bytes, char text[ADVICE_BYTES]);

#endif
