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

    if (pool->count > 0)
        return pool->socks[--pool->count];
    /* What is kept must not add to what is open: descriptors are counted out. */
    socket_pool_close_one(engine, &engine->pools[family != AF_INET6]);
    return engine->class->socket(engine, family);
}

void engine_recycle(struct engine *engine, int sock, int family)
{
    struct socket_pool *pool = socket_pool_of(engine, family);

    if (pool->count < SOCKET_POOL_MAX && pool->misses < SOCKET_POOL_MISSES_MAX) {
        if (engine->class->disconnect(engine, sock) == 0) {
            pool->misses = 0;
            pool->socks[pool->count++] = sock;
            return;
        }
        pool->misses++;
    }
    engine_close(engine, sock, 0);
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
