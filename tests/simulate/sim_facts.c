/* What the simulated engine and those who watch it tell each other. */
#include "sim_state.h"
#include "world.h"

#include <stddef.h>

void sim_engine_wake(struct engine *engine)
{
    sim_push(sim_of(engine), NULL, (struct engine_event){.op = ENGINE_OP_WAKE});
}

void sim_engine_lacks_descriptors(struct engine *engine, bool lacks)
{
    world_trace("descriptors %s", lacks ? "run out" : "are there again");
    sim_of(engine)->lacks_descriptors = lacks;
}

void sim_engine_lacks_memory(struct engine *engine, bool lacks)
{
    world_trace("memory %s", lacks ? "runs out" : "is there again");
    sim_of(engine)->lacks_memory = lacks;
}

uint32_t sim_engine_open_count(const struct engine *engine)
{
    const struct sim_engine *sim = (const struct sim_engine *)(const void *)engine;
    uint32_t count = 0;

    for (int i = 0; i < sim->sockets_used; i++) {
        const struct sim_socket *socket = &sim->sockets[i];

        count += socket->sock && !socket->closes_later;
    }
    return count;
}

bool sim_engine_is_accepting(const struct engine *engine)
{
    const struct sim_engine *sim = (const struct sim_engine *)(const void *)engine;
    bool is_reported = false;

    for (unsigned i = 0; i < sim->ready_count; i++)
        is_reported |= sim->ready[i].event.op == ENGINE_OP_ACCEPT;
    return sim->accepting || is_reported;
}

int sim_engine_last_count(const struct engine *engine)
{
    return ((const struct sim_engine *)(const void *)engine)->last_count;
}

bool sim_engine_is_broken(const struct engine *engine)
{
    return ((const struct sim_engine *)(const void *)engine)->broken;
}

uint64_t sim_engine_handed_accepts(const struct engine *engine)
{
    return ((const struct sim_engine *)(const void *)engine)->handed_accepts;
}

uint64_t sim_engine_fault_count(const struct engine *engine)
{
    return ((const struct sim_engine *)(const void *)engine)->faults;
}

uint64_t sim_engine_stalled_ns(const struct engine *engine)
{
    return ((const struct sim_engine *)(const void *)engine)->stalled_ns;
}

struct sim_socket *sim_engine_find(struct engine *engine, int sock)
{
    struct sim_socket *socket;

    if (sock < SIM_SOCK_FIRST || sock >= SIM_SOCK_FIRST + SIM_SOCKETS_MAX)
        return NULL;
    socket = &sim_of(engine)->sockets[sock - SIM_SOCK_FIRST];
    return socket->sock ? socket : NULL;
}

struct sim_socket *sim_engine_next(struct engine *engine, struct sim_socket *socket)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *end = &sim->sockets[sim->sockets_used];

    for (socket = socket ? socket + 1 : sim->sockets; socket < end; socket++)
        if (socket->sock && !socket->closes_later)
            return socket;
    return NULL;
}
