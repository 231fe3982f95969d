/* The epoll engine: runs wherever Linux runs.
 *
 * It answers as a completion engine does. An operation is tried when it is queued; what can be done
 * at once is done, and its event waits in a ring for the next engine_wait. What would block is
 * parked on its socket, which is then watched, edge-triggered, for just what it waits for: a short
 * connection that never blocks costs no epoll_ctl at all. */
#include "engine/epoll.h"

#include "base/units.h"
#include "engine/socket.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Connections accepted in one turn; the rest waits for the next, behind those that are open. */
#define ACCEPTS_PER_TURN 64u

/* Turns in a row that may be spent on events at hand before the kernel is asked for others. */
#define TURNS_WITHOUT_POLL_MAX 8

/* How long to hold still while the listener cannot be left alone. */
#define NO_UNWATCH_PAUSE_NS (10 * NS_PER_MS)

static struct epoll *epoll_of(struct engine *engine)
{
    return (struct epoll *)(void *)engine;
}

/* Whether the connection was made: the events that came for it tell, but for the error. */
static int epoll_try_connect(int sock, uint32_t happened)
{
    int error = 0;
    socklen_t error_bytes = sizeof(error);

    if (!(happened & (EPOLLERR | EPOLLHUP)))
        return happened & EPOLLOUT ? 0 : -EAGAIN;
    if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0)
        return -errno;
    if (error == 0 && !(happened & EPOLLOUT))
        return -EAGAIN; /* noted, but it goes on to try: see engine_connect_error */
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
    /* A short read took all there was; what comes then is a new event. But a read ends at urgent
     * data (tcp(7)), too, and EOF is there to be read when all else was. */
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
        [ENGINE_OP_CONNECT] = EPOLLOUT | EPOLLIN | EPOLLRDHUP | EPOLLPRI, /* it will be read from */
    };
    uint32_t wanted = state->watched | wanted_for[state->op];
    struct epoll_event event = {.events = EPOLLET | wanted,
                                .data.u64 = (uint64_t)state->generation << 32 | (uint32_t)sock};
    int how = state->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (state->watched == wanted)
        return 0; /* the edge is still to come: the operation was just tried */
    if (epoll_ctl(epoll->epoll_fd, how, sock, &event) < 0) {
        epoll->engine.failed_call = engine_epoll.watch_call;
        return -errno;
    }
    state->watched = wanted;
    return 0;
}

/* True if trying the new operation of a socket may do anything. */
static bool epoll_may_go(const struct epoll_socket *state)
{
    if (state->op == ENGINE_OP_CONNECT)
        return false;
    if (state->op == ENGINE_OP_SEND)
        return true;
    return state->watched & EPOLLIN ? state->readable : !(state->flags & ENGINE_LATER);
}

/* Start an operation: do it now if it can be done, else park it. Returns 0 or -errno. */
static int epoll_start(struct epoll *epoll, int sock, struct epoll_socket operation)
{
    struct epoll_socket *state = &epoll->sockets[sock];
    int result;

    operation.generation = state->generation;
    operation.watched = state->watched;
    operation.readable = state->readable;
    operation.more = state->more;
    *state = operation;
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
    int result = connect(sock, address, address_bytes) < 0 ? -errno : 0;

    state->readable = state->more = false; /* what was, of a recycled socket */
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
    } pointer = {.in = data}; /* only read: the field serves both directions */

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

    if (state->op == op && state->token == token) /* else its event is on the way */
        epoll_complete(epoll, state, -ECANCELED);
    return 0;
}

static void epoll_close(struct engine *engine, int sock, unsigned flags)
{
    struct epoll *epoll = epoll_of(engine);
    struct epoll_socket *state = &epoll->sockets[sock];

    *state = (struct epoll_socket){.generation = state->generation + 1};
    socket_close(engine, sock, flags); /* which also ends its watch */
}

static int epoll_watch_listener(struct epoll *epoll, int how)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_LISTENER};

    return epoll_ctl(epoll->epoll_fd, how, epoll->listener_fd, &event) < 0 ? -errno : 0;
}

/* The listener is watched though nobody accepts, as its end failed. Should it fail again, which
 * only a sandbox can make it, at least do not burn the CPU. */
static void epoll_unwatch_listener(struct epoll *epoll)
{
    struct timespec pause = {.tv_nsec = NO_UNWATCH_PAUSE_NS};

    if (epoll_watch_listener(epoll, EPOLL_CTL_DEL) < 0)
        nanosleep(&pause, NULL);
}

static int epoll_accept_start(struct engine *engine, uint32_t room)
{
    struct epoll *epoll = epoll_of(engine);
    int result = epoll_watch_listener(epoll, EPOLL_CTL_ADD);

    if (result < 0 && result != -EEXIST) /* it is there if its end failed */
        return result;
    epoll->room = room;
    return 0;
}

/* Stop watching the listener and tell the owner so with this event. */
static void epoll_accept_end(struct epoll *epoll, int result)
{
    epoll_watch_listener(epoll, EPOLL_CTL_DEL);
    epoll->room = 0;
    event_ring_push(&epoll->ready, (struct engine_event){.result = result, .op = ENGINE_OP_ACCEPT});
}

static void epoll_accept_stop(struct engine *engine)
{
    struct epoll *epoll = epoll_of(engine);

    if (epoll->room > 0)
        epoll_accept_end(epoll, -ECANCELED);
}

/* Take the connections that wait, with a bound so that those that are open get their turn, and no
 * more: who comes meanwhile is told of in the next turn. */
static void epoll_accept(struct epoll *epoll)
{
    uint32_t accepts = socket_waiting(epoll->listener_fd);

    if (accepts == 0 || accepts > ACCEPTS_PER_TURN) /* 0: it does not tell, as in gVisor */
        accepts = ACCEPTS_PER_TURN;
    for (; accepts > 0 && epoll->room > 0; accepts--) {
        int sock = accept4(epoll->listener_fd, NULL, NULL, SOCK_CLOEXEC);

        if (sock >= 0 && (uint32_t)sock >= epoll->sockets_max) {
            close(sock); /* cannot be: fewer sockets than this are ever open at once */
            sock = -1;
            errno = EMFILE;
        }
        if (sock < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (sock < 0) {
            epoll_accept_end(epoll, -errno);
            return;
        }
        if (--epoll->room == 0) {
            epoll_accept_end(epoll, sock);
            return;
        }
        event_ring_push(&epoll->ready, (struct engine_event){
                                           .result = sock, .op = ENGINE_OP_ACCEPT, .more = true});
    }
}

/* Something happened to a socket: note it, and carry on with its parked operation. */
static void epoll_resume(struct epoll *epoll, uint64_t event_data, uint32_t happened)
{
    uint32_t sock = (uint32_t)event_data;
    struct epoll_socket *state = &epoll->sockets[sock];
    int result = -EAGAIN;

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

    if (epoll->has_pwait2 && timeout_ns > 0) {
        struct timespec timeout = {.tv_sec = timeout_ns / (int64_t)NS_PER_S,
                                   .tv_nsec = timeout_ns % (int64_t)NS_PER_S};
        int count = epoll_pwait2(epoll->epoll_fd, events, ENGINE_EVENTS_MAX / 2, &timeout, NULL);

        if (count >= 0 || (errno != ENOSYS && errno != EPERM))
            return count;
        epoll->has_pwait2 = false; /* before Linux 5.11, or hidden by a sandbox */
    }
    if (timeout_ns >= 0) {
        uint64_t rounded_up = ((uint64_t)timeout_ns + NS_PER_MS - 1) / NS_PER_MS;

        timeout_ms = rounded_up > INT32_MAX ? INT32_MAX : (int)rounded_up;
    }
    return epoll_wait(epoll->epoll_fd, events, ENGINE_EVENTS_MAX / 2, timeout_ms);
}

static int epoll_engine_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    struct epoll *epoll = epoll_of(engine);
    struct epoll_event ready[ENGINE_EVENTS_MAX / 2];
    int count, result;

    engine->turns_behind++;
    if (epoll->ready.count > 0 && epoll->turns_without_poll++ < TURNS_WITHOUT_POLL_MAX)
        return event_ring_pop(&epoll->ready, events);
    epoll->turns_without_poll = 0;
    count = epoll_poll(epoll, ready, epoll->ready.count > 0 ? 0 : timeout_ns);
    if (count < 0 && errno != EINTR)
        return epoll->ready.count > 0 ? event_ring_pop(&epoll->ready, events) : -errno;
    for (int i = 0; i < count; i++) {
        if (ready[i].data.u64 == EVENT_LISTENER && epoll->room == 0) {
            epoll_unwatch_listener(epoll);
        } else if (ready[i].data.u64 == EVENT_LISTENER) {
            epoll_accept(epoll);
        } else if (ready[i].data.u64 == EVENT_WAKE) {
            eventfd_t value;

            eventfd_read(epoll->wake_fd, &value);
            event_ring_push(&epoll->ready, (struct engine_event){.op = ENGINE_OP_WAKE});
        } else {
            epoll_resume(epoll, ready[i].data.u64, ready[i].events);
        }
    }
    result = event_ring_pop(&epoll->ready, events);
    if (count < ENGINE_EVENTS_MAX / 2 && epoll->ready.count == 0)
        engine->turns_behind = 0;
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
