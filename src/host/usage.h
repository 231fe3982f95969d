/* What the machine did during a measurement: CPU time, softirqs, steal, throttling by a cgroup, and
 * the kernel's TCP counters. Running totals are read and subtracted.
 *
 * Thread rule: a usage_source belongs to one thread. */
#ifndef HELLO_USAGE_H
#define HELLO_USAGE_H

#include "host/cpu_time.h"

#include <stdint.h>

/* Running totals, all of them facts (base/fact.h): unknown if they cannot be read. Times are
 * nanoseconds, summed over the CPUs that this process may run on; /proc/stat counts in ticks of 10
 * ms. */
struct usage {
    uint64_t time_ns;          /* of the reading, monotonic */
    uint64_t process_ns;       /* CPU time of this process (all threads, user and system) */
    uint64_t busy_ns;          /* not idle, by any process, without steal (/proc/stat, proc(5)) */
    uint64_t softirq_ns;       /* spent in softirqs: the kernel's network path */
    uint64_t idle_ns;          /* not busy, waiting for disks included */
    uint64_t steal_ns;         /* the hypervisor ran something else */
    uint64_t throttled_count;  /* periods in which a cgroup's CPU quota stopped this process (or one
                                  that shares the cgroup), over all levels of the hierarchy ... */
    uint64_t throttled_ns;     /* ... and for how long: each CPU that had to wait counts */
    uint64_t active_opens;     /* Tcp ActiveOpens of this network namespace (SNMP, nstat(8)) */
    uint64_t passive_opens;    /* Tcp PassiveOpens */
    uint64_t syn_retransmits;  /* TcpExt TCPSynRetrans: SYNs, and SYN-ACKs of local services */
    uint64_t retransmits;      /* Tcp RetransSegs, SYNs included */
    uint64_t listen_overflows; /* TcpExt ListenOverflows: a local accept queue was full */
    uint64_t listen_drops;     /* TcpExt ListenDrops */
};

/* More totals, for those who watch a server; facts, too. */
struct usage_more {
    uint64_t period_count;    /* periods of CPU quotas, as in throttled_count */
    uint64_t syncookies_sent; /* TcpExt SyncookiesSent: a local queue of handshakes was full */
};

struct usage_source;

/* Find the files of /proc and /sys for the totals, once, so that reading them is cheap: for the
 * current network namespace and cgroups of this process, and the CPUs that the calling thread may
 * run on now (so call it before pinning). Three of them stay open. The caller frees *ret_source
 * with usage_source_free. Returns 0 or -ENOMEM. */
int usage_source_new(struct usage_source **ret_source);

/* Keep the files of the cgroups open too, at most USAGE_CGROUPS_MAX: then no reading opens any. */
#define USAGE_CGROUPS_MAX 32
void usage_source_keep_open(struct usage_source *source);

/* Close them; NULL is allowed. */
void usage_source_free(struct usage_source *source);

/* Read the current totals: about ten system calls. */
void usage_read(struct usage_source *source, struct usage *ret_usage);

/* Read the others, in some system calls more. */
void usage_read_more(struct usage_source *source, struct usage_more *ret_more);

/* Read the totals of `count` single CPUs; a CPU that is not listed, or is -1, is unknown. */
void usage_read_cpus(struct usage_source *source, const int *cpus, uint32_t count,
                     struct cpu_time *ret_times);

/* Totals that are all unknown. */
struct usage usage_unknown(void);

/* The change between two readings; `before` is the older. time_ns becomes the time between them. */
struct usage usage_subtract(const struct usage *now, const struct usage *before);

#endif
