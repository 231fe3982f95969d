/* CPU times from /proc/stat (proc(5)); the only code that reads this file.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_CPU_TIME_H
#define HELLO_CPU_TIME_H

#include "host/cpus.h"

#include <stdint.h>

/* Totals since boot, as facts (base/fact.h): unknown if the text has no value. */
struct cpu_time {
    uint64_t busy_ns;    /* not idle, by any process, without steal */
    uint64_t softirq_ns; /* of that, in softirqs: the kernel's network path */
    uint64_t idle_ns;    /* waiting for disks included */
    uint64_t steal_ns;   /* the hypervisor ran something else */
};

/* The file, below `root` ("" for this machine). */
#define CPU_TIME_FILE "/proc/stat"

/* Each CPU has a line of at most this many bytes, before all other lines. */
#define CPU_TIME_LINE_BYTES 256

/* The unit of the file, in nanoseconds: usually 10 ms (sysconf(3), _SC_CLK_TCK). */
uint64_t cpu_time_tick_ns(void);

/* Sum the times of these CPUs from the text of CPU_TIME_FILE; NULL: the whole machine. All are
 * unknown if the text lacks one of the CPUs, or has only zeros: a container may renumber its CPUs,
 * and a sandbox may fill in zeros. Any bytes are valid as text. */
struct cpu_time cpu_time_parse(const char *text, const struct cpus *cpus, uint64_t tick_ns);

#endif
