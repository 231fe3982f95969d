/* Sockets of the simulated engine and what is pending on them. */
#include "sim_state.h"
#include "world.h"

#include <errno.h>
#include <string.h>

struct sim_engine *sim_of(struct engine *engine)
{
    return (struct sim_engine *)(void *)engine;
}

struct sim_socket *sim_socket_of(struct sim_engine *sim, int sock, const char *call)
{
    struct sim_socket *socket = sim_engine_find(&sim->engine, sock);

    if (!socket)
        world_fail("%s of socket %d, which is not open", call, sock);
    sim->watch->call();
    return socket;
}

/* The kernel reports what comes to a connection of ours. */
static void sim_changed(struct tcp *tcp)
{
    struct sim_socket *socket = tcp->ends[TCP_OURS].owner;

    if (socket && socket->tcp == tcp)
        sim_try(socket->sim, socket);
}

void sim_engine_attach(struct sim_socket *socket, struct tcp *tcp)
{
    socket->tcp = tcp;
    tcp->ends[TCP_OURS].owner = socket;
    tcp->ends[TCP_OURS].changed = sim_changed;
}

struct sim_socket *sim_socket_open(struct sim_engine *sim, struct tcp *tcp)
{
    for (int i = 0; i < SIM_SOCKETS_MAX; i++) {
        struct sim_socket *socket = &sim->sockets[i];

        if (socket->sock)
            continue;
        sim->sockets_used = i < sim->sockets_used ? sim->sockets_used : i + 1;
        *socket = (struct sim_socket){
            .sim = sim, .sock = SIM_SOCK_FIRST + i, .tcp = tcp, .opened_ns = world_now_ns()};
        if (tcp)
            sim_engine_attach(socket, tcp);
        return socket;
    }
    world_fail("more than %d sockets are open", SIM_SOCKETS_MAX);
}

/* What each call may fail with by chance. The first passes when it is tried again. */
static const int fault_errors[SIM_CALL_COUNT][6] = {
    [SIM_START] = {ENOSPC, ENOMEM, ENOBUFS, EPERM},
    [SIM_SEND] = {ENOMEM, ENOBUFS, EPERM, EIO},
    [SIM_RECV] = {ENOMEM, ENOBUFS, EINTR, EIO, EINVAL},
    [SIM_HALF_CLOSE] = {ENOMEM, ENOBUFS, EPERM, EIO},
    [SIM_CANCEL] = {ENOSPC},
    [SIM_ACCEPT_START] = {ENOSPC, ENOMEM},
    [SIM_ACCEPT] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED, EPROTO},
    [SIM_SOCKET] = {ENOBUFS, ENOMEM, EMFILE, ENFILE, EACCES},
    [SIM_CONNECT] = {EAGAIN, EADDRNOTAVAIL, ENETUNREACH, EPERM, ENOBUFS},
};

static bool error_passes(int error)
{
    return error == ENOMEM || error == ENOBUFS || error == ENOSPC || error == EINTR;
}

static int sim_fault_error(const struct sim_engine *sim, enum sim_call call)
{
    const int *errors = fault_errors[call];
    bool needs_descriptor = call == SIM_ACCEPT || call == SIM_SOCKET;
    int count = 0;

    if (sim->lacks_descriptors && needs_descriptor)
        return EMFILE;
    if (sim->lacks_memory && call != SIM_CANCEL && world_chance(700))
        return ENOMEM;
    if (!world_chance(world_mood()->faults))
        return 0;
    while (count < 6 && errors[count])
        count++;
    return errors[world_chance(700) ? 0 : world_below((uint64_t)count)];
}

int sim_fault(struct sim_engine *sim, struct sim_socket *socket, enum sim_call call)
{
    int error = sim_fault_error(sim, call);

    if (error == 0)
        return 0;
    sim->faults++;
    if (socket) {
        socket->troubles++;
        socket->faulty |= !error_passes(error);
        world_trace("socket %d: call %d fails: %s", socket->sock, (int)call, strerror(error));
    } else {
        world_trace("call %d fails: %s", (int)call, strerror(error));
    }
    return -error;
}

void sim_push(struct sim_engine *sim, struct sim_socket *socket, struct engine_event event)
{
    uint64_t later_ns = world_chance(300) ? world_spread(1000, 2 * MS) : 0;

    /* The last accept must come last; and what was sent is known by the next wait. */
    if ((event.op == ENGINE_OP_ACCEPT && socket) || event.op == ENGINE_OP_SEND)
        later_ns = 0;
    else if (event.op == ENGINE_OP_ACCEPT)
        later_ns *= 25; /* meanwhile others come */
    if (sim->ready_count == READY_MAX)
        world_fail("more than %d events wait", READY_MAX);
    if (socket)
        socket->events++;
    sim->ready[sim->ready_count++] = (struct sim_ready){event, world_now_ns() + later_ns, socket};
}

void sim_complete(struct sim_engine *sim, struct sim_socket *socket, int result)
{
    struct sim_operation operation = socket->operation;

    socket->operation = (struct sim_operation){0};
    sim_push(sim, socket,
             (struct engine_event){.token = operation.token, .result = result, .op = operation.op});
}

int sim_start(struct sim_engine *sim, struct sim_socket *socket, struct sim_operation operation)
{
    int result;

    if (socket->operation.op || socket->events > 0)
        world_fail("socket %d: operation %d begins, and %d has not ended", socket->sock,
                   (int)operation.op, (int)socket->operation.op);
    if (socket->closes_later)
        world_fail("socket %d: operation %d begins after the close", socket->sock,
                   (int)operation.op);
    if (sim->over)
        world_fail("socket %d: an operation begins at the very end", socket->sock);
    result = sim_fault(sim, socket, SIM_START);
    if (result < 0)
        return result;
    operation.fresh = true;
    operation.number = ++sim->operations;
    socket->operation = operation;
    if (sim->eager)
        sim_try(sim, socket);
    return 0;
}

static int sim_try_send(struct sim_engine *sim, struct sim_socket *socket)
{
    struct sim_operation *operation = &socket->operation;
    uint32_t bytes = operation->bytes;
    int result = sim_fault(sim, socket, SIM_SEND);

    if (result < 0)
        return result;
    if (bytes > 1 && world_chance(100))
        bytes = (uint32_t)world_between(1, bytes); /* a short send */
    return tcp_write(socket->tcp, TCP_OURS, operation->out, bytes, operation->more);
}

void sim_try(struct sim_engine *sim, struct sim_socket *socket)
{
    struct sim_operation *operation = &socket->operation;
    int result = -EAGAIN;

    if (!socket->tcp || (operation->fresh && !sim->eager))
        return; /* the wait begins it */
    if (operation->op == ENGINE_OP_SEND && tcp_is_writable(socket->tcp, TCP_OURS))
        result = sim_try_send(sim, socket);
    else if (operation->op == ENGINE_OP_RECV && tcp_is_readable(socket->tcp, TCP_OURS))
        result = sim_fault(sim, socket, SIM_RECV);
    else
        return;
    if (operation->op == ENGINE_OP_RECV && result == 0)
        result = tcp_read(socket->tcp, TCP_OURS, operation->in, operation->bytes);
    world_trace("socket %d: %s ends: %d", socket->sock,
                operation->op == ENGINE_OP_SEND ? "send" : "recv", result);
    if (result != -EAGAIN)
        sim_complete(sim, socket, result);
}
