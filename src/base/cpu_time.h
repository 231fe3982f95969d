/* What the CPUs did, as /proc/stat tells it (proc(5)): the one place that reads it.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_CPU_TIME_H
#define HELLO_CPU_TIME_H

#include "base/cpus.h"

#include <stdint.h>

/* Totals since boot, as facts (base/fact.h): what the text does not tell is not known. */
struct cpu_time {
    uint64_t busy_ns;    /* not idle, by anybody, steal left out */
    uint64_t softirq_ns; /* of that, in softirqs: the kernel's network path */
    uint64_t idle_ns;    /* waiting for disks included */
    uint64_t steal_ns;   /* the hypervisor ran something else */
};

/* Where it is told, below `root` ("" for this machine). */
#define CPU_TIME_FILE "/proc/stat"

/* The text tells of each CPU in a line of at most so many bytes, before all else. */
#define CPU_TIME_LINE_BYTES 256

/* The unit of the file, in nanoseconds: 10 ms, as a rule (sysconf(3), _SC_CLK_TCK). */
uint64_t cpu_time_tick_ns(void);

/* Read what these CPUs did, summed up, out of the text of CPU_TIME_FILE; NULL: the whole machine.
 * Nothing is known unless the text tells of every one of them, and of any time at all: a container
 * may number its CPUs anew, or a sandbox fill in zeros. Any bytes will do as text. */
struct cpu_time cpu_time_parse(const char *text, const struct cpus *cpus, uint64_t tick_ns);

#endif
