/* Sockets whose connection has ended, kept for another one. Reuse saves allocating a socket, inode,
 * file and descriptor: about 1/7 of the cost of a short loopback connection.
 *
 * On the wire nothing changes: each connection has its own port, handshake and FIN. A socket can
 * only be kept if its FIN was acknowledged at once. If that takes a round trip, the pool pauses and
 * tries again only now and then, because one bad moment must not decide for a whole run.
 *
 * Thread rule: a pool belongs to the thread of its engine. */
#ifndef HELLO_SOCKET_POOL_H
#define HELLO_SOCKET_POOL_H

#include "engine/engine.h"

#include <stdint.h>

#define SOCKET_POOL_MAX 256u /* of one family */

/* After this many failures in a row the pool pauses: it skips this many closes at first, and twice
 * as many each time that the try after a pause fails. So failing tries cost almost nothing, and one
 * success ends the pauses. */
#define SOCKET_POOL_MISSES_MAX 32u
#define SOCKET_POOL_PAUSE_MIN  1024u
#define SOCKET_POOL_PAUSE_MAX  65536u

/* The sockets of one family. */
struct socket_pool_family {
    uint32_t count;
    uint32_t misses;     /* in a row */
    uint32_t pause_left; /* closes still to skip */
    uint32_t pause;      /* length of the last pause; 0: none since the last success */
    int socks[SOCKET_POOL_MAX];
};

/* Private to socket_pool.c, except the counters, which may be read. An empty pool is zeroed, except
 * `engine`. */
struct socket_pool {
    struct engine *engine;                 /* opens and closes them; the owner's */
    uint64_t opened;                       /* sockets opened ... */
    uint64_t reused;                       /* ... and used again */
    struct socket_pool_family families[2]; /* IPv4 and IPv6 */
};

/* Get a TCP socket of the family AF_INET or AF_INET6 for engine_connect, kept or new. Returns it
 * (the caller must give it to engine_close or socket_pool_give), or -errno. */
int socket_pool_take(struct socket_pool *pool, int family);

/* Close a socket from socket_pool_take that has seen EOF and has nothing pending, like engine_close
 * without flags, and keep it if engine_disconnect can. Only for sockets that are like new (not
 * bound, no options set, connected to an address that has no scope and is not IPv4-mapped, little
 * sent and received: the kernel grows buffers otherwise), and only if a port is not used again
 * within a millisecond, so that timestamps distinguish its uses. */
void socket_pool_give(struct socket_pool *pool, int sock, int family);

/* Close all kept sockets; before the engine ends. */
void socket_pool_close(struct socket_pool *pool);

#endif
