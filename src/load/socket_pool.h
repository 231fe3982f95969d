/* Sockets whose connection has ended, kept to make another. What it spares the kernel, a socket, an
 * inode, a file and a descriptor, is a seventh of what a short connection costs over loopback.
 *
 * On the wire each connection has its own port, handshake and FIN, as ever. A socket can only be
 * kept if its FIN was acknowledged at once, so where that takes a round trip the pool mostly does
 * not try: it pauses, and tries again now and then, since one bad moment must not decide a whole
 * run.
 *
 * Thread rule: a pool belongs to the thread of its engine. */
#ifndef HELLO_SOCKET_POOL_H
#define HELLO_SOCKET_POOL_H

#include "engine/engine.h"

#include <stdint.h>

#define SOCKET_POOL_MAX 256u /* of one family */

/* After so many in a row that could not be kept the next closes are not tried: so many at first,
 * and twice as many each time that the one tried after the pause could not be kept either. So
 * trying costs next to nothing where it is in vain, and one close that works ends it all. */
#define SOCKET_POOL_MISSES_MAX 32u
#define SOCKET_POOL_PAUSE_MIN  1024u
#define SOCKET_POOL_PAUSE_MAX  65536u

/* Those of one family. */
struct socket_pool_family {
    uint32_t count;
    uint32_t misses;     /* in a row */
    uint32_t pause_left; /* closes that are still not tried */
    uint32_t pause;      /* how many the last pause was; 0: none since one was kept */
    int socks[SOCKET_POOL_MAX];
};

/* Private to socket_pool.c, but for the counters, which may be read. Zeroed but for its engine: an
 * empty pool. */
struct socket_pool {
    struct engine *engine;                 /* that makes and closes them; the owner's */
    uint64_t opened;                       /* sockets that were made ... */
    uint64_t reused;                       /* ... and that were used again */
    struct socket_pool_family families[2]; /* IPv4 and IPv6 */
};

/* Get a TCP socket of the family AF_INET or AF_INET6 for engine_connect: one that was kept, or a
 * new one. Returns it, the caller's to give to engine_close or socket_pool_give, or -errno. */
int socket_pool_take(struct socket_pool *pool, int family);

/* Close a socket from socket_pool_take that has seen EOF and on which nothing is pending, as
 * engine_close without flags does, and keep it if engine_disconnect can. Only for sockets that are
 * as good as new (not bound, no options set, connected to an address without a scope and not
 * IPv4-mapped, little sent and received, as the kernel grows the buffers of the others), and only
 * where a port comes again a millisecond later at the earliest, so that timestamps tell its uses
 * apart. */
void socket_pool_give(struct socket_pool *pool, int sock, int family);

/* Close all that are kept; before the engine ends. */
void socket_pool_close(struct socket_pool *pool);

#endif
