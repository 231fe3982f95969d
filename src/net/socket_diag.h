/* The TCP sockets at a port of this network namespace, reported by sock_diag(7). */
#ifndef HELLO_SOCKET_DIAG_H
#define HELLO_SOCKET_DIAG_H

#include "net/address.h"

#include <stdbool.h>
#include <stdint.h>

/* State bits for a query: LISTEN, SYN_RECV (a handshake in progress), and all others, including
 * sockets that are only bound (the kernel shows these since Linux 6.8). */
#define SOCKET_DIAG_LISTEN    (UINT32_C(1) << 10)
#define SOCKET_DIAG_HANDSHAKE (UINT32_C(1) << 3)
#define SOCKET_DIAG_OTHERS    UINT32_C(0x2bf6)

struct socket_diag {
    struct address local, peer;
    uint32_t state; /* one of the bits above; TIME-WAIT is SOCKET_DIAG_TIME_WAIT */
    uint32_t inode; /* of its descriptors; 0: none left */
    uint32_t user;  /* its creator */
    bool v6_only;   /* IPV6_V6ONLY */
};

#define SOCKET_DIAG_TIME_WAIT (UINT32_C(1) << 6)

/* Called for each socket; returns false if no more are wanted. */
typedef bool socket_diag_visitor(void *context, const struct socket_diag *socket);

/* Visit the sockets of both families with this local port and these states. The kernel walks
 * through all sockets for it. Returns 0, or -errno: not supported (no such socket, no such module,
 * a sandbox). Any thread. */
int socket_diag_visit(uint16_t port, uint32_t states, socket_diag_visitor *visitor, void *context);

#endif
