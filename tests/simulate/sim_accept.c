/* How the simulated engine accepts. */
#include "listener.h"
#include "sim_state.h"
#include "world.h"

#include <errno.h>
#include <stddef.h>

void sim_accept(struct sim_engine *sim)
{
    while (sim->accepting && listener_waiting() > 0) {
        struct engine_event event = {.op = ENGINE_OP_ACCEPT};
        struct sim_socket *socket = NULL;

        event.result = sim_fault(sim, NULL, SIM_ACCEPT);
        if (event.result == 0) {
            socket = sim_socket_open(sim, listener_take());
            event.result = socket->sock;
            event.more = --sim->room > 0;
        }
        sim->accepting = event.more;
        sim_push(sim, socket, event);
    }
}

int sim_accept_start(struct engine *engine, uint32_t room)
{
    struct sim_engine *sim = sim_of(engine);
    int result;

    sim->watch->call();
    if (sim->accepting)
        world_fail("accepting begins twice");
    for (unsigned i = 0; i < sim->ready_count; i++)
        if (sim->ready[i].event.op == ENGINE_OP_ACCEPT)
            world_fail("accepting begins anew before it has ended");
    sim->watch->accept(room);
    result = sim_fault(sim, NULL, SIM_ACCEPT_START);
    if (result < 0)
        return result;
    world_trace("accepting begins, room for %u", room);
    sim->accepting = true;
    sim->acceptings++;
    sim->room = room;
    if (sim->eager)
        sim_accept(sim);
    return 0;
}

static void sim_accept_ends(void *object, uint64_t number)
{
    struct sim_engine *sim = object;

    if (!sim->accepting || sim->acceptings != number)
        return;
    sim->accepting = false;
    sim_push(sim, NULL, (struct engine_event){.result = -ECANCELED, .op = ENGINE_OP_ACCEPT});
}

void sim_accept_stop(struct engine *engine)
{
    struct sim_engine *sim = sim_of(engine);

    sim->watch->call();
    world_trace("accepting is to end");
    if (world_chance(500))
        sim_accept_ends(sim, sim->acceptings);
    else
        world_after(world_spread(1000, 2 * MS), sim_accept_ends, sim, sim->acceptings);
}
