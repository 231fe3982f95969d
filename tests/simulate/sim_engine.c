#include "sim_engine.h"

#include "sim_state.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>

static struct engine *engine_here; /* of the world */

static int sim_open(const struct engine_args *args, struct engine **ret_engine,
                    struct engine_failure *ret_failure)
{
    (void)args;
    (void)ret_engine;
    (void)ret_failure;
    return -ENOSYS; /* it is made by sim_engine_new */
}

static void sim_destroy(struct engine *engine)
{
    struct sim_engine *sim = sim_of(engine);

    for (unsigned i = 0; i < sim->ready_count; i++) {
        if (sim->ready[i].event.op != ENGINE_OP_ACCEPT || !sim->ready[i].socket)
            continue;
        tcp_close(sim->ready[i].socket->tcp, TCP_OURS, true); /* nobody knows of it */
        *sim->ready[i].socket = (struct sim_socket){0};
    }
    for (int i = 0; i < sim->sockets_used; i++) {
        struct sim_socket *socket = &sim->sockets[i];

        if (socket->closes_later)
            tcp_close(socket->tcp, TCP_OURS, false);
        else if (socket->sock)
            world_fail("socket %d was never closed", socket->sock);
        *socket = (struct sim_socket){0};
    }
    sim->accepting = false;
}

void sim_engine_free(struct engine *engine)
{
    free(sim_of(engine));
    engine_here = NULL;
}

static int sim_socket_new(struct engine *engine, int family)
{
    struct sim_engine *sim = sim_of(engine);
    int result;

    (void)family;
    sim->watch->call();
    result = sim_fault(sim, NULL, SIM_SOCKET);
    if (result == 0)
        return sim_socket_open(sim, NULL)->sock;
    sim->watch->lack(result);
    return result;
}

static int sim_connect(struct engine *engine, uint64_t token, int sock,
                       const struct sockaddr *address, socklen_t address_bytes)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_socket_of(sim, sock, "connect");
    int result;

    (void)address_bytes;
    if (socket->tcp)
        world_fail("socket %d is connected twice", sock);
    socket->opened_ns = world_now_ns();
    socket->faulty = false; /* what was, when its last connection was made */
    socket->troubles = 0;
    socket->cancel = (struct sim_cancel){0};
    sim->watch->connect(socket, address);
    result =
        sim_start(sim, socket, (struct sim_operation){.op = ENGINE_OP_CONNECT, .token = token});
    if (result < 0)
        return result;
    result = sim_fault(sim, socket, SIM_CONNECT);
    if (result < 0)
        sim_complete(sim, socket, result);
    return 0;
}

void sim_engine_connected(struct engine *engine, struct sim_socket *socket, int result)
{
    if (socket->operation.op == ENGINE_OP_CONNECT)
        sim_complete(sim_of(engine), socket, result);
}

static int sim_connect_error(struct engine *engine, int sock)
{
    struct sim_socket *socket = sim_socket_of(sim_of(engine), sock, "connect_error");

    return socket->tcp ? tcp_connect_error(socket->tcp) : -EINPROGRESS;
}

static int sim_send(struct engine *engine, uint64_t token, int sock, const void *data,
                    uint32_t bytes, unsigned flags)
{
    struct sim_engine *sim = sim_of(engine);

    return sim_start(sim, sim_socket_of(sim, sock, "send"),
                     (struct sim_operation){.op = ENGINE_OP_SEND,
                                            .token = token,
                                            .out = data,
                                            .bytes = bytes,
                                            .more = flags & ENGINE_MORE});
}

static int sim_recv(struct engine *engine, uint64_t token, int sock, void *data, uint32_t bytes,
                    unsigned flags)
{
    struct sim_engine *sim = sim_of(engine);

    (void)flags;
    return sim_start(
        sim, sim_socket_of(sim, sock, "recv"),
        (struct sim_operation){.op = ENGINE_OP_RECV, .token = token, .in = data, .bytes = bytes});
}

/* A socket on which something is done at once. */
static struct sim_socket *sim_idle_socket(struct sim_engine *sim, int sock, const char *call,
                                          enum engine_op forbidden)
{
    struct sim_socket *socket = sim_socket_of(sim, sock, call);

    if (socket->closes_later)
        world_fail("%s of socket %d, which was closed", call, sock);
    if (!sim->over && socket->operation.op == forbidden)
        world_fail("%s of socket %d while such an operation is pending", call, sock);
    return socket;
}

static int sim_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                        unsigned flags)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_idle_socket(sim, sock, "send_now", ENGINE_OP_SEND);
    int result = sim_fault(sim, socket, SIM_SEND);

    /* An answer begins: what was cancelled is the wait for a request that came after all. */
    socket->cancel = (struct sim_cancel){0};
    if (result == 0 && world_chance(50))
        return -EAGAIN;
    if (result == 0 && bytes > 1 && world_chance(100))
        bytes = (uint32_t)world_between(1, bytes);
    if (result == 0)
        result = tcp_write(socket->tcp, TCP_OURS, data, bytes, flags & ENGINE_MORE);
    world_trace("socket %d: send_now %u: %d", sock, bytes, result);
    return result;
}

static int sim_recv_now(struct engine *engine, int sock, void *data, uint32_t bytes)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_idle_socket(sim, sock, "recv_now", ENGINE_OP_RECV);
    int result = sim_fault(sim, socket, SIM_RECV);

    if (result == -EINTR)
        result = 0; /* the call is repeated */
    if (result == 0)
        result = tcp_read(socket->tcp, TCP_OURS, data, bytes);
    socket->last_op = ENGINE_OP_RECV;
    socket->last_result = result;
    return result;
}

static int sim_discard(struct engine *engine, int sock)
{
    int result = sim_recv_now(engine, sock, NULL, ENGINE_DISCARD_BYTES);

    world_trace("socket %d: discard: %d", sock, result);
    return result;
}

static int sim_half_close(struct engine *engine, int sock)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_idle_socket(sim, sock, "half_close", ENGINE_OP_SEND);
    int result = sim_fault(sim, socket, SIM_HALF_CLOSE);

    if (result == 0)
        result = tcp_shutdown(socket->tcp, TCP_OURS);
    world_trace("socket %d: half_close: %d", sock, result);
    return result;
}

/* A cancelled operation ends, if it has not ended since. */
static void sim_cancelled(void *object, uint64_t number)
{
    struct sim_socket *socket = object;

    if (socket->operation.op && socket->operation.number == number)
        sim_complete(socket->sim, socket, -ECANCELED);
}

static int sim_cancel(struct engine *engine, enum engine_op op, uint64_t token, int sock)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_socket_of(sim, sock, "cancel");
    struct sim_operation *operation = &socket->operation;

    if (operation->op ? operation->op != op || operation->token != token : socket->events == 0)
        world_fail("socket %d: operation %d is cancelled, and %d is pending", sock, (int)op,
                   (int)operation->op);
    if (sim_fault(sim, socket, SIM_CANCEL) < 0)
        return -ENOSPC;
    socket->cancel = (struct sim_cancel){
        .at_ns = world_now_ns(),
        .progress_ns = socket->tcp ? socket->tcp->progress_ns : 0,
        .refused = socket->tcp && socket->tcp->refused_ns,
        .unacknowledged_bytes = socket->tcp ? tcp_unacknowledged_bytes(socket->tcp, TCP_OURS) : 0,
        .open = sim_engine_open_count(engine),
    };
    world_trace("socket %d: cancel%s", sock, operation->op ? "" : ", too late");
    if (!operation->op)
        return 0; /* its event is on the way */
    if (world_chance(500))
        sim_cancelled(socket, operation->number);
    else
        world_after(world_spread(1000, 5 * MS), sim_cancelled, socket, operation->number);
    return 0;
}

void sim_engine_shut(struct sim_socket *socket)
{
    world_trace("socket %d: shutdown", socket->sock);
    if (socket->operation.op == ENGINE_OP_CONNECT)
        sim_complete(socket->sim, socket, -ECONNABORTED);
    else if (socket->operation.op == ENGINE_OP_RECV)
        sim_complete(socket->sim, socket, 0);
    else if (socket->operation.op == ENGINE_OP_SEND)
        sim_complete(socket->sim, socket, -EPIPE);
    if (socket->tcp)
        tcp_shutdown(socket->tcp, TCP_OURS);
}

static int sim_delivery(struct engine *engine, int sock, struct engine_delivery *ret_delivery)
{
    struct sim_socket *socket = sim_socket_of(sim_of(engine), sock, "delivery");

    *ret_delivery = (struct engine_delivery){
        .unacknowledged_bytes = tcp_unacknowledged_bytes(socket->tcp, TCP_OURS),
        .refused = tcp_is_refused(socket->tcp, TCP_OURS),
    };
    world_trace("socket %d: delivery: %u left%s", sock, ret_delivery->unacknowledged_bytes,
                ret_delivery->refused ? ", refused" : "");
    return 0;
}

static int sim_hand_over(struct engine *engine, int sock, const void *data, uint32_t bytes,
                         uint64_t timeout_ns)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_socket_of(sim, sock, "hand_over");
    struct tcp *tcp = socket->tcp;
    int sent = 0;

    world_trace("socket %d: hand_over %u", sock, bytes);
    socket->handed_over = true;
    tcp->ends[TCP_OURS].user_timeout_ns = timeout_ns;
    if (bytes > 0) {
        if (world_chance(500)) /* else net.core.wmem_max does not allow it */
            tcp->streams[TCP_OURS].buffer_bytes = 4 << 20;
        sent = tcp_write(tcp, TCP_OURS, data, bytes, true);
    }
    if (sent < 0)
        return sent;
    return (uint32_t)sent < bytes ? -ENOBUFS : tcp_shutdown(tcp, TCP_OURS);
}

static int sim_disconnect(struct engine *engine, int sock)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_idle_socket(sim, sock, "disconnect", ENGINE_OP_RECV);
    struct tcp *tcp = socket->tcp;

    tcp_shutdown(tcp, TCP_OURS);
    if (tcp_unacknowledged_bytes(tcp, TCP_OURS) > 0 && !world_chance(300))
        return -EAGAIN;
    sim->watch->disconnect(socket);
    tcp->ends[TCP_OURS].changed = NULL;
    tcp_close(tcp, TCP_OURS, false);
    socket->tcp = NULL;
    socket->context = NULL;
    socket->last_op = 0;
    return 0;
}

static void sim_close(struct engine *engine, int sock, unsigned flags)
{
    struct sim_engine *sim = sim_of(engine);
    struct sim_socket *socket = sim_socket_of(sim, sock, "close");
    struct tcp *tcp = socket->tcp;

    if (socket->closes_later)
        world_fail("socket %d is closed twice", sock);
    world_trace("socket %d: close%s%s%s", sock, flags & ENGINE_RESET ? ", reset" : "",
                flags & ENGINE_DRAIN ? ", drain" : "", flags & ENGINE_LATER ? ", later" : "");
    sim->over |= socket->operation.op || socket->events > 0;
    sim->watch->close(socket, flags);
    if (flags == ENGINE_LATER) {
        tcp->ends[TCP_OURS].changed = NULL;
        socket->closes_later = true;
        return;
    }
    if (tcp) {
        tcp->ends[TCP_OURS].changed = NULL;
        while (flags & ENGINE_DRAIN && tcp_read(tcp, TCP_OURS, NULL, ENGINE_DISCARD_BYTES) > 0)
            ;
        tcp_close(tcp, TCP_OURS, flags & ENGINE_RESET);
    }
    for (unsigned i = 0; i < sim->ready_count; i++)
        sim->ready[i].socket = sim->ready[i].socket == socket ? NULL : sim->ready[i].socket;
    *socket = (struct sim_socket){0};
    if (world_mood()->faults > 0 && world_chance(2)) {
        sim->faults++;
        engine->close_error = EIO;
    }
}

static const struct engine_class engine_simulated = {
    .name = "simulated",
    .watch_call = "simulated_watch",
    .accept_call = "accept",
    .open = sim_open,
    .destroy = sim_destroy,
    .accept_start = sim_accept_start,
    .accept_stop = sim_accept_stop,
    .socket = sim_socket_new,
    .connect = sim_connect,
    .connect_error = sim_connect_error,
    .send = sim_send,
    .recv = sim_recv,
    .send_now = sim_send_now,
    .recv_now = sim_recv_now,
    .discard = sim_discard,
    .half_close = sim_half_close,
    .cancel = sim_cancel,
    .delivery = sim_delivery,
    .hand_over = sim_hand_over,
    .disconnect = sim_disconnect,
    .close = sim_close,
    .wait = sim_wait,
};

struct engine *sim_engine_here(void)
{
    return engine_here;
}

struct engine *sim_engine_new(const struct sim_watch *watch)
{
    struct sim_engine *sim = calloc(1, sizeof(*sim));

    if (!sim)
        world_fail("the simulator has no memory");
    sim->engine.class = &engine_simulated;
    sim->watch = watch;
    sim->eager = world_chance(500);
    engine_here = &sim->engine;
    return &sim->engine;
}
