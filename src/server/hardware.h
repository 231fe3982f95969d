/* What this process runs on, found out by itself: a deployment need not be told. Each fact knows
 * where it came from. Nothing here changes anything.
 *
 * Thread rule: for the thread that starts the program. */
#ifndef HELLO_HARDWARE_H
#define HELLO_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Are the CPUs shared with other machines? The values of the `cpu-kind` option; auto finds out. */
enum cpu_kind { CPU_KIND_AUTO, CPU_KIND_SHARED, CPU_KIND_DEDICATED };

struct hardware {
    char kernel[65], machine[65];     /* release (as in /proc) and architecture */
    char app[64], region[32], id[64]; /* of the Fly Machine, by its environment, with C escapes
                                         (base/escape.h); "" if not told */
    const char *platform_source; /* what shows that this is a Fly Machine; NULL: nothing does */
    uint32_t cpus;               /* that this process may run on */
    enum cpu_kind cpu_kind;      /* CPU_KIND_AUTO: nothing tells */
    const char *cpu_kind_source;
    double steal_share; /* of the time that the CPUs had work since boot; NAN: not known */
    /* Facts (base/fact.h). */
    uint64_t quota_millis; /* CPU time that a cgroup leaves, in thousandths of a CPU */
    uint64_t memory_bytes; /* that there is for all, a cgroup's limit included */
    const char *memory_source;
    uint64_t somaxconn;   /* net.core.somaxconn */
    uint32_t descriptors; /* the limit in force */
};

/* Where to look; for tests. */
struct hardware_places {
    const char *root;                       /* what stands for "/": "" is the machine's own */
    char *(*environment)(const char *name); /* getenv(3) */
};

/* Find out about this machine. The CPUs, the descriptors and, if they are not auto, the kind of the
 * CPUs are the caller's to tell. What cannot be read is
 * not known (base/fact.h). */
void hardware_read(const struct hardware_places *places, enum cpu_kind cpu_kind,
                   struct hardware *hardware);

/* Write each fact as `platform.name=value  # source`. */
void hardware_print(const struct hardware *hardware, FILE *out);

#endif
