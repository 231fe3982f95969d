/* A listening TCP socket: one per worker, all on the same address. */
#ifndef HELLO_LISTENER_H
#define HELLO_LISTENER_H

#include "net/address.h"

#include <stdbool.h>
#include <stdint.h>

/* Bind and listen. With address port 0 the kernel picks one, which is written back to *address. An
 * IPv6 socket also takes IPv4 (IPV6_V6ONLY off). The first listener of a group fails with
 * -EADDRINUSE if anybody else listens there, be it another group that shares its port
 * (SO_REUSEPORT), or opens one at the same moment and listens first; those after the first join it.
 * *ret_step names the system call that failed. Returns the descriptor, for listener_close, or
 * -errno. */
int listener_open(struct address *address, int backlog, bool first, const char **ret_step);

/* End a listener: whoever waits in its accept queue is reset. It is shut down first, which frees
 * the port also where somebody else still holds the socket, as a ring does that waits to accept. */
void listener_close(int listener_fd);

/* How many connections may wait to be accepted: what the kernel made of the backlog that was asked
 * for. Returns 0 if it does not tell. */
uint32_t listener_backlog(int listener_fd);

/* Let no new connection begin: SYNs are dropped from here on (a classic BPF filter, socket(7)),
 * while handshakes under way complete, so that the accept queue can be emptied before the socket is
 * closed. Returns 0 or -errno (nothing changed). */
int listener_refuse_new(int listener_fd);

/* Whether a handshake is under way that leads to a listener at this address: its SYN was answered,
 * and the client's ACK is still to come. Returns 1 or 0, or -errno: the kernel does not tell
 * (net/socket_diag.h). */
int listener_has_handshakes(const struct address *address);

/* True if a connection waits to be accepted. */
bool listener_has_waiting(int listener_fd);

#endif
