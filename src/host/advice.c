#include "host/advice.h"

#include "host/cgroup.h"
#include "host/platform.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/resource.h>

/* More than the kernel's own structures for a socket, a thread or a ring need in addition: a limit
 * with less than this left counts as reached. */
#define KERNEL_SLACK_BYTES (UINT64_C(64) << 10)

/* A small allocation fails if its allocator cannot get this much. */
#define LITTLE_BYTES (UINT64_C(1) << 20)

static uint64_t limit_read(enum __rlimit_resource resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return ADVICE_NO_LIMIT;
    return limit.rlim_cur;
}

static uint64_t number_read(const char *path)
{
    uint64_t number;

    return platform_number_read(path, &number) < 0 ? ADVICE_NO_LIMIT : number;
}

static uint64_t number_read_in(const char *directory, const char *name)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return number_read(path);
}

/* Test if this much can be mapped, without touching it. */
static bool can_map(uint64_t bytes, int protection)
{
    void *pages = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (pages == MAP_FAILED)
        return false;
    munmap(pages, bytes);
    return true;
}

/* RLIMIT_MEMLOCK applies without CAP_IPC_LOCK over the whole machine, thus also to root in a
 * container: try to lock one page more than it allows, touching none (mlock2(2)). */
static bool memlock_binds(uint64_t limit_bytes)
{
    uint64_t bytes = limit_bytes + (uint64_t)sysconf(_SC_PAGESIZE);
    void *pages = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool binds;

    if (pages == MAP_FAILED)
        return geteuid() != 0;
    binds = mlock2(pages, bytes, MLOCK_ONFAULT) < 0;
    munmap(pages, bytes);
    return binds;
}

static void memory_visit(void *context, const char *directory, bool v2)
{
    struct advice_limits *limits = context;
    uint64_t limit_bytes = number_read_in(directory, v2 ? "memory.max" : "memory.limit_in_bytes");
    uint64_t used_bytes =
        number_read_in(directory, v2 ? "memory.current" : "memory.usage_in_bytes");

    if (limit_bytes == ADVICE_NO_LIMIT || used_bytes == ADVICE_NO_LIMIT ||
        limit_bytes >= limits->cgroup_bytes)
        return;
    if (used_bytes >= limit_bytes ||
        limit_bytes - used_bytes < limits->needed_bytes + KERNEL_SLACK_BYTES)
        limits->cgroup_bytes = limit_bytes;
}

static void tasks_visit(void *context, const char *directory, bool v2)
{
    struct advice_limits *limits = context;
    uint64_t limit = number_read_in(directory, "pids.max");
    uint64_t used = number_read_in(directory, "pids.current");

    (void)v2;
    if (limit != ADVICE_NO_LIMIT && used != ADVICE_NO_LIMIT && used >= limit &&
        limit < limits->cgroup_tasks)
        limits->cgroup_tasks = limit;
}

/* The sysctl that limits the threads of the machine, if it is reached: their number is in
 * /proc/loadavg after a slash (proc(5)). */
static uint64_t machine_threads_reached(void)
{
    uint64_t threads_max = number_read("/proc/sys/kernel/threads-max");
    uint64_t pid_max = number_read("/proc/sys/kernel/pid_max");
    uint64_t limit = threads_max < pid_max ? threads_max : pid_max;
    char text[128];
    const char *slash = strchr(platform_text_read("/proc/loadavg", text, sizeof(text)), '/');

    /* IDs of ended threads are not free at once. */
    return slash && strtoull(slash + 1, NULL, 10) >= limit - limit / 16 ? limit : ADVICE_NO_LIMIT;
}

/* RLIMIT_NPROC applies to all but the machine's root; root in a container may not be it
 * (user_namespaces(7)). */
static bool is_root_of_the_machine(void)
{
    char text[64];
    char *outside;

    platform_text_read("/proc/self/uid_map", text, sizeof(text)); /* "0 0 4294967295": as outside */
    return geteuid() == 0 && strtoul(text, &outside, 10) == 0 && strtoul(outside, NULL, 10) == 0;
}

static unsigned kernel_read(void)
{
    char text[64];
    char *end;
    unsigned long major;

    platform_word_read("/proc/sys/kernel/osrelease", text, sizeof(text));
    major = strtoul(text, &end, 10);
    return *end == '.' ? (unsigned)(major * 1000 + strtoul(end + 1, NULL, 10)) : 0;
}

static bool seccomp_read(void)
{
    char text[4096];
    const char *line =
        strstr(platform_text_read("/proc/self/status", text, sizeof(text)), "\nSeccomp:");

    return line && strtoul(line + strlen("\nSeccomp:"), NULL, 10) == 2;
}

void advice_limits_measure(uint64_t needed_bytes, struct advice_limits *ret_limits)
{
    uint64_t wanted_bytes = needed_bytes ? needed_bytes : LITTLE_BYTES;
    uint64_t disabled = number_read("/proc/sys/kernel/io_uring_disabled");
    uint64_t memlock_bytes = limit_read(RLIMIT_MEMLOCK);
    struct advice_limits *limits = ret_limits;

    *limits = (struct advice_limits){
        .descriptors = limit_read(RLIMIT_NOFILE),
        .files = number_read("/proc/sys/fs/file-max"),
        .watches = number_read("/proc/sys/fs/epoll/max_user_watches"),
        .memlock_bytes = ADVICE_NO_LIMIT,
        .needed_bytes = wanted_bytes,
        .address_space_bytes = ADVICE_NO_LIMIT,
        .data_bytes = ADVICE_NO_LIMIT,
        .cgroup_bytes = ADVICE_NO_LIMIT,
        .cgroup_tasks = ADVICE_NO_LIMIT,
        .machine_threads = machine_threads_reached(),
        .user_threads = is_root_of_the_machine() ? ADVICE_NO_LIMIT : limit_read(RLIMIT_NPROC),
        .seccomp = seccomp_read(),
        .io_uring_disabled = disabled == ADVICE_NO_LIMIT ? -1 : (int)disabled,
        .kernel = kernel_read(),
    };
    if (memlock_bytes != ADVICE_NO_LIMIT && memlock_binds(memlock_bytes))
        limits->memlock_bytes = memlock_bytes;
    if (!can_map(wanted_bytes, PROT_NONE)) {
        limits->address_space_bytes = limit_read(RLIMIT_AS);
        limits->no_mapping = limits->address_space_bytes == ADVICE_NO_LIMIT;
    } else if (!can_map(wanted_bytes, PROT_READ | PROT_WRITE)) {
        limits->data_bytes = limit_read(RLIMIT_DATA);
        limits->no_mapping = limits->data_bytes == ADVICE_NO_LIMIT;
    }
    cgroup_visit(PLATFORM_SELF, "memory", memory_visit, limits);
    cgroup_visit(PLATFORM_SELF, "pids", tasks_visit, limits);
}

/* "raise WHAT, which is N UNIT". */
static void write_raise(const char *what, uint64_t limit, const char *unit, char text[ADVICE_BYTES])
{
    if (limit == ADVICE_NO_LIMIT)
        snprintf(text, ADVICE_BYTES, "raise %s", what);
    else
        snprintf(text, ADVICE_BYTES, "raise %s, which is %" PRIu64 "%s", what, limit, unit);
}

/* Does the kernel count rings as locked memory? Up to Linux 5.11, and again since 6.14, which uses
 * regions (io_create_region in io_uring/memmap.c). */
static bool rings_are_locked(const struct advice_limits *limits)
{
    return limits->kernel < 5012 || limits->kernel >= 6014;
}

static void write_memory(const char *call, const struct advice_limits *limits,
                         char text[ADVICE_BYTES])
{
    bool locked = strcmp(call, "io_uring_setup") == 0 && rings_are_locked(limits) &&
                  limits->memlock_bytes != ADVICE_NO_LIMIT;
    bool reached = limits->address_space_bytes != ADVICE_NO_LIMIT ||
                   limits->cgroup_bytes != ADVICE_NO_LIMIT || limits->no_mapping;

    if (locked && (limits->needed_bytes > limits->memlock_bytes || !reached))
        snprintf(text, ADVICE_BYTES,
                 "raise ulimit -l (LimitMEMLOCK=), which is %" PRIu64
                 " KiB for all processes of this user together: each worker's ring takes %" PRIu64
                 " KiB of it",
                 limits->memlock_bytes >> 10, (limits->needed_bytes + 1023) >> 10);
    else if (limits->address_space_bytes != ADVICE_NO_LIMIT)
        write_raise("ulimit -v (LimitAS=)", limits->address_space_bytes >> 10, " KiB", text);
    else if (limits->data_bytes != ADVICE_NO_LIMIT)
        write_raise("ulimit -d (LimitDATA=)", limits->data_bytes >> 10, " KiB", text);
    else if (limits->cgroup_bytes != ADVICE_NO_LIMIT)
        write_raise("the memory limit of the cgroup (MemoryMax=, --memory)",
                    limits->cgroup_bytes >> 10, " KiB and used up", text);
    else if (limits->no_mapping)
        snprintf(text, ADVICE_BYTES,
                 "the kernel maps no more memory: see the sysctls "
                 "vm.overcommit_memory and vm.max_map_count");
    else
        snprintf(text, ADVICE_BYTES,
                 "the machine is short of memory: no limit of this process is "
                 "reached");
}

/* pthread_create(3) also fails with EAGAIN if memory is low. */
static void write_threads(const struct advice_limits *limits, char text[ADVICE_BYTES])
{
    bool no_room = limits->address_space_bytes != ADVICE_NO_LIMIT ||
                   limits->data_bytes != ADVICE_NO_LIMIT || limits->no_mapping;

    if (limits->cgroup_tasks != ADVICE_NO_LIMIT)
        write_raise("pids.max of the cgroup (TasksMax=, --pids-limit)", limits->cgroup_tasks,
                    " and used up", text);
    else if (limits->machine_threads != ADVICE_NO_LIMIT)
        write_raise("the sysctls kernel.threads-max and kernel.pid_max", limits->machine_threads,
                    " and used up", text);
    else if (limits->user_threads != ADVICE_NO_LIMIT && !no_room)
        write_raise("ulimit -u (LimitNPROC=)", limits->user_threads,
                    " threads for all processes of this user together", text);
    else
        write_memory("mmap", limits, text);
}

/* The system call that a sandbox sees for a libc function: glibc makes threads by clone3, or by
 * clone if there is no clone3. */
static const char *call_in_profiles(const char *call)
{
    static const char *const names[][2] = {{"pthread_create", "clone3 and clone"},
                                           {"eventfd", "eventfd2"},
                                           {"send", "sendto"},
                                           {"recv", "recvfrom"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(call, names[i][0]) == 0)
            return names[i][1];
    }
    return call;
}

/* Advice for a refusal by a rule, not by a shortage. */
static void write_refusal(const char *call, int error, const struct advice_limits *limits,
                          char text[ADVICE_BYTES])
{
    bool io_uring = strncmp(call, "io_uring", strlen("io_uring")) == 0;
    const char *allowed = call_in_profiles(call);

    if (io_uring && error != ENOSYS && limits->io_uring_disabled > 0)
        snprintf(text, ADVICE_BYTES, "the sysctl kernel.io_uring_disabled is %d: set it to 0%s",
                 limits->io_uring_disabled,
                 limits->io_uring_disabled == 1 ? ", or join the group kernel.io_uring_group" : "");
    else if (limits->seccomp)
        snprintf(text, ADVICE_BYTES,
                 "a sandbox refuses it (a seccomp filter is in force): allow %s in its profile",
                 allowed);
    else if (io_uring && error == ENOSYS)
        snprintf(text, ADVICE_BYTES,
                 "use Linux 6.1 or newer, built with CONFIG_IO_URING, and no "
                 "sandbox that hides it");
    else
        snprintf(text, ADVICE_BYTES,
                 "a sandbox or a security module refuses it: allow %s in its profile", allowed);
}

char *advice_write(const char *call, int error, const struct advice_limits *limits,
                   char text[ADVICE_BYTES])
{
    bool io_uring = strncmp(call, "io_uring", strlen("io_uring")) == 0;

    if (error == EMFILE)
        write_raise("the descriptor limit (ulimit -n, LimitNOFILE=)", limits->descriptors, "",
                    text);
    else if (error == ENFILE)
        write_raise("the sysctl fs.file-max", limits->files, " and used up", text);
    else if (error == ENOSPC && strcmp(call, "epoll_ctl") == 0)
        write_raise("the sysctl fs.epoll.max_user_watches", limits->watches,
                    " for all processes of this user together", text);
    else if (error == EAGAIN && strcmp(call, "pthread_create") == 0)
        write_threads(limits, text);
    else if (error == ENOMEM || error == ENOBUFS || error == EAGAIN)
        write_memory(call, limits, text);
    else if (error == EPERM || error == EACCES || error == ENOSYS)
        write_refusal(call, error, limits, text);
    else if (io_uring && (error == EINVAL || error == EOPNOTSUPP))
        snprintf(text, ADVICE_BYTES, "the kernel is too old: use Linux 6.1 or newer");
    else
        snprintf(text, ADVICE_BYTES, "see %s(%s)", call, strncmp(call, "pthread", 7) ? "2" : "3");
    return text;
}

char *advice_find(const char *call, int error, uint64_t needed_bytes, char text[ADVICE_BYTES])
{
    struct advice_limits limits;

    advice_limits_measure(needed_bytes, &limits);
    return advice_write(call, error, &limits, text);
}
