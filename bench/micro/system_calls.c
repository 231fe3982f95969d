#include "system_calls.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/perf_event.h>
#include <sys/syscall.h>

/* Where the number of the tracepoint is: tracefs, or debugfs if there is nothing else. */
static const char *const id_paths[] = {
    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
};

/* Returns the number of the tracepoint, or -errno with what is missing in error. */
static long tracepoint_id(char error[SYSTEM_CALLS_ERROR_BYTES])
{
    long id = -ENOENT;

    for (size_t i = 0; id < 0 && i < sizeof(id_paths) / sizeof(id_paths[0]); i++) {
        char text[32] = "";
        FILE *file = fopen(id_paths[i], "re");

        if (!file) {
            id = id == -EACCES ? id : -errno; /* it says more than ENOENT */
            continue;
        }
        if (fgets(text, sizeof(text), file))
            id = strtol(text, NULL, 10);
        fclose(file);
    }
    if (id < 0)
        snprintf(error, SYSTEM_CALLS_ERROR_BYTES, "%s: %s; needs root and tracefs", id_paths[0],
                 strerror((int)-id));
    return id;
}

/* Count the calls of a thread from now on. Returns the counter or -errno. */
static int thread_count_begin(long id, pid_t thread)
{
    struct perf_event_attr what = {
        .type = PERF_TYPE_TRACEPOINT,
        .size = sizeof(what),
        .config = (uint64_t)id,
    };
    long fd = syscall(SYS_perf_event_open, &what, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);

    return fd < 0 ? -errno : (int)fd;
}

static void system_calls_close(struct system_calls *calls)
{
    for (uint32_t i = 0; i < calls->count; i++)
        close(calls->fds[i]);
    calls->count = 0;
}

/* Begin for this thread, then for all others that there are. Returns 0 or -errno. */
static int threads_count_begin(struct system_calls *calls, long id, DIR *threads)
{
    pid_t own = gettid();

    calls->fds[0] = thread_count_begin(id, own);
    if (calls->fds[0] < 0)
        return calls->fds[0];
    calls->count = 1;
    for (struct dirent *entry = readdir(threads); entry; entry = readdir(threads)) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

        if (thread <= 0 || thread == own) /* "." and ".." are no numbers */
            continue;
        if (calls->count == SYSTEM_CALLS_THREADS_MAX)
            return -E2BIG;
        calls->fds[calls->count] = thread_count_begin(id, thread);
        if (calls->fds[calls->count] < 0)
            return calls->fds[calls->count];
        calls->count++;
    }
    return 0;
}

int system_calls_begin(struct system_calls *calls, char error[SYSTEM_CALLS_ERROR_BYTES])
{
    long id = tracepoint_id(error);
    DIR *threads;
    int result;

    calls->count = 0;
    if (id < 0)
        return (int)id;
    threads = opendir("/proc/self/task");
    result = threads ? threads_count_begin(calls, id, threads) : -errno;
    if (threads)
        closedir(threads);
    if (result < 0) {
        snprintf(error, SYSTEM_CALLS_ERROR_BYTES,
                 "perf_event_open: %s; needs root, or kernel.perf_event_paranoid below 0",
                 strerror(-result));
        system_calls_close(calls);
    }
    return result;
}

int system_calls_end(struct system_calls *calls, uint64_t *ret_own, uint64_t *ret_others)
{
    uint64_t own = 0, others = 0;
    int result = 0;

    for (uint32_t i = 0; i < calls->count; i++) {
        uint64_t value;

        if (read(calls->fds[i], &value, sizeof(value)) != (ssize_t)sizeof(value)) {
            result = -EIO;
            break;
        }
        *(i == 0 ? &own : &others) += value;
    }
    system_calls_close(calls);
    if (result == 0) {
        *ret_own = own;
        *ret_others = others;
    }
    return result;
}
