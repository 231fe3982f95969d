/* The epoll engine: runs on any Linux.
 *
 * It behaves like a completion engine. An operation is tried when it is queued; if it succeeds at
 * once, its event waits in a ring for the next engine_wait. If it would block, it is parked on its
 * socket, which is then watched, edge-triggered, only for what it needs: a short connection that
 * never blocks needs no epoll_ctl. */
#include "engine/epoll.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/units.h"
#include "engine/socket.h"

#include <errno.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Iterations in a row that may handle queued events before the kernel is polled for others. */
#define ITERATIONS_WITHOUT_POLL_MAX 8

static struct epoll *epoll_of(struct engine *engine)
{
    return (struct epoll *)(void *)engine;
}

/* Whether the connection was made: the events show it, except for the error. */
static int epoll_try_connect(int sock, uint32_t happened)
{
    int error = 0;
    socklen_t error_bytes = sizeof(error);

    if (!(happened & (EPOLLERR | EPOLLHUP)))
        return happened & EPOLLOUT ? 0 : -EAGAIN;
    if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0)
        return -errno;
    if (error == 0 && !(happened & EPOLLOUT))
        return -EAGAIN; /* noted, but it keeps trying: see engine_connect_error */
    return -error;
}

static int epoll_try_recv(const struct epoll *epoll, int sock, struct epoll_socket *state)
{
    ssize_t result;

    do
        result = recv(sock, state->data ? state->data : epoll->engine.discard, state->bytes,
                      MSG_DONTWAIT | (state->data ? 0 : MSG_TRUNC));
    while (result < 0 && errno == EINTR);
    if (result < 0)
        result = -errno;
    /* A short read took all input; more input is a new event. But a read also ends at urgent data
     * (tcp(7)), and EOF can be read after all else. */
    if (result == -EAGAIN || (result > 0 && result < state->bytes && !state->more))
        state->readable = false;
    return (int)result;
}

/* Try a parked or new send or recv. Returns its result; -EAGAIN: it would block. */
static int epoll_try(struct epoll *epoll, int sock, struct epoll_socket *state)
{
    if (state->op == ENGINE_OP_SEND)
        return socket_send_now(&epoll->engine, sock, state->data, state->bytes, state->flags);
    return epoll_try_recv(epoll, sock, state);
}

/* End the socket's operation and keep its event. */
static void epoll_complete(struct epoll *epoll, struct epoll_socket *state, int result)
{
    event_ring_push(&epoll->ready, (struct engine_event){.token = state->token,
                                                         .result = result,
                                                         .op = (enum engine_op)state->op});
    state->op = 0;
}

/* Watch the socket for what its operation waits for. Returns 0 or -errno. */
static int epoll_watch(struct epoll *epoll, int sock, struct epoll_socket *state)
{
    static const uint32_t wanted_for[] = {
        [ENGINE_OP_SEND] = EPOLLOUT,
        [ENGINE_OP_RECV] = EPOLLIN | EPOLLRDHUP | EPOLLPRI,
        [ENGINE_OP_CONNECT] = EPOLLOUT | EPOLLIN | EPOLLRDHUP | EPOLLPRI, /* reads will follow */
    };
    uint32_t wanted = state->watched | wanted_for[state->op];
    struct epoll_event event = {.events = EPOLLET | wanted,
                                .data.u64 = (uint64_t)state->generation << 32 | (uint32_t)sock};
    int how = state->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (state->watched == wanted)
        return 0; /* the edge will still come: the operation was just tried */
    if (epoll_ctl(epoll->epoll_fd, how, sock, &event) < 0) {
        epoll->engine.failed_call = engine_epoll.watch_call;
        return -errno;
    }
    state->watched = wanted;
    return 0;
}

/* True if trying the new operation of a socket at once makes sense. */
static bool epoll_may_go(const struct epoll_socket *state)
{
    if (state->op == ENGINE_OP_CONNECT)
        return false;
    if (state->op == ENGINE_OP_SEND)
        return true;
    return state->watched & EPOLLIN ? state->readable : !(state->flags & ENGINE_LATER);
}

/* Start an operation: do it now if possible, otherwise park it. Returns 0 or -errno. */
static int epoll_start(struct epoll *epoll, int sock, struct epoll_socket operation)
{
    struct epoll_socket *state = &epoll->sockets[sock];
    int result;

    CHECK(state->op == ENGINE_OP_NONE, "sock=%d op=%u while op=%u is pending", sock, operation.op,
          state->op);
    operation.generation = state->generation;
    operation.watched = state->watched;
    operation.readable = state->readable;
    operation.more = state->more;
    *state = operation;
    if (epoll->error)
        return 0; /* no operation begins any more */
    if (epoll_may_go(state)) {
        result = epoll_try(epoll, sock, state);
        if (result != -EAGAIN) {
            epoll_complete(epoll, state, result);
            return 0;
        }
    }
    result = epoll_watch(epoll, sock, state);
    if (result < 0)
        state->op = 0;
    return result;
}

static int epoll_socket(struct engine *engine, int family)
{
    struct epoll *epoll = epoll_of(engine);
    int sock = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

    if (sock < 0)
        return -errno;
    if ((uint32_t)sock >= epoll->sockets_max) {
        close(sock);
        return -EMFILE;
    }
    return sock;
}

static int epoll_connect(struct engine *engine, uint64_t token, int sock,
                         const struct sockaddr *address, socklen_t address_bytes)
{
    struct epoll *epoll = epoll_of(engine);
    struct epoll_socket *state = &epoll->sockets[sock];
    int result = -EINPROGRESS;

    if (!epoll->error)
        result = connect(sock, address, address_bytes) < 0 ? -errno : 0;
    state->readable = state->more = false; /* left from an earlier connection */
    if (result == -EINPROGRESS)
        return epoll_start(epoll, sock,
                           (struct epoll_socket){.token = token, .op = ENGINE_OP_CONNECT});
    event_ring_push(&epoll->ready, (struct engine_event){
                                       .token = token, .result = result, .op = ENGINE_OP_CONNECT});
    return 0;
}

static int epoll_send(struct engine *engine, uint64_t token, int sock, const void *data,
                      uint32_t bytes, unsigned flags)
{
    union {
        const void *in;
        void *out;
    } pointer = {.in = data}; /* only read: the member serves both directions */

    return epoll_start(epoll_of(engine), sock,
                       (struct epoll_socket){.token = token,
                                             .data = pointer.out,
                                             .bytes = bytes,
                                             .op = ENGINE_OP_SEND,
                                             .flags = (uint8_t)flags});
}

static int epoll_recv(struct engine *engine, uint64_t token, int sock, void *data, uint32_t bytes,
                      unsigned flags)
{
    return epoll_start(epoll_of(engine), sock,
                       (struct epoll_socket){.token = token,
                                             .data = data,
                                             .bytes = bytes,
                                             .op = ENGINE_OP_RECV,
                                             .flags = (uint8_t)flags});
}

static int epoll_cancel(struct engine *engine, enum engine_op op, uint64_t token, int sock)
{
    struct epoll *epoll = epoll_of(engine);
    struct epoll_socket *state = &epoll->sockets[sock];

    if (state->op == op && state->token == token) /* otherwise its event is on the way */
        epoll_complete(epoll, state, -ECANCELED);
    return 0;
}

static void epoll_close(struct engine *engine, int sock, unsigned flags)
{
    struct epoll *epoll = epoll_of(engine);
    struct epoll_socket *state = &epoll->sockets[sock];

    *state = (struct epoll_socket){.generation = state->generation + 1};
    socket_close(engine, sock, flags); /* which also unwatches it */
}

/* An event of a socket: note it, and continue its parked operation. */
static void epoll_resume(struct epoll *epoll, uint64_t event_data, uint32_t happened)
{
    uint32_t sock = (uint32_t)event_data;
    struct epoll_socket *state = &epoll->sockets[sock];
    int result = -EAGAIN;

    CHECK(sock < epoll->sockets_max, "sock=%u of %u", sock, epoll->sockets_max);
    if (state->generation != event_data >> 32)
        return; /* stale */
    if (happened & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
        state->more = true;
    if (happened & EPOLLIN || state->more)
        state->readable = true;
    if (state->op == ENGINE_OP_CONNECT)
        result = epoll_try_connect((int)sock, happened);
    else if (state->op == ENGINE_OP_SEND ? happened & (EPOLLOUT | EPOLLERR | EPOLLHUP)
                                         : state->op == ENGINE_OP_RECV && state->readable)
        result = epoll_try(epoll, (int)sock, state);
    if (result != -EAGAIN)
        epoll_complete(epoll, state, result);
}

static int epoll_poll(struct epoll *epoll, struct epoll_event *events, int64_t timeout_ns)
{
    int timeout_ms = -1;

    if (epoll->engine.features & ENGINE_NANOSECOND_TIMEOUT && timeout_ns > 0) {
        struct timespec timeout = {.tv_sec = timeout_ns / (int64_t)NS_PER_S,
                                   .tv_nsec = timeout_ns % (int64_t)NS_PER_S};
        int count = epoll_pwait2(epoll->epoll_fd, events, ENGINE_EVENTS_MAX / 2, &timeout, NULL);

        epoll->broken_call = "epoll_pwait2";
        if (count >= 0 || (errno != ENOSYS && errno != EPERM && errno != EACCES))
            return count;
        epoll->engine.features &= ~(unsigned)ENGINE_NANOSECOND_TIMEOUT; /* a sandbox refuses it */
    }
    if (timeout_ns >= 0) {
        uint64_t rounded_up = ((uint64_t)timeout_ns + NS_PER_MS - 1) / NS_PER_MS;

        timeout_ms = rounded_up > INT32_MAX ? INT32_MAX : (int)rounded_up;
    }
    epoll->broken_call = "epoll_wait";
    return epoll_wait(epoll->epoll_fd, events, ENGINE_EVENTS_MAX / 2, timeout_ms);
}

/* Waiting is impossible from now on: hand out the last events, then report the error. */
static int epoll_broken(struct epoll *epoll, struct engine_event *events)
{
    int count = event_ring_pop(&epoll->ready, events);

    if (count > 0)
        return count;
    epoll->engine.failed_call = epoll->broken_call;
    return epoll->error;
}

static int epoll_engine_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    struct epoll *epoll = epoll_of(engine);
    struct epoll_event ready[ENGINE_EVENTS_MAX / 2];
    int count, result;

    engine->iterations_behind++;
    if (epoll->ready.count > 0 && epoll->iterations_without_poll++ < ITERATIONS_WITHOUT_POLL_MAX)
        return event_ring_pop(&epoll->ready, events);
    epoll->iterations_without_poll = 0;
    if (epoll->error)
        return epoll_broken(epoll, events);
    count = epoll_poll(epoll, ready, epoll->ready.count > 0 ? 0 : timeout_ns);
    if (count < 0 && errno != EINTR) {
        epoll->error = -errno;
        close(epoll->epoll_fd);
        epoll->epoll_fd = -1;
        return epoll_broken(epoll, events);
    }
    for (int i = 0; i < count; i++) {
        if (ready[i].data.u64 == EVENT_LISTENER && epoll->capacity == 0) {
            epoll_unwatch_listener(epoll);
        } else if (ready[i].data.u64 == EVENT_LISTENER) {
            epoll_accept(epoll);
        } else if (ready[i].data.u64 == EVENT_WAKE) {
            eventfd_t value;

            if (eventfd_read(epoll->wake_fd, &value) < 0)
                clock_pause(EPOLL_PAUSE_NS); /* it is reported again at once */
            event_ring_push(&epoll->ready, (struct engine_event){.op = ENGINE_OP_WAKE});
        } else {
            epoll_resume(epoll, ready[i].data.u64, ready[i].events);
        }
    }
    result = event_ring_pop(&epoll->ready, events);
    if (count < ENGINE_EVENTS_MAX / 2 && epoll->ready.count == 0)
        engine->iterations_behind = 0;
    return result;
}

const struct engine_class engine_epoll = {
    .name = "epoll",
    .watch_call = "epoll_ctl",
    .accept_call = "accept4",
    .open = epoll_open,
    .destroy = epoll_destroy,
    .accept_start = epoll_accept_start,
    .accept_stop = epoll_accept_stop,
    .socket = epoll_socket,
    .connect = epoll_connect,
    .connect_error = socket_connect_error,
    .send = epoll_send,
    .recv = epoll_recv,
    .send_now = socket_send_now,
    .recv_now = socket_recv_now,
    .discard = socket_discard,
    .half_close = socket_half_close,
    .cancel = epoll_cancel,
    .delivery = socket_delivery,
    .hand_over = socket_hand_over,
    .disconnect = socket_disconnect,
    .close = epoll_close,
    .wait = epoll_engine_wait,
};
