#include "host/usage.h"

#include "base/clock.h"
#include "base/fact.h"
#include "host/cgroup.h"
#include "host/cpus.h"
#include "host/platform.h"
#include "host/usage_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES (64u << 10) /* /proc/net/netstat, the largest, has about 5 KiB */

struct usage_source {
    int stat_fd, snmp_fd, netstat_fd; /* -1: there is none */
    bool cgroups_are_known;
    char *cgroups[USAGE_CGROUPS_MAX];  /* cpu.stat of each level that has one; open only while read,
                                          to save descriptors ... */
    int cgroup_fds[USAGE_CGROUPS_MAX]; /* ... or always; -1: it cannot be opened */
    bool keeps_open;
    uint32_t cgroup_count;
    uint64_t tick_ns;
    struct cpus cpus;
    size_t text_bytes;
    char text[]; /* one file at a time */
};

static void cgroup_add(void *context, const char *directory, bool v2)
{
    struct usage_source *source = context;
    char path[PATH_MAX + 16];
    char *copy = NULL;

    (void)v2; /* the file's names show it */
    snprintf(path, sizeof(path), "%s/cpu.stat", directory);
    if (access(path, F_OK) < 0 && errno == ENOENT) /* a level without quota */
        return;
    if (source->cgroup_count < USAGE_CGROUPS_MAX)
        copy = strdup(path);
    if (copy)
        source->cgroups[source->cgroup_count++] = copy;
    else
        source->cgroups_are_known = false;
}

int usage_source_new(struct usage_source **ret_source)
{
    /* The needed CPUs are the first lines of /proc/stat; the rest is not needed. */
    size_t text_bytes = TEXT_BYTES + (size_t)CPU_TIME_LINE_BYTES * CPUS_MAX;
    struct usage_source *source = calloc(1, sizeof(*source) + text_bytes);

    if (!source)
        return -ENOMEM;
    source->text_bytes = text_bytes;
    source->tick_ns = cpu_time_tick_ns();
    if (cpus_read(&source->cpus) < 0)
        source->cpus.count = 0;
    source->stat_fd = -1;
    if (!platform_is_covered(CPU_TIME_FILE)) /* a container's own file is for other CPUs */
        source->stat_fd = open(CPU_TIME_FILE, O_RDONLY | O_CLOEXEC);
    source->snmp_fd = open(PLATFORM_SELF "/net/snmp", O_RDONLY | O_CLOEXEC);
    source->netstat_fd = open(PLATFORM_SELF "/net/netstat", O_RDONLY | O_CLOEXEC);
    source->cgroups_are_known = true;
    if (!cgroup_visit(PLATFORM_SELF, "cpu", cgroup_add, source))
        source->cgroups_are_known = false;
    *ret_source = source;
    return 0;
}

static void fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

static int cgroup_open(const struct usage_source *source, uint32_t i)
{
    return open(source->cgroups[i], O_RDONLY | O_CLOEXEC);
}

void usage_source_keep_open(struct usage_source *source)
{
    source->keeps_open = true;
    for (uint32_t i = 0; i < source->cgroup_count; i++)
        source->cgroup_fds[i] = cgroup_open(source, i);
}

void usage_source_free(struct usage_source *source)
{
    if (!source)
        return;
    fd_close(source->stat_fd);
    fd_close(source->snmp_fd);
    fd_close(source->netstat_fd);
    for (uint32_t i = 0; i < source->cgroup_count; i++) {
        if (source->keeps_open)
            fd_close(source->cgroup_fds[i]);
        free(source->cgroups[i]);
    }
    free(source);
}

/* Read a file again, from its start. Returns its text, "" if there is none. */
static const char *text_read(struct usage_source *source, int fd)
{
    size_t length = 0;

    while (fd >= 0 && length < source->text_bytes - 1) {
        ssize_t got =
            pread(fd, source->text + length, source->text_bytes - 1 - length, (off_t)length);

        if (got <= 0)
            break;
        length += (size_t)got;
    }
    source->text[length] = '\0';
    return source->text;
}

/* The cpu.stat of a level; NULL: it cannot be read. */
static const char *cgroup_text_read(struct usage_source *source, uint32_t i)
{
    int fd = source->keeps_open ? source->cgroup_fds[i] : cgroup_open(source, i);
    const char *text = text_read(source, fd);

    if (!source->keeps_open)
        fd_close(fd);
    return fd < 0 ? NULL : text;
}

/* Throttling by quotas, over all levels; unknown if one of them is. */
static void throttling_read(struct usage_source *source, struct usage *usage)
{
    if (!source->cgroups_are_known)
        return;
    usage->throttled_count = usage->throttled_ns = 0;
    for (uint32_t i = 0; i < source->cgroup_count; i++) {
        const char *text = cgroup_text_read(source, i);

        if (text)
            usage_text_throttling(text, usage);
        else
            usage->throttled_count = usage->throttled_ns = FACT_UNKNOWN;
    }
}

void usage_read(struct usage_source *source, struct usage *ret_usage)
{
    struct cpu_time cpus =
        cpu_time_parse(text_read(source, source->stat_fd), &source->cpus, source->tick_ns);

    *ret_usage = usage_unknown();
    ret_usage->time_ns = clock_now_ns();
    ret_usage->process_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    ret_usage->busy_ns = cpus.busy_ns;
    ret_usage->softirq_ns = cpus.softirq_ns;
    ret_usage->idle_ns = cpus.idle_ns;
    ret_usage->steal_ns = cpus.steal_ns;
    usage_text_tcp(text_read(source, source->snmp_fd), ret_usage);
    usage_text_tcp(text_read(source, source->netstat_fd), ret_usage);
    throttling_read(source, ret_usage);
}

void usage_read_more(struct usage_source *source, struct usage_more *ret_more)
{
    *ret_more = (struct usage_more){FACT_UNKNOWN, FACT_UNKNOWN};
    usage_text_tcp_more(text_read(source, source->netstat_fd), ret_more);
    if (!source->cgroups_are_known)
        return;
    ret_more->period_count = 0;
    for (uint32_t i = 0; i < source->cgroup_count; i++) {
        const char *text = cgroup_text_read(source, i);

        if (text)
            usage_text_periods(text, ret_more);
        else
            ret_more->period_count = FACT_UNKNOWN;
    }
}

void usage_read_cpus(struct usage_source *source, const int *cpus, uint32_t count,
                     struct cpu_time *ret_times)
{
    const char *text = text_read(source, source->stat_fd);

    for (uint32_t i = 0; i < count; i++) {
        struct cpus one = {.count = cpus[i] >= 0, .ids = {(uint16_t)(cpus[i] >= 0 ? cpus[i] : 0)}};

        ret_times[i] = cpu_time_parse(text, &one, source->tick_ns);
    }
}

/* All members are totals of one type, so none can be missed. */
enum { TOTALS = sizeof(struct usage) / sizeof(uint64_t) };

struct usage usage_unknown(void)
{
    struct usage usage;

    memset(&usage, 0xff, sizeof(usage));
    _Static_assert(FACT_UNKNOWN == UINT64_MAX, "all bits of it are set");
    return usage;
}

struct usage usage_subtract(const struct usage *now, const struct usage *before)
{
    uint64_t totals[TOTALS], olds[TOTALS];
    struct usage difference;

    memcpy(totals, now, sizeof(totals));
    memcpy(olds, before, sizeof(olds));
    for (size_t i = 0; i < TOTALS; i++)
        totals[i] = fact_since(totals[i], olds[i]);
    memcpy(&difference, totals, sizeof(difference));
    if (difference.busy_ns == 0 && difference.idle_ns == 0) /* it counts no time at all */
        difference.busy_ns = difference.softirq_ns = difference.idle_ns = difference.steal_ns =
            FACT_UNKNOWN;
    return difference;
}
