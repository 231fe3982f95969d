#include "host/hardware.h"

#include "base/escape.h"
#include "base/fact.h"
#include "base/units.h"
#include "host/cgroup.h"
#include "host/cpu_time.h"
#include "host/platform.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sys/utsname.h>

/* Fly sells shared CPUs with 256 MB to 2 GB each, dedicated ones with 2 GB to 8 GB each. Exactly 2
 * GB can be either. */
#define FLY_MEMORY_BOTH_MB 2048

/* A CPU that lost this share of its working time to the hypervisor is shared. */
#define STEAL_SHARED 0.05

/* Escaped, so a fact is one line, whatever the environment contains. */
static void fact_copy(const struct hardware_places *places, const char *name, char *text,
                      size_t text_bytes)
{
    const char *value = places->environment(name);

    escape_encode(value, value ? strlen(value) : 0, text, text_bytes);
}

static char *place(const struct hardware_places *places, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s%s", places->root, name);
    return path;
}

/* What identifies a Fly Machine. Each sign is optional: kernels and names may change. */
static const char *fly_source(const struct hardware *hardware)
{
    static const char suffix[] = "-fly";
    size_t length = strlen(hardware->kernel);

    if (hardware->id[0])
        return "$FLY_MACHINE_ID";
    if (hardware->app[0])
        return "$FLY_APP_NAME";
    if (length >= sizeof(suffix) - 1 &&
        strcmp(hardware->kernel + length - (sizeof(suffix) - 1), suffix) == 0)
        return "the kernel's name ends in -fly";
    return NULL;
}

/* Steal since boot, as a share of the time with work to do: an idle CPU has no steal. */
static double steal_read(const char *path)
{
    char text[CPU_TIME_LINE_BYTES]; /* the first line is for the whole machine */
    struct cpu_time time;

    if (platform_is_covered(path)) /* a container's own, which has no steal */
        return (double)NAN;
    time = cpu_time_parse(platform_text_read(path, text, sizeof(text)), NULL, 1);
    if (!fact_is_number(time.busy_ns) || !fact_is_number(time.steal_ns))
        return (double)NAN;
    return time.steal_ns ? (double)time.steal_ns / (double)(time.busy_ns + time.steal_ns) : 0;
}

static void cpu_kind_set(struct hardware *hardware, enum cpu_kind kind, const char *source)
{
    hardware->cpu_kind = kind;
    hardware->cpu_kind_source = source;
}

/* No environment variable of the platform gives the kind, so it is inferred. */
static void cpu_kind_find(const struct hardware_places *places, struct hardware *hardware)
{
    const char *sold = places->environment("FLY_VM_MEMORY_MB");
    uint64_t memory_mb = 0, per_cpu_mb;

    if (sold)
        count_parse(sold, &memory_mb); /* not a number: no information */
    per_cpu_mb = hardware->cpus ? memory_mb / hardware->cpus : 0;
    if (hardware->steal_share >= STEAL_SHARED)
        cpu_kind_set(hardware, CPU_KIND_SHARED, "steal");
    else if (hardware->platform_source && per_cpu_mb > 0 && per_cpu_mb < FLY_MEMORY_BOTH_MB)
        cpu_kind_set(hardware, CPU_KIND_SHARED, "less than 2 GB of $FLY_VM_MEMORY_MB per CPU");
    else if (hardware->platform_source && per_cpu_mb > FLY_MEMORY_BOTH_MB)
        cpu_kind_set(hardware, CPU_KIND_DEDICATED, "more than 2 GB of $FLY_VM_MEMORY_MB per CPU");
    else
        cpu_kind_set(hardware, CPU_KIND_AUTO, "not detected; set --cpu-kind");
}

void hardware_read(const struct hardware_places *places, enum cpu_kind cpu_kind,
                   struct hardware *hardware)
{
    char path[PATH_MAX];
    struct platform_memory memory = platform_memory_read(places->root);
    struct cgroup_quota quota;
    struct utsname name;

    uname(&name);
    snprintf(hardware->machine, sizeof(hardware->machine), "%s", name.machine);
    platform_word_read(place(places, "/proc/sys/kernel/osrelease", path), hardware->kernel,
                       sizeof(hardware->kernel));
    fact_copy(places, "FLY_APP_NAME", hardware->app, sizeof(hardware->app));
    fact_copy(places, "FLY_REGION", hardware->region, sizeof(hardware->region));
    fact_copy(places, "FLY_MACHINE_ID", hardware->id, sizeof(hardware->id));
    hardware->platform_source = fly_source(hardware);

    quota = cgroup_cpu_quota(place(places, PLATFORM_SELF, path));
    hardware->quota_millis = cgroup_quota_millis(&quota);
    hardware->steal_share = steal_read(place(places, CPU_TIME_FILE, path));
    hardware->memory_bytes = memory.usable_bytes;
    hardware->memory_source = memory.source;
    hardware->somaxconn = FACT_UNKNOWN;
    platform_number_read(place(places, "/proc/sys/net/core/somaxconn", path), &hardware->somaxconn);
    if (cpu_kind == CPU_KIND_AUTO)
        cpu_kind_find(places, hardware);
    else
        cpu_kind_set(hardware, cpu_kind, "cpu-kind, see above");
}

static void fact_print(FILE *out, const char *name, const char *value, const char *source)
{
    fprintf(out, "platform.%s=", name);
    escape_put(value, out);
    fprintf(out, "  # %s\n", source);
}

static void number_print(FILE *out, const char *name, uint64_t number, const char *source)
{
    char text[32] = "unknown";

    if (number == FACT_NONE)
        snprintf(text, sizeof(text), "none");
    else if (number != FACT_UNKNOWN)
        snprintf(text, sizeof(text), "%" PRIu64, number);
    fact_print(out, name, text, source);
}

/* The current network settings. */
static void network_print(FILE *out)
{
    uint64_t disabled;
    char word[64];
    const char *ipv6 = "unknown";

    platform_word_read("/proc/sys/net/ipv4/tcp_congestion_control", word, sizeof(word));
    fact_print(out, "congestion_control", word[0] ? word : "unknown",
               "net.ipv4.tcp_congestion_control");
    if (platform_number_read("/proc/sys/net/ipv6/conf/all/disable_ipv6", &disabled) == 0)
        ipv6 = platform_ipv6_is_off() ? "off" : "on";
    fact_print(out, "ipv6", ipv6, "net.ipv6.conf.all.disable_ipv6");
}

void hardware_print(const struct hardware *hardware, FILE *out)
{
    static const char *const kinds[] = {"unknown", "shared", "dedicated"};
    char number[64];

    fact_print(out, "name", hardware->platform_source ? "fly" : "unknown",
               hardware->platform_source ? hardware->platform_source : "not detected");
    fact_print(out, "app", hardware->app, "$FLY_APP_NAME");
    fact_print(out, "region", hardware->region, "$FLY_REGION");
    fact_print(out, "machine_id", hardware->id, "$FLY_MACHINE_ID");
    fact_print(out, "kernel", hardware->kernel[0] ? hardware->kernel : "unknown",
               "/proc/sys/kernel/osrelease");
    fact_print(out, "machine", hardware->machine, "uname");
    number_print(out, "cpus", hardware->cpus, "sched_getaffinity");
    fact_print(out, "cpu_kind", kinds[hardware->cpu_kind], hardware->cpu_kind_source);
    if (fact_is_number(hardware->quota_millis)) {
        snprintf(number, sizeof(number), "%" PRIu64 ".%03" PRIu64, hardware->quota_millis / 1000,
                 hardware->quota_millis % 1000);
        fact_print(out, "cpu_quota", number, "cgroups, in CPUs");
    } else {
        number_print(out, "cpu_quota", hardware->quota_millis, "cgroups, in CPUs");
    }
    snprintf(number, sizeof(number), "unknown");
    if (!isnan(hardware->steal_share))
        snprintf(number, sizeof(number), "%.1f%%", hardware->steal_share * 100);
    fact_print(out, "steal", number, "/proc/stat, of the time with work to do since boot");
    number_print(out, "memory_bytes", hardware->memory_bytes, hardware->memory_source);
    number_print(out, "descriptors", hardware->descriptors, "RLIMIT_NOFILE");
    number_print(out, "somaxconn", hardware->somaxconn, "net.core.somaxconn");
    network_print(out);
}
