/* Loaded into a program by LD_PRELOAD: lets one call of one function fail, or wait.
 *
 * FAULT_FUNCTION=mmap FAULT_CALL=3 FAULT_REPORT=7: the fourth mmap fails with ENOMEM, after one
 * byte was written to descriptor 7, which tells that it was reached. pthread_create gives EAGAIN,
 * and send says that all was sent, and sends nothing. With FAULT_HOLD=8 the call is not to fail: it
 * is made once a byte, or the end, can be read from descriptor 8. Calls that the C library makes to
 * itself do not come by here. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

static bool fails(const char *function)
{
    static atomic_long calls;
    const char *wanted = getenv("FAULT_FUNCTION");
    const char *call = getenv("FAULT_CALL");
    const char *report = getenv("FAULT_REPORT");
    const char *hold = getenv("FAULT_HOLD");
    bool reported;
    char byte;

    if (!wanted || !call || !report || strcmp(wanted, function) != 0)
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
/* NOLINTBEGIN(bugprone-macro-parentheses): lists of parameters cannot be in parentheses of their
 * own */
#define FAULTY(type, name, parameters, arguments, failure) \
    type name parameters                                   \
    {                                                      \
        static type(*real) parameters;                     \
                                                           \
        if (!real)                                         \
            *(void **)&real = dlsym(RTLD_NEXT, #name);     \
        if (!fails(#name))                                 \
            return real arguments;                         \
        errno = ENOMEM;                                    \
        return failure;                                    \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

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

/* dlsym itself may call calloc, so that this one cannot look up the real one in time. */
extern void *__libc_calloc(size_t count, size_t bytes);

void *calloc(size_t count, size_t bytes)
{
    if (!fails("calloc"))
        return __libc_calloc(count, bytes);
    errno = ENOMEM;
    return NULL;
}
