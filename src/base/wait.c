#include "base/wait.h"

#include "base/clock.h"
#include "base/units.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <sys/select.h>

/* An fd_set holds FD_SETSIZE descriptors, and the kernel takes several in a row as one. */
struct wait_set {
    fd_set parts[WAIT_FDS_MAX / FD_SETSIZE];
};

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static void set_add(struct wait_set *set, int fd)
{
    FD_SET(fd % FD_SETSIZE, &set->parts[fd / FD_SETSIZE]);
}

static bool set_has(const struct wait_set *set, int fd)
{
    return FD_ISSET(fd % FD_SETSIZE, &set->parts[fd / FD_SETSIZE]);
}

/* As ppoll(2) returns, by pselect(2). */
static int select_fds(struct pollfd *fds, nfds_t count, const struct timespec *timeout)
{
    struct wait_set in, out;
    int end = 0, ready = 0;

    memset(&in, 0, sizeof(in));
    memset(&out, 0, sizeof(out));
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd >= WAIT_FDS_MAX)
            return -EINVAL;
        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        if (fds[i].events & POLLIN)
            set_add(&in, fds[i].fd);
        if (fds[i].events & POLLOUT)
            set_add(&out, fds[i].fd);
        end = fds[i].fd >= end ? fds[i].fd + 1 : end;
    }
    if (pselect(end, in.parts, out.parts, NULL, timeout, NULL) < 0)
        return -errno;
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd >= 0 && set_has(&in, fds[i].fd))
            fds[i].revents |= POLLIN;
        if (fds[i].fd >= 0 && set_has(&out, fds[i].fd))
            fds[i].revents |= POLLOUT;
        ready += fds[i].revents != 0;
    }
    return ready;
}

int wait_fds(struct pollfd *fds, nfds_t count, uint64_t timeout_ns)
{
    const struct timespec limit = timespec_of(timeout_ns);
    const struct timespec *timeout = timeout_ns == WAIT_FOREVER ? NULL : &limit;
    int ready = ppoll(fds, count, timeout, NULL);

    if (ready >= 0)
        return ready;
    return errno == EINTR ? -EINTR : select_fds(fds, count, timeout);
}

int wait_fd(int fd, short events, uint64_t timeout_ns)
{
    struct pollfd one = {.fd = fd, .events = events};
    uint64_t now_ns = clock_now_ns();
    uint64_t end_ns = timeout_ns < WAIT_FOREVER - now_ns ? now_ns + timeout_ns : WAIT_FOREVER;
    int result;

    for (;;) {
        uint64_t left_ns = end_ns == WAIT_FOREVER ? WAIT_FOREVER : end_ns - now_ns;

        result = wait_fds(&one, 1, left_ns);
        if (result != -EINTR)
            break;
        now_ns = clock_now_ns();
        if (now_ns >= end_ns)
            return 0;
    }
    for (; result < 0 && end_ns != WAIT_FOREVER && now_ns < end_ns; now_ns = clock_now_ns())
        clock_pause(end_ns - now_ns);
    return result > 0 ? one.revents : result;
}
