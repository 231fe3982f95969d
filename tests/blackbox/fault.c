/* Loaded into a program by LD_PRELOAD: lets calls of one function, FAULT_FUNCTION, or of several,
 * with commas in between, fail or wait.
 *
 * One of them, by its number: FAULT_CALL=3 FAULT_REPORT=7: the fourth fails with ENOMEM, after one
 * byte was written to descriptor 7, which shows that it was reached. pthread_create gives EAGAIN,
 * and send says that all was sent, and sends nothing. With FAULT_HOLD=8 the call is not to fail: it
 * is made once a byte, or the end, can be read from descriptor 8.
 *
 * Those that a test wants to, while the program runs: FAULT_SWITCH=PATH names a file with four
 * numbers (int32_t), the errno, how many calls fail with it from now on (-1: all), in which thread
 * (0: any), and how many calls are made before. Operations of io_uring, too: fault_uring.c.
 *
 * Calls that the C library makes to itself do not come by here. */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* What a test writes to, mapped. */
struct fault_switch {
    atomic_int error;
    atomic_int calls;
    atomic_int thread;
    atomic_int before;
    _Atomic uint64_t seen; /* for the test: operations of io_uring, a bit for each */
};

static struct fault_switch *fault_switch;

__attribute__((constructor)) static void switch_open(void)
{
    const char *path = getenv("FAULT_SWITCH");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): it is the address that the kernel gives */
    fault_switch = (void *)syscall(SYS_mmap, NULL, sizeof(*fault_switch), PROT_READ | PROT_WRITE,
                                   MAP_SHARED, fd, 0);
    if (fault_switch == MAP_FAILED)
        abort();
    syscall(SYS_close, fd);
}

/* True if this function is one of those that may fail. */
static bool is_wanted(const char *function)
{
    const char *wanted = getenv("FAULT_FUNCTION");
    size_t length = strlen(function);

    for (; wanted; wanted = strchr(wanted, ',')) {
        wanted += *wanted == ',';
        if (strncmp(wanted, function, length) == 0 &&
            (wanted[length] == ',' || wanted[length] == '\0'))
            return true;
    }
    return false;
}

/* One less, unless there is none left or all are meant. Returns what it was. */
static int take_one(atomic_int *count)
{
    int left = atomic_load(count);

    while (left > 0 && !atomic_compare_exchange_weak(count, &left, left - 1))
        ;
    return left;
}

void fault_note(unsigned operation)
{
    if (fault_switch)
        atomic_fetch_or(&fault_switch->seen, UINT64_C(1) << operation % 64);
}

int fault_switched(const char *function)
{
    int thread;

    if (!fault_switch || !is_wanted(function))
        return 0;
    thread = atomic_load(&fault_switch->thread);
    if (thread && thread != gettid())
        return 0;
    if (!atomic_load(&fault_switch->calls) || take_one(&fault_switch->before) > 0)
        return 0;
    return take_one(&fault_switch->calls) ? atomic_load(&fault_switch->error) : 0;
}

/* Whether this is the call whose number was given. */
static bool fails(const char *function)
{
    static atomic_long calls;
    const char *call = getenv("FAULT_CALL");
    const char *report = getenv("FAULT_REPORT");
    const char *hold = getenv("FAULT_HOLD");
    bool reported;
    char byte;

    if (!call || !report || !is_wanted(function))
        return false;
    if (atomic_fetch_add(&calls, 1) != strtol(call, NULL, 10))
        return false;
    reported = write((int)strtol(report, NULL, 10), "!", 1) == 1;
    if (!hold)
        return reported;
    while (read((int)strtol(hold, NULL, 10), &byte, 1) < 0 && errno == EINTR)
        ;
    return false;
}

/* A function of the same name and type that fails when it is its turn. */
/* Lists of parameters cannot be in parentheses of their own, and a failure may be a pointer.
 * NOLINTBEGIN(bugprone-macro-parentheses, performance-no-int-to-ptr) */
#define FAULTY(type, name, parameters, arguments, failure) \
    type name parameters                                   \
    {                                                      \
        static type(*real) parameters;                     \
                                                           \
        int error = fault_switched(#name);                 \
                                                           \
        if (!real)                                         \
            *(void **)&real = dlsym(RTLD_NEXT, #name);     \
        if (error) {                                       \
            errno = error;                                 \
            return (type)(intptr_t)-1;                     \
        }                                                  \
        if (!fails(#name))                                 \
            return real arguments;                         \
        errno = ENOMEM;                                    \
        return failure;                                    \
    }

FAULTY(void *, malloc, (size_t bytes), (bytes), NULL)
FAULTY(void *, realloc, (void *old, size_t bytes), (old, bytes), NULL)
FAULTY(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes), NULL)
FAULTY(void *, mmap, (void *at, size_t bytes, int prot, int flags, int fd, off_t offset),
       (at, bytes, prot, flags, fd, offset), MAP_FAILED)
FAULTY(int, eventfd, (unsigned int value, int flags), (value, flags), -1)
FAULTY(int, epoll_create1, (int flags), (flags), -1)
FAULTY(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event),
       (epoll, op, fd, event), -1)
FAULTY(int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1)
FAULTY(ssize_t, send, (int fd, const void *data, size_t bytes, int flags), (fd, data, bytes, flags),
       (ssize_t)bytes)
FAULTY(int, listen, (int fd, int backlog), (fd, backlog), -1)
FAULTY(int, pthread_create,
       (pthread_t * thread, const pthread_attr_t *attributes, void *(*body)(void *),
        void *argument),
       (thread, attributes, body, argument), EAGAIN)

FAULTY(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout_ms),
       (epoll, events, count, timeout_ms), -1)
FAULTY(int, epoll_pwait2,
       (int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
        const sigset_t *signals),
       (epoll, events, count, timeout, signals), -1)
FAULTY(int, accept4, (int fd, struct sockaddr *address, socklen_t *bytes, int flags),
       (fd, address, bytes, flags), -1)
FAULTY(ssize_t, recv, (int fd, void *data, size_t bytes, int flags), (fd, data, bytes, flags), -1)
FAULTY(int, shutdown, (int fd, int how), (fd, how), -1)
FAULTY(int, close, (int fd), (fd), -1)

/* The clock of the kernel is behind by so many milliseconds as the errno would be. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
    static int (*real)(clockid_t, struct timespec *);
    int behind_ms = clock == CLOCK_MONOTONIC ? fault_switched("clock_gettime") : 0;
    int result;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    result = real(clock, time);
    time->tv_sec -= behind_ms / 1000;
    time->tv_nsec -= behind_ms % 1000 * 1000000;
    if (time->tv_nsec < 0) {
        time->tv_sec--;
        time->tv_nsec += 1000000000;
    }
    return result;
}
/* NOLINTEND(bugprone-macro-parentheses, performance-no-int-to-ptr) */

/* dlsym itself may call calloc, so that this one cannot look up the real one in time. */
extern void *__libc_calloc(size_t count, size_t bytes);

void *calloc(size_t count, size_t bytes)
{
    int error = fault_switched("calloc");

    if (!error && !fails("calloc"))
        return __libc_calloc(count, bytes);
    errno = error ? error : ENOMEM;
    return NULL;
}
