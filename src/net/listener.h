/* A listening TCP socket: one per worker, all on the same address. */
#ifndef HELLO_LISTENER_H
#define HELLO_LISTENER_H

#include "net/address.h"

#include <stdbool.h>
#include <stdint.h>

/* Bind and listen. With address port 0 the kernel picks one, which is written back to *address. An
 * IPv6 socket also takes IPv4 (IPV6_V6ONLY off). The first listener of a group fails with
 * -EADDRINUSE if another process listens there, even a group that shares its port (SO_REUSEPORT),
 * or one that opens it at the same moment and listens first; later ones join the first. *ret_step
 * names the system call that failed. Returns the descriptor, for listener_close, or -errno. */
int listener_open(struct address *address, int backlog, bool first, const char **ret_step);

/* Take over a listening socket that was opened elsewhere: check that it is one (stream, TCP, IPv4
 * or IPv6, listening, with a port), remove a filter that its last owner attached to refuse clients
 * (SO_DETACH_FILTER; the filter belongs to the socket, not to a process), and set FD_CLOEXEC.
 * Returns 0 with *ret_address, or -errno with *ret_problem: what is wrong. The descriptor stays
 * open either way. */
int listener_adopt(int listener_fd, struct address *ret_address, const char **ret_problem);

/* Change how many connections may wait, if possible (listen(2) may be called again). */
void listener_set_backlog(int listener_fd, int backlog);

/* Close a listener: connections in its accept queue are reset. It is shut down first: this frees
 * the port even if the socket is still held, for example by a ring with a pending accept. */
void listener_close(int listener_fd);

/* Close our descriptor of a listener that another process goes on using: nothing else happens to
 * it. No accept may be pending. */
void listener_leave(int listener_fd);

/* How many connections may wait to be accepted: the kernel's value for the requested backlog.
 * Returns 0 if it is unknown. */
uint32_t listener_backlog(int listener_fd);

/* Refuse new connections: SYNs are dropped from now on (a classic BPF filter, socket(7)), but
 * handshakes in progress complete, so the accept queue can be emptied before the socket is closed.
 * Returns 0 or -errno (nothing changed). */
int listener_refuse_new(int listener_fd);

/* Is a handshake in progress for a listener at this address: the SYN was answered, but the client's
 * ACK has not arrived? Returns 1 or 0, or -errno: the kernel cannot say (net/socket_diag.h). */
int listener_has_handshakes(const struct address *address);

/* True if a connection waits to be accepted. */
bool listener_has_waiting(int listener_fd);

#endif
