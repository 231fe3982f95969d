/* The wait of the simulated engine, in which the world goes on. */
#include "sim_state.h"
#include "world.h"

#include <errno.h>
#include <string.h>

/* Begin what was queued since the last wait, and close what nobody waited for. */
static void sim_submit(struct sim_engine *sim)
{
    for (int i = 0; i < sim->sockets_used; i++) {
        struct sim_socket *socket = &sim->sockets[i];

        if (socket->closes_later) {
            tcp_close(socket->tcp, TCP_OURS, false);
            *socket = (struct sim_socket){0};
        } else if (socket->operation.fresh) {
            socket->operation.fresh = false;
            sim_try(sim, socket);
        }
    }
}

void sim_engine_renew(struct engine *engine)
{
    struct sim_engine *sim = sim_of(engine);

    for (int i = 0; i < sim->sockets_used; i++) {
        struct sim_socket *socket = &sim->sockets[i];

        if (socket->operation.op) { /* the owner must take it for one that did nothing */
            socket->last_op = socket->operation.op;
            socket->last_result = -ECANCELED;
        }
        socket->operation = (struct sim_operation){0};
    }
    sim_submit(sim); /* the end of an engine closes what was to be closed later */
    sim->accepting = sim->breaking = sim->broken = false;
    sim->engine.iterations_behind = 0;
    world_trace("another engine");
}

static uint64_t sim_first_ready_ns(const struct sim_engine *sim)
{
    uint64_t first_ns = UINT64_MAX;

    for (unsigned i = 0; i < sim->ready_count; i++)
        first_ns = sim->ready[i].at_ns < first_ns ? sim->ready[i].at_ns : first_ns;
    return first_ns;
}

/* The worker gets no CPU for a while. The world goes on. */
static void sim_stall(struct sim_engine *sim)
{
    uint64_t ns;

    if (!world_chance(world_mood()->stalls))
        return;
    ns = world_spread(MS, 3 * S);
    world_trace("the worker gets no CPU for %.3f s", (double)ns / 1e9);
    sim->stalled_ns += ns;
    ns += world_now_ns();
    world_run_for(ns - world_now_ns());
    world_advance(ns - world_now_ns());
}

/* Hand out events that have come, in any order but for accepts. */
static int sim_collect(struct sim_engine *sim, struct engine_event *events)
{
    bool is_partial = !sim->breaking && world_chance(world_mood()->backlogs);
    unsigned limit = is_partial ? (unsigned)world_between(1, 8) : ENGINE_EVENTS_MAX;
    unsigned count = 0, kept = 0;
    bool left = false;

    for (unsigned i = 0; i < sim->ready_count; i++) {
        struct sim_ready *ready = &sim->ready[i];

        if ((ready->at_ns > world_now_ns() && !sim->breaking) || count == limit) {
            left |= ready->at_ns <= world_now_ns();
            sim->ready[kept++] = *ready;
            continue;
        }
        events[count++] = ready->event;
        if (ready->socket) {
            ready->socket->events--;
            ready->socket->last_op = ready->event.op;
            ready->socket->last_result = ready->event.result;
            sim->handed_accepts += ready->event.op == ENGINE_OP_ACCEPT;
            if (ready->event.op == ENGINE_OP_ACCEPT) {
                ready->socket->reported_ns = world_now_ns();
                ready->socket->reported_stalled_ns = sim->stalled_ns;
            }
        }
    }
    sim->ready_count = kept;
    sim->engine.iterations_behind = left ? sim->engine.iterations_behind + 1 : 0;
    for (unsigned i = 1; i < count; i++) {
        unsigned j = (unsigned)world_below(i + 1);
        struct engine_event event = events[i];

        if (event.op == ENGINE_OP_ACCEPT || events[j].op == ENGINE_OP_ACCEPT)
            continue;
        events[i] = events[j];
        events[j] = event;
    }
    return (int)count;
}

/* Sleep until something is ready or the time is up. */
static void sim_sleep(struct sim_engine *sim, uint64_t until_ns)
{
    for (;;) {
        uint64_t next_ns = sim_first_ready_ns(sim);

        if (next_ns <= world_now_ns() || until_ns <= world_now_ns())
            return;
        next_ns = world_next_ns() < next_ns ? world_next_ns() : next_ns;
        next_ns = until_ns < next_ns ? until_ns : next_ns;
        if (next_ns == UINT64_MAX)
            world_fail("sleeps for ever: nothing will happen any more");
        if (next_ns > world_now_ns())
            world_advance(next_ns - world_now_ns());
        world_run();
        sim_accept(sim);
        if (world_chance(1))
            return; /* a signal: EINTR */
    }
}

int sim_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    static const int errors[] = {EIO, EBADF, ENXIO, EOWNERDEAD};
    struct sim_engine *sim = sim_of(engine);
    uint64_t until_ns = timeout_ns < 0 ? UINT64_MAX : world_now_ns() + (uint64_t)timeout_ns;
    int count;

    sim->watch->call();
    if (sim->over)
        world_fail("waits after a socket was closed with an operation pending");
    if (sim->broken)
        world_fail("waits for an engine that is broken");
    sim->watch->wait(timeout_ns);
    sim->breaking |= world_mood()->breaks > 0 && world_below(100000) < world_mood()->breaks;
    if (sim->breaking) {
        count = sim_collect(sim, events);
        sim->broken = count == 0;
        world_trace("the engine breaks: %d events", count);
        return count > 0 ? count : -errors[world_below(4)];
    }
    sim_submit(sim);
    world_advance(world_between(300, 3000)); /* a system call */
    sim_stall(sim);
    world_run();
    sim_accept(sim);
    sim_sleep(sim, until_ns);
    count = sim->last_count = sim_collect(sim, events);
    sim_stall(sim);
    world_trace("wait %.6f s: %d events", (double)timeout_ns / 1e9, count);
    return count;
}
