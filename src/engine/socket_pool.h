/* Sockets whose connection has ended, kept to make another. What it spares the kernel, a socket, an
 * inode, a file and a descriptor, is a seventh of what a short connection costs over loopback.
 *
 * On the wire each connection has its own port, handshake and FIN, as ever. A socket can only be
 * kept if its FIN was acknowledged at once, so where that takes a round trip the pool mostly does
 * not try: it pauses, and tries again now and then, since one bad moment must not decide a whole
 * run. Private to the engines; the functions stand in engine.h. */
#ifndef HELLO_SOCKET_POOL_H
#define HELLO_SOCKET_POOL_H

#include <stdint.h>

#define SOCKET_POOL_MAX 256u /* of one family */

/* After so many in a row that could not be kept the next closes are not tried: so many at first,
 * and twice as many each time that the one tried after the pause could not be kept either. So
 * trying costs next to nothing where it is in vain, and one close that works ends it all. */
#define SOCKET_POOL_MISSES_MAX 32u
#define SOCKET_POOL_PAUSE_MIN  1024u
#define SOCKET_POOL_PAUSE_MAX  65536u

/* Those of one family; zeroed: none. */
struct socket_pool {
    uint32_t count;
    uint32_t misses;     /* in a row */
    uint32_t pause_left; /* closes that are still not tried */
    uint32_t pause;      /* how many the last pause was; 0: none since one was kept */
    uint64_t opened;     /* sockets that were made ... */
    uint64_t reused;     /* ... and that were used again */
    int socks[SOCKET_POOL_MAX];
};

#endif
