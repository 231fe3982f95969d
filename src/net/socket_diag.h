/* What TCP sockets there are at a port of this network namespace, as the kernel tells by
 * sock_diag(7). */
#ifndef HELLO_SOCKET_DIAG_H
#define HELLO_SOCKET_DIAG_H

#include "net/address.h"

#include <stdbool.h>
#include <stdint.h>

/* Bits of the states that can be asked for: of LISTEN, of SYN_RECV (a handshake under way), and of
 * all others, those included that are only bound (the kernel shows these since Linux 6.8). */
#define SOCKET_DIAG_LISTEN    (UINT32_C(1) << 10)
#define SOCKET_DIAG_HANDSHAKE (UINT32_C(1) << 3)
#define SOCKET_DIAG_OTHERS    UINT32_C(0x2bf6)

struct socket_diag {
    struct address local, peer;
    uint32_t state; /* one of the bits above; TIME-WAIT is SOCKET_DIAG_TIME_WAIT */
    uint32_t inode; /* of its descriptors; 0: it has none any more */
    uint32_t user;  /* who made it */
    bool v6_only;   /* IPV6_V6ONLY */
};

#define SOCKET_DIAG_TIME_WAIT (UINT32_C(1) << 6)

/* Called for each socket; returns false if no more are wanted. */
typedef bool socket_diag_visitor(void *context, const struct socket_diag *socket);

/* Visit the sockets of both families whose local port this is, in these states. The kernel walks
 * through all sockets for it. Returns 0, or -errno: it does not tell (no such socket, no such
 * module, a sandbox). Any thread. */
int socket_diag_visit(uint16_t port, uint32_t states, socket_diag_visitor *visitor, void *context);

#endif
