#include "engine/engine.h"

static struct socket_pool *socket_pool_of(struct engine *engine, int family)
{
    return &engine->pools[family == AF_INET6];
}

static bool socket_pool_close_one(struct engine *engine, struct socket_pool *pool)
{
    if (pool->count == 0)
        return false;
    engine_close(engine, pool->socks[--pool->count], 0);
    return true;
}

int engine_socket(struct engine *engine, int family)
{
    struct socket_pool *pool = socket_pool_of(engine, family);
    int sock;

    if (pool->count > 0) {
        pool->reused++;
        return pool->socks[--pool->count];
    }
    /* What is kept must not add to what is open: descriptors are counted out. */
    socket_pool_close_one(engine, &engine->pools[family != AF_INET6]);
    sock = engine->class->socket(engine, family);
    if (sock >= 0)
        pool->opened++;
    return sock;
}

/* One could not be kept. */
static void socket_pool_miss(struct socket_pool *pool)
{
    if (++pool->misses < SOCKET_POOL_MISSES_MAX)
        return;
    if (pool->pause == 0)
        pool->pause = SOCKET_POOL_PAUSE_MIN;
    else if (pool->pause < SOCKET_POOL_PAUSE_MAX)
        pool->pause *= 2;
    pool->pause_left = pool->pause;
    pool->misses = SOCKET_POOL_MISSES_MAX - 1; /* one more is enough for the next pause */
}

void engine_recycle(struct engine *engine, int sock, int family)
{
    struct socket_pool *pool = socket_pool_of(engine, family);

    if (pool->pause_left > 0) {
        pool->pause_left--;
    } else if (pool->count < SOCKET_POOL_MAX) {
        if (engine->class->disconnect(engine, sock) == 0) {
            pool->misses = pool->pause = 0;
            pool->socks[pool->count++] = sock;
            return;
        }
        socket_pool_miss(pool);
    }
    engine_close(engine, sock, 0);
}

struct engine_sockets engine_sockets(const struct engine *engine)
{
    const struct socket_pool *pools = engine->pools;

    return (struct engine_sockets){.opened = pools[0].opened + pools[1].opened,
                                   .reused = pools[0].reused + pools[1].reused};
}

void engine_destroy(struct engine *engine)
{
    if (!engine)
        return;
    for (unsigned i = 0; i < sizeof(engine->pools) / sizeof(engine->pools[0]); i++)
        while (socket_pool_close_one(engine, &engine->pools[i]))
            ;
    engine->class->destroy(engine);
}
