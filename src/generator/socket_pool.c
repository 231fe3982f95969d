#include "generator/socket_pool.h"

#include <stdbool.h>

static bool socket_pool_close_one(struct socket_pool *pool, struct socket_pool_family *of)
{
    if (of->count == 0)
        return false;
    engine_close(pool->engine, of->socks[--of->count], 0);
    return true;
}

int socket_pool_take(struct socket_pool *pool, int family)
{
    struct socket_pool_family *of = &pool->families[family == AF_INET6];
    int sock;

    if (of->count > 0) {
        pool->reused++;
        return of->socks[--of->count];
    }
    /* Kept sockets must not add to the open ones: descriptors are limited. */
    socket_pool_close_one(pool, &pool->families[family != AF_INET6]);
    sock = engine_socket(pool->engine, family);
    if (sock >= 0)
        pool->opened++;
    return sock;
}

/* Note that a socket could not be kept. */
static void socket_pool_miss(struct socket_pool_family *of)
{
    if (++of->misses < SOCKET_POOL_MISSES_MAX)
        return;
    if (of->pause == 0)
        of->pause = SOCKET_POOL_PAUSE_MIN;
    else if (of->pause < SOCKET_POOL_PAUSE_MAX)
        of->pause *= 2;
    of->pause_left = of->pause;
    of->misses = SOCKET_POOL_MISSES_MAX - 1; /* one more is enough for the next pause */
}

void socket_pool_give(struct socket_pool *pool, int sock, int family)
{
    struct socket_pool_family *of = &pool->families[family == AF_INET6];

    if (of->pause_left > 0) {
        of->pause_left--;
    } else if (of->count < SOCKET_POOL_MAX) {
        if (engine_disconnect(pool->engine, sock) == 0) {
            of->misses = of->pause = 0;
            of->socks[of->count++] = sock;
            return;
        }
        socket_pool_miss(of);
    }
    engine_close(pool->engine, sock, 0);
}

void socket_pool_close(struct socket_pool *pool)
{
    for (unsigned i = 0; i < sizeof(pool->families) / sizeof(pool->families[0]); i++)
        while (socket_pool_close_one(pool, &pool->families[i]))
            ;
}
