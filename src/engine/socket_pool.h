/* Sockets whose connection has ended, kept to make another. What it spares the kernel, a socket, an
 * inode, a file and a descriptor, is a seventh of what a short connection costs over loopback.
 *
 * On the wire each connection has its own port, handshake and FIN, as ever. A socket can only be
 * kept if its FIN was acknowledged at once, so where that takes a round trip the pool soon stops
 * trying. Private to the engines; the functions stand in engine.h. */
#ifndef HELLO_SOCKET_POOL_H
#define HELLO_SOCKET_POOL_H

#include <stdint.h>

#define SOCKET_POOL_MAX 256u /* of one family */

/* After so many in a row that could not be kept none is tried any more. */
#define SOCKET_POOL_MISSES_MAX 32u

/* Those of one family; zeroed: none. */
struct socket_pool {
    uint32_t count;
    uint32_t misses;
    int socks[SOCKET_POOL_MAX];
};

#endif
