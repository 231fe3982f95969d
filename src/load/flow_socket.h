/* Where the socket of a flow comes from, and where it goes. Private to the flows. */
#ifndef HELLO_FLOW_SOCKET_H
#define HELLO_FLOW_SOCKET_H

#include "load/flow.h"

/* Get a socket that may connect to the target of a lane, bound if sources were given. Returns it,
 * or -errno with *ret_result what that counts as. */
int flow_socket_open(struct flows *flows, uint32_t lane, enum result *ret_result);

/* Give the socket of a flow back; nothing is pending on it. */
void flow_socket_close(struct flows *flows, uint32_t lane, int sock, enum result result);

#endif
