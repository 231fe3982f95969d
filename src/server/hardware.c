#include "server/hardware.h"

#include "base/escape.h"
#include "base/platform.h"
#include "base/units.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <sys/utsname.h>

/* Fly sells shared CPUs with 256 MB to 2 GB each, dedicated ones with 2 GB to 8 GB each. With just
 * 2 GB it can be either. */
#define FLY_MEMORY_BOTH_MB 2048

/* A CPU that the hypervisor kept from its work for this share of it is not one's own. */
#define STEAL_SHARED 0.05

/* Escaped, so that a fact is one line whatever the environment holds. */
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

/* What says that this is a Fly Machine. None of it must be there: kernels and names may change. */
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

/* Steal since boot, from the first line of /proc/stat: "cpu user nice system idle iowait irq
 * softirq steal ..." (proc(5)). An idle CPU is not stolen, so idle times do not count. */
static double steal_read(const char *path)
{
    char text[256];
    uint64_t ticks[8] = {0};
    uint64_t busy = 0;
    char *at = platform_text_read(path, text, sizeof(text));

    if (strncmp(at, "cpu ", 4) != 0)
        return 0;
    at += 4;
    for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++)
        ticks[i] = strtoull(at, &at, 10);
    for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++)
        busy += i == 3 || i == 4 ? 0 : ticks[i];
    return busy ? (double)ticks[7] / (double)busy : 0;
}

/* The memory that there is: the least of what the kernel has and what cgroups leave. */
static void memory_find(const struct hardware_places *places, struct hardware *hardware)
{
    char path[PATH_MAX], text[256];
    const char *total;
    uint64_t limit;

    platform_text_read(place(places, "/proc/meminfo", path), text, sizeof(text));
    total = strstr(text, "MemTotal:");
    if (total) {
        hardware->memory_bytes = strtoull(total + strlen("MemTotal:"), NULL, 10) * 1024;
        hardware->memory_source = "MemTotal of /proc/meminfo";
    }
    limit = platform_memory_limit_bytes(place(places, PLATFORM_SELF, path));
    if (limit != UINT64_MAX && (hardware->memory_bytes == 0 || limit < hardware->memory_bytes)) {
        hardware->memory_bytes = limit;
        hardware->memory_source = "the limit of a cgroup";
    }
}

static void cpu_kind_set(struct hardware *hardware, enum cpu_kind kind, const char *source)
{
    hardware->cpu_kind = kind;
    hardware->cpu_kind_source = source;
}

/* No environment variable of the platform tells the kind, so it is inferred. */
static void cpu_kind_find(const struct hardware_places *places, struct hardware *hardware)
{
    const char *sold = places->environment("FLY_VM_MEMORY_MB");
    uint64_t memory_mb = 0, per_cpu_mb;

    if (sold)
        count_parse(sold, &memory_mb); /* what is no number tells nothing */
    per_cpu_mb = hardware->cpus ? memory_mb / hardware->cpus : 0;
    if (hardware->steal_share >= STEAL_SHARED)
        cpu_kind_set(hardware, CPU_KIND_SHARED, "steal");
    else if (hardware->platform_source && per_cpu_mb > 0 && per_cpu_mb < FLY_MEMORY_BOTH_MB)
        cpu_kind_set(hardware, CPU_KIND_SHARED, "less than 2 GB of $FLY_VM_MEMORY_MB per CPU");
    else if (hardware->platform_source && per_cpu_mb > FLY_MEMORY_BOTH_MB)
        cpu_kind_set(hardware, CPU_KIND_DEDICATED, "more than 2 GB of $FLY_VM_MEMORY_MB per CPU");
    else
        cpu_kind_set(hardware, CPU_KIND_AUTO, "nothing tells; say it by --cpu-kind");
}

void hardware_read(const struct hardware_places *places, enum cpu_kind cpu_kind,
                   struct hardware *hardware)
{
    char path[PATH_MAX];
    struct platform_quota quota;
    struct utsname name;

    uname(&name);
    snprintf(hardware->machine, sizeof(hardware->machine), "%s", name.machine);
    platform_word_read(place(places, "/proc/sys/kernel/osrelease", path), hardware->kernel,
                       sizeof(hardware->kernel));
    fact_copy(places, "FLY_APP_NAME", hardware->app, sizeof(hardware->app));
    fact_copy(places, "FLY_REGION", hardware->region, sizeof(hardware->region));
    fact_copy(places, "FLY_MACHINE_ID", hardware->id, sizeof(hardware->id));
    hardware->platform_source = fly_source(hardware);

    quota = platform_cpu_quota(place(places, PLATFORM_SELF, path));
    hardware->quota_millis = platform_quota_millis(&quota);
    hardware->steal_share = steal_read(place(places, "/proc/stat", path));
    hardware->memory_bytes = 0;
    hardware->memory_source = "nothing tells";
    memory_find(places, hardware);
    hardware->somaxconn = 0;
    platform_number_read(place(places, "/proc/sys/net/core/somaxconn", path), &hardware->somaxconn);
    if (cpu_kind == CPU_KIND_AUTO)
        cpu_kind_find(places, hardware);
    else
        cpu_kind_set(hardware, cpu_kind, "cpu-kind, see above");
}

static void fact_print(FILE *out, const char *name, const char *value, const char *source)
{
    fprintf(out, "platform.%s=%s  # %s\n", name, value, source);
}

void hardware_print(const struct hardware *hardware, FILE *out)
{
    static const char *const kinds[] = {"unknown", "shared", "dedicated"};
    char number[64];

    fact_print(out, "name", hardware->platform_source ? "fly" : "unknown",
               hardware->platform_source ? hardware->platform_source : "nothing tells");
    fact_print(out, "app", hardware->app, "$FLY_APP_NAME");
    fact_print(out, "region", hardware->region, "$FLY_REGION");
    fact_print(out, "machine_id", hardware->id, "$FLY_MACHINE_ID");
    fact_print(out, "kernel", hardware->kernel, "/proc/sys/kernel/osrelease");
    fact_print(out, "machine", hardware->machine, "uname");
    snprintf(number, sizeof(number), "%u", hardware->cpus);
    fact_print(out, "cpus", number, "sched_getaffinity");
    fact_print(out, "cpu_kind", kinds[hardware->cpu_kind], hardware->cpu_kind_source);
    if (hardware->quota_millis == UINT64_MAX)
        snprintf(number, sizeof(number), "none");
    else
        snprintf(number, sizeof(number), "%" PRIu64 ".%03" PRIu64, hardware->quota_millis / 1000,
                 hardware->quota_millis % 1000);
    fact_print(out, "cpu_quota", number, "cgroups, in CPUs");
    snprintf(number, sizeof(number), "%.1f%%", hardware->steal_share * 100);
    fact_print(out, "steal", number, "/proc/stat, of the time with work to do since boot");
    snprintf(number, sizeof(number), "%" PRIu64, hardware->memory_bytes);
    fact_print(out, "memory_bytes", number, hardware->memory_source);
    snprintf(number, sizeof(number), "%u", hardware->descriptors);
    fact_print(out, "descriptors", number, "RLIMIT_NOFILE");
    snprintf(number, sizeof(number), "%" PRIu64, hardware->somaxconn);
    fact_print(out, "somaxconn", number, "net.core.somaxconn");
}
