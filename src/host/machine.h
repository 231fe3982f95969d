/* What kind of machine a result was measured on: facts that do not change while a program runs. */
#ifndef HELLO_MACHINE_H
#define HELLO_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#define MACHINE_TEXT_BYTES   128
#define MACHINE_FAULTS_BYTES 512 /* enough for more than twice the names of today */
#define MACHINE_SETTINGS_MAX 16

/* A kernel setting that bears on connection rates, as sysctl(8) names it. */
struct machine_setting {
    const char *name;               /* "net.ipv4.ip_local_port_range" */
    char value[MACHINE_TEXT_BYTES]; /* single spaces between numbers; "" if unknown */
};

struct machine {
    char kernel[MACHINE_TEXT_BYTES];        /* "Linux 6.1.0-56-cloud-amd64 x86_64" */
    char cpu_model[MACHINE_TEXT_BYTES];     /* of the first CPU; "" if unknown */
    char clock_source[MACHINE_TEXT_BYTES];  /* the kernel's source of time: "tsc", "kvm-clock" */
    char governor[MACHINE_TEXT_BYTES];      /* of the first CPU's frequency: "performance"; "" if
                                               unknown or none */
    char mitigations[MACHINE_FAULTS_BYTES]; /* see machine_mitigations */
    uint32_t cpus_online;                   /* 0: unknown, also in the next */
    uint32_t cpus_allowed;                  /* that the reading thread may run on */
    /* Facts (base/fact.h). */
    uint64_t quota_us;           /* CPU time that the cgroup allows in each period */
    uint64_t quota_period_us;    /* 0: quota_us is not a number */
    uint64_t memory_bytes;       /* of the machine */
    uint64_t memory_limit_bytes; /* of the cgroup that limits this process most */
    uint32_t setting_count;
    struct machine_setting settings[MACHINE_SETTINGS_MAX];
};

/* Read all of it; a value that cannot be read is "", 0 or FACT_UNKNOWN. Call it from an unpinned
 * thread, otherwise only its own CPU counts as allowed. */
void machine_read(struct machine *ret_machine);

/* The value of a setting by its name; "" if it is unknown, or not one that is read. */
const char *machine_setting(const struct machine *machine, const char *name);

/* Which CPU vulnerabilities the kernel mitigates (this slows down each system call), read from the
 * files of a folder (Linux's Documentation/ABI/testing/sysfs-devices-system-cpu). Writes "all",
 * "all but" and the names of the others, or "" if unknown. Returns text. */
char *machine_mitigations(const char *folder, char text[MACHINE_FAULTS_BYTES]);

/* Find the model of the first CPU in the text of /proc/cpuinfo, where its name depends on the
 * architecture. Writes "" if not found. Returns model. */
char *machine_cpu_model(const char *cpuinfo, char model[MACHINE_TEXT_BYTES]);

#endif
