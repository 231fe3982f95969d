/* Plays a kernel with 8192 possible CPUs, of which a process may use those of MANY_CPUS:
 * "5000,8191". As such a kernel does, it refuses sets with too few bits. Loaded by LD_PRELOAD, or
 * linked.
 *
 * To the file MANY_CPUS_REPORT, if that is given, it adds a line with the CPUs of each set that it
 * takes. With MANY_CPUS_REFUSES it takes none, as a sandbox may. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POSSIBLE  8192
#define SET_BYTES (POSSIBLE / 8)

static unsigned char of_process[SET_BYTES]; /* what threads begin with: what the first one chose */
static bool is_chosen;
static _Thread_local unsigned char of_thread[SET_BYTES];
static _Thread_local bool is_thread_chosen;

static void allowed_read(unsigned char allowed[SET_BYTES])
{
    const char *text = getenv("MANY_CPUS");

    memset(allowed, 0, SET_BYTES);
    while (text && *text) {
        char *rest;
        unsigned long first = strtoul(text, &rest, 10);
        unsigned long last = *rest == '-' ? strtoul(rest + 1, &rest, 10) : first;

        for (unsigned long id = first; id <= last && id < POSSIBLE; id++)
            allowed[id / 8] |= (unsigned char)(1u << id % 8);
        text = *rest == ',' ? rest + 1 : "";
    }
}

int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set)
{
    unsigned char allowed[SET_BYTES];

    (void)pid; /* the calling thread, wherever this is used */
    if (bytes < SET_BYTES) {
        errno = EINVAL;
        return -1;
    }
    allowed_read(allowed);
    memset(set, 0, bytes);
    memcpy(set, is_thread_chosen ? of_thread : is_chosen ? of_process : allowed, SET_BYTES);
    return 0;
}

static void report(const unsigned char chosen[SET_BYTES])
{
    const char *path = getenv("MANY_CPUS_REPORT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    char line[256];
    size_t used = 0;

    for (unsigned id = 0; id < POSSIBLE && used < sizeof(line) - 8; id++) {
        if (chosen[id / 8] & 1u << id % 8)
            used += (size_t)snprintf(line + used, sizeof(line) - used, "%u ", id);
    }
    line[used - 1] = '\n'; /* no set is empty */
    if (fd >= 0 && write(fd, line, used) < 0)
        abort();
    if (fd >= 0)
        close(fd);
}

int sched_setaffinity(pid_t pid, size_t bytes, const cpu_set_t *set)
{
    unsigned char chosen[SET_BYTES];
    bool is_empty = true;

    (void)pid;
    if (getenv("MANY_CPUS_REFUSES")) {
        errno = EPERM;
        return -1;
    }
    allowed_read(chosen);
    for (size_t i = 0; i < SET_BYTES; i++) {
        chosen[i] &= i < bytes ? ((const unsigned char *)set)[i] : 0;
        is_empty = is_empty && chosen[i] == 0;
    }
    if (bytes < SET_BYTES || is_empty) {
        errno = EINVAL;
        return -1;
    }
    memcpy(of_thread, chosen, SET_BYTES);
    is_thread_chosen = true;
    if (gettid() == getpid()) {
        memcpy(of_process, chosen, SET_BYTES);
        is_chosen = true;
    }
    report(chosen);
    return 0;
}
