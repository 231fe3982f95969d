/* Where the socket of a flow comes from, and where it goes. Private to the flows. */
#ifndef HELLO_FLOW_SOCKET_H
#define HELLO_FLOW_SOCKET_H

#include "load/flow.h"

/* Get a socket that may connect to the target of a lane, bound if sources were given, to the next
 * place that a socket can be bound to; *tries, 0 at first, counts them. Returns it, or -errno with
 * *ret_result what that counts as. */
int flow_socket_open(struct flows *flows, uint32_t lane, uint16_t *tries, enum result *ret_result);

/* True if a connect that failed with this error may succeed from another place. */
bool flow_socket_may_try(const struct flows *flows, uint32_t lane, uint16_t tries, int error);

/* What became of a handshake that is told to be done: engine_connect_error, and -ECONNREFUSED for a
 * socket that met itself. Where nobody listens at a port that connections come from, one of them
 * meets its own SYN sooner or later, which makes a connection (RFC 9293 3.5, simultaneous open).
 * Returns 0 or -errno. */
int flow_socket_connect_error(const struct flows *flows, uint32_t lane, int sock);

/* True if what a flow of this lane says could be told to itself. */
bool flow_socket_may_echo(const struct flows *flows, uint32_t lane);

/* Give the socket of a flow back; nothing is pending on it. */
void flow_socket_close(struct flows *flows, uint32_t lane, int sock, enum result result);

#endif
