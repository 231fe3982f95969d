/* The Unix socket of a handover, and who is at its other end (unix(7)). */
#ifndef HELLO_HANDOVER_SOCKET_H
#define HELLO_HANDOVER_SOCKET_H

#include <stdbool.h>

#include <sys/types.h>

struct handover_peer {
    int fd;
    pid_t pid; /* 0: in another PID namespace */
    uid_t user;
};

/* Connect to the process that serves at `path`, and learn who it is. Does not wait. Returns 0 (the
 * caller closes ret_peer->fd), or -errno: -ENOENT (no such path), -ECONNREFUSED (nobody serves
 * there), -EAGAIN (many are asking), -EPROTOTYPE (another program's socket), -ENOTSOCK (a file). */
int handover_socket_connect(const char *path, struct handover_peer *ret_peer);

/* Listen at `path`, for this user only (mode 0600). A socket that nobody serves is replaced.
 * Returns the socket or -errno: -ENOTSOCK (a file is there), -EADDRINUSE (somebody serves there).
 */
int handover_socket_listen(const char *path);

/* Become the process that others learn of when they connect: SO_PEERCRED shows who called listen(2)
 * last. What fails does not matter. */
void handover_socket_own(int control_fd);

/* Accept one that connected. Returns 0 (the caller closes ret_peer->fd) or -errno. */
int handover_socket_accept(int control_fd, struct handover_peer *ret_peer);

/* True if the other process is of this user, or root's. */
bool handover_peer_is_trusted(const struct handover_peer *peer);

#endif
