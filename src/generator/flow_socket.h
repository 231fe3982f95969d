/* How a flow gets its socket, and gives it back. Private to the flows. */
#ifndef HELLO_FLOW_SOCKET_H
#define HELLO_FLOW_SOCKET_H

#include "generator/flow.h"

/* Get a socket that may connect to a target, bound to the next source that can be bound if sources
 * were given; *tries, 0 at first, counts them. Returns it, or -errno with the result in
 * *ret_result. */
int flow_socket_open(struct flows *flows, uint32_t target, uint16_t *tries,
                     enum result *ret_result);

/* True if a connect that failed with this error may succeed from another source. */
bool flow_socket_may_try(const struct flows *flows, uint32_t target, uint16_t tries, int error);

/* The real outcome of a handshake reported as done: engine_connect_error, and -ECONNREFUSED for a
 * socket connected to itself. If nothing listens on a port that is also used as a source port, a
 * socket sooner or later meets its own SYN and connects (RFC 9293 3.5, simultaneous open). Returns
 * 0 or -errno. */
int flow_socket_connect_error(const struct flows *flows, uint32_t target, int sock);

/* True if a flow to this target could be connected to itself and receive its own bytes. */
bool flow_socket_may_echo(const struct flows *flows, uint32_t target);

/* Give the socket of a flow back; nothing may be pending on it. */
void flow_socket_close(struct flows *flows, uint32_t target, int sock, enum result result);

#endif
