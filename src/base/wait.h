/* Waiting for descriptors. poll(2) refuses to (EINVAL) where RLIMIT_NOFILE is lower than the number
 * of descriptors that it is given, and prlimit(2) may lower that at any time; it may be short of
 * memory, and a sandbox may refuse it. There select(2) waits instead, which does not look at the
 * limit (Linux's fs/select.c); it costs more, so it is not the rule.
 *
 * Thread rule: any thread. Nothing is allocated or locked. */
#ifndef HELLO_WAIT_H
#define HELLO_WAIT_H

#include <poll.h>
#include <stdint.h>

/* A timeout that never comes. */
#define WAIT_FOREVER UINT64_MAX

/* select(2) waits for descriptors below this. Sockets of clients may be above, but are not waited
 * for here, and all others are opened before them. */
#define WAIT_FDS_MAX 4096

/* Wait like poll(2), with a timeout in nanoseconds. Returns how many are ready, 0 after the
 * timeout, or -errno at once: -EINTR (a signal came), or neither call can wait for them. `revents`
 * hold if some are ready. By select(2), what has hung up or broken is ready for what was asked. */
int wait_fds(struct pollfd *fds, nfds_t count, uint64_t timeout_ns);

/* Wait until a descriptor is ready for `events` (POLLIN, POLLOUT), also if signals come. fd -1:
 * just wait. Returns what it is ready for, maybe POLLERR or POLLHUP instead; 0 after the timeout;
 * or -errno, also after the timeout, so that no caller spins. */
int wait_fd(int fd, short events, uint64_t timeout_ns);

#endif
