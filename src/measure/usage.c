#include "measure/usage.h"

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/cpus.h"
#include "base/platform.h"
#include "base/units.h"
#include "measure/usage_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUPS_MAX    32
#define TEXT_BYTES     (64u << 10) /* /proc/net/netstat, the largest, has some 5 KiB */
#define STAT_CPU_BYTES 256         /* of a line of /proc/stat, at the most */

struct usage_source {
    int stat_fd, snmp_fd, netstat_fd; /* -1: there is none */
    int cgroup_fds[CGROUPS_MAX];      /* cpu.stat of each level that has one */
    uint32_t cgroup_count;
    uint64_t ns_per_tick;
    struct cpus cpus;
    size_t text_bytes;
    char text[]; /* of one file at a time */
};

static void cgroup_open(void *context, const char *directory, bool v2)
{
    struct usage_source *source = context;
    char path[PATH_MAX + 16];
    int fd;

    (void)v2; /* the names in the file tell */
    if (source->cgroup_count == CGROUPS_MAX)
        return;
    snprintf(path, sizeof(path), "%s/cpu.stat", directory);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        source->cgroup_fds[source->cgroup_count++] = fd;
}

int usage_source_new(struct usage_source **ret_source)
{
    /* The CPUs that count are the first lines of /proc/stat; what follows them is not needed. */
    size_t text_bytes = TEXT_BYTES + (size_t)STAT_CPU_BYTES * CPUS_MAX;
    struct usage_source *source = calloc(1, sizeof(*source) + text_bytes);
    long ticks_per_s = sysconf(_SC_CLK_TCK);

    if (!source)
        return -ENOMEM;
    source->text_bytes = text_bytes;
    source->ns_per_tick = NS_PER_S / (ticks_per_s > 0 ? (uint64_t)ticks_per_s : 100);
    cpus_read(&source->cpus);
    source->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    source->snmp_fd = open(PLATFORM_SELF "/net/snmp", O_RDONLY | O_CLOEXEC);
    source->netstat_fd = open(PLATFORM_SELF "/net/netstat", O_RDONLY | O_CLOEXEC);
    cgroup_visit(PLATFORM_SELF, "cpu", cgroup_open, source);
    *ret_source = source;
    return 0;
}

static void fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

void usage_source_free(struct usage_source *source)
{
    if (!source)
        return;
    fd_close(source->stat_fd);
    fd_close(source->snmp_fd);
    fd_close(source->netstat_fd);
    for (uint32_t i = 0; i < source->cgroup_count; i++)
        fd_close(source->cgroup_fds[i]);
    free(source);
}

/* Read a file anew, from its start. Returns its text, "" if there is none. */
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

void usage_read(struct usage_source *source, struct usage *ret_usage)
{
    *ret_usage = (struct usage){.time_ns = clock_now_ns(),
                                .process_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID)};
    usage_text_stat(text_read(source, source->stat_fd), &source->cpus, source->ns_per_tick,
                    ret_usage);
    usage_text_tcp(text_read(source, source->snmp_fd), ret_usage);
    usage_text_tcp(text_read(source, source->netstat_fd), ret_usage);
    for (uint32_t i = 0; i < source->cgroup_count; i++)
        usage_text_throttling(text_read(source, source->cgroup_fds[i]), ret_usage);
}

void usage_read_cpu(struct usage_source *source, uint16_t cpu, struct usage *ret_usage)
{
    struct cpus one = {.count = 1, .ids = {cpu}};

    *ret_usage = (struct usage){.time_ns = clock_now_ns()};
    usage_text_stat(text_read(source, source->stat_fd), &one, source->ns_per_tick, ret_usage);
}

/* All members are totals of one type, so that none can be left out. */
enum { TOTALS = sizeof(struct usage) / sizeof(uint64_t) };

struct usage usage_subtract(const struct usage *now, const struct usage *before)
{
    uint64_t totals[TOTALS], olds[TOTALS];
    struct usage difference;

    memcpy(totals, now, sizeof(totals));
    memcpy(olds, before, sizeof(olds));
    /* Steal has been seen to run backwards, after a virtual machine was moved. */
    for (size_t i = 0; i < TOTALS; i++)
        totals[i] = totals[i] > olds[i] ? totals[i] - olds[i] : 0;
    memcpy(&difference, totals, sizeof(difference));
    return difference;
}

struct usage usage_add(const struct usage *one, const struct usage *other)
{
    uint64_t totals[TOTALS], more[TOTALS];
    struct usage sum;

    memcpy(totals, one, sizeof(totals));
    memcpy(more, other, sizeof(more));
    for (size_t i = 0; i < TOTALS; i++)
        totals[i] += more[i];
    memcpy(&sum, totals, sizeof(sum));
    return sum;
}
