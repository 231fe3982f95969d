/* What this process runs on, detected automatically: no configuration is needed. Each fact has its
 * source. Read only.
 *
 * Thread rule: the thread that starts the program. */
#ifndef HELLO_HARDWARE_H
#define HELLO_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Are the CPUs shared with other machines? The values of the `cpu-kind` option; auto detects it. */
enum cpu_kind { CPU_KIND_AUTO, CPU_KIND_SHARED, CPU_KIND_DEDICATED };

struct hardware {
    char kernel[65], machine[65];     /* release (as in /proc) and architecture */
    char app[64], region[32], id[64]; /* of the Fly Machine, from its environment, with C escapes
                                         (base/escape.h); "": not set */
    const char *platform_source;      /* what identifies a Fly Machine; NULL: nothing does */
    uint32_t cpus;                    /* that this process may run on */
    enum cpu_kind cpu_kind;           /* CPU_KIND_AUTO: unknown */
    const char *cpu_kind_source;
    double steal_share; /* of the time that the CPUs had work since boot; NAN: unknown */
    /* Facts (base/fact.h). */
    uint64_t quota_millis; /* CPU time that a cgroup allows, in thousandths of a CPU */
    uint64_t memory_bytes; /* in total, or the limit of a cgroup if lower */
    const char *memory_source;
    uint64_t somaxconn;   /* net.core.somaxconn */
    uint32_t descriptors; /* the limit in force */
};

/* Where to read; for tests. */
struct hardware_places {
    const char *root;                       /* used instead of "/"; "": the machine's own */
    char *(*environment)(const char *name); /* getenv(3) */
};

/* Detect this machine. The caller fills in the CPUs, the descriptors and, unless it is auto, the
 * CPU kind. A fact that cannot be read is unknown (base/fact.h). */
void hardware_read(const struct hardware_places *places, enum cpu_kind cpu_kind,
                   struct hardware *hardware);

/* Write each fact as `platform.name=value  # source`. */
void hardware_print(const struct hardware *hardware, FILE *out);

#endif
