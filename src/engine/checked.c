#include "engine/checked.h"

#include "base/check.h"
#include "engine/checked_socket.h"

#include <string.h>

struct checked *checked_of(struct engine *engine)
{
    struct checked *checked = (struct checked *)(void *)engine;

    CHECK(pthread_equal(checked->thread, pthread_self()), "the engine is another thread's");
    return checked;
}

/* Copy what the engine within reports besides results. */
static void checked_pass_on(struct checked *checked)
{
    struct engine *within = checked->within;

    if (within->failed_call)
        checked->engine.failed_call = within->failed_call;
    if (within->close_error)
        checked->engine.close_error = within->close_error;
    checked->engine.iterations_behind = within->iterations_behind;
    within->failed_call = NULL;
    within->close_error = 0;
}

/* Note whether it was queued. Returns `result`. */
static int checked_queued(struct checked *checked, int sock, int result)
{
    checked_pass_on(checked);
    CHECK(result <= 0, "sock=%d result=%d", sock, result);
    if (result < 0)
        checked_socket_end(checked, sock);
    return result;
}

/* An immediate operation of at most this many bytes was done. Returns `result`. */
static int checked_done(struct checked *checked, int sock, int result, uint32_t bytes)
{
    checked_pass_on(checked);
    CHECK(result < 0 || (uint32_t)result <= bytes, "sock=%d result=%d bytes=%u", sock, result,
          bytes);
    return result;
}

static int checked_accept_start(struct engine *engine, uint32_t capacity)
{
    struct checked *checked = checked_of(engine);
    int result;

    CHECK(!checked->accepting, "capacity=%u, while %u may still come", capacity, checked->capacity);
    CHECK(capacity > 0, "there is no capacity");
    result = engine_accept_start(checked->within, capacity);
    checked_pass_on(checked);
    checked->accepting = result == 0;
    checked->capacity = capacity;
    return result;
}

static void checked_accept_stop(struct engine *engine)
{
    struct checked *checked = checked_of(engine);

    engine_accept_stop(checked->within);
    checked_pass_on(checked);
}

static int checked_socket(struct engine *engine, int family)
{
    struct checked *checked = checked_of(engine);
    int sock = engine_socket(checked->within, family);

    checked_pass_on(checked);
    if (sock >= 0)
        checked_socket_open(checked, sock);
    return sock;
}

static int checked_connect(struct engine *engine, uint64_t token, int sock,
                           const struct sockaddr *address, socklen_t address_bytes)
{
    struct checked *checked = checked_of(engine);
    uint64_t inner_token = checked_socket_begin(checked, sock, ENGINE_OP_CONNECT, token, 0);
    struct checked_socket *state = &checked->sockets[sock];
    int result;

    CHECK(address_bytes <= sizeof(state->copy), "sock=%d address_bytes=%u", sock, address_bytes);
    state->address = address;
    state->address_bytes = address_bytes;
    memcpy(&state->copy, address, address_bytes);
    result = engine_connect(checked->within, inner_token, sock,
                            (const struct sockaddr *)(const void *)&state->copy, address_bytes);
    if (result == 0) {
        state->next_connect = checked->first_connect;
        checked->first_connect = (uint32_t)sock;
    }
    return checked_queued(checked, sock, result);
}

static int checked_send(struct engine *engine, uint64_t token, int sock, const void *data,
                        uint32_t bytes, unsigned flags)
{
    struct checked *checked = checked_of(engine);
    uint64_t inner_token = checked_socket_begin(checked, sock, ENGINE_OP_SEND, token, bytes);
    struct checked_socket *state = &checked->sockets[sock];

    CHECK(!state->finished, "sock=%d has sent its FIN", sock);
    CHECK((flags & ~(unsigned)ENGINE_MORE) == 0, "flags=%#x", flags);
    state->data = data;
    state->data_hash = checked_hash(data, bytes);
    return checked_queued(checked, sock,
                          engine_send(checked->within, inner_token, sock, data, bytes, flags));
}

static int checked_recv(struct engine *engine, uint64_t token, int sock, void *data, uint32_t bytes,
                        unsigned flags)
{
    struct checked *checked = checked_of(engine);
    uint64_t inner_token = checked_socket_begin(checked, sock, ENGINE_OP_RECV, token, bytes);

    CHECK(data || bytes <= ENGINE_DISCARD_BYTES, "sock=%d bytes=%u", sock, bytes);
    CHECK((flags & ~(unsigned)ENGINE_LATER) == 0, "flags=%#x", flags);
    return checked_queued(checked, sock,
                          engine_recv(checked->within, inner_token, sock, data, bytes, flags));
}

static int checked_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                            unsigned flags)
{
    struct checked *checked = checked_of(engine);
    const struct checked_socket *state = checked_socket_without(checked, sock, ENGINE_OP_SEND);

    CHECK(!state->finished, "sock=%d has sent its FIN", sock);
    CHECK((flags & ~(unsigned)ENGINE_MORE) == 0, "flags=%#x", flags);
    return checked_done(checked, sock, engine_send_now(checked->within, sock, data, bytes, flags),
                        bytes);
}

static int checked_recv_now(struct engine *engine, int sock, void *data, uint32_t bytes)
{
    struct checked *checked = checked_of(engine);

    checked_socket_without(checked, sock, ENGINE_OP_RECV);
    return checked_done(checked, sock, engine_recv_now(checked->within, sock, data, bytes), bytes);
}

static int checked_discard(struct engine *engine, int sock)
{
    struct checked *checked = checked_of(engine);

    checked_socket_without(checked, sock, ENGINE_OP_RECV);
    return checked_done(checked, sock, engine_discard(checked->within, sock), ENGINE_DISCARD_BYTES);
}

static int checked_connect_error(struct engine *engine, int sock)
{
    struct checked *checked = checked_of(engine);

    checked_socket_at(checked, sock);
    return checked_done(checked, sock, engine_connect_error(checked->within, sock), 0);
}

static int checked_half_close(struct engine *engine, int sock)
{
    struct checked *checked = checked_of(engine);
    struct checked_socket *state = checked_socket_without(checked, sock, ENGINE_OP_SEND);

    state->finished = true;
    return checked_done(checked, sock, engine_half_close(checked->within, sock), 0);
}

static int checked_cancel(struct engine *engine, enum engine_op op, uint64_t token, int sock)
{
    struct checked *checked = checked_of(engine);
    const struct checked_socket *state = checked_socket_at(checked, sock);

    CHECK(state->op == op && state->token == token,
          "sock=%d op=%d token=%#llx is not pending, but op=%u", sock, (int)op,
          (unsigned long long)token, state->op);
    return checked_done(checked, sock, engine_cancel(checked->within, op, state->inner_token, sock),
                        0);
}

static int checked_delivery(struct engine *engine, int sock, struct engine_delivery *ret_delivery)
{
    struct checked *checked = checked_of(engine);

    checked_socket_at(checked, sock);
    return checked_done(checked, sock, engine_delivery(checked->within, sock, ret_delivery), 0);
}

static int checked_hand_over(struct engine *engine, int sock, const void *data, uint32_t bytes,
                             uint64_t timeout_ns)
{
    struct checked *checked = checked_of(engine);
    struct checked_socket *state = checked_socket_at(checked, sock);

    if (state->op == ENGINE_OP_SEND)
        checked_socket_abandon(checked, sock);
    state->finished = true;
    return checked_done(checked, sock,
                        engine_hand_over(checked->within, sock, data, bytes, timeout_ns), 0);
}

static int checked_disconnect(struct engine *engine, int sock)
{
    struct checked *checked = checked_of(engine);
    struct checked_socket *state = checked_socket_at(checked, sock);
    int result;

    CHECK(state->op == ENGINE_OP_NONE, "sock=%d op=%u is pending", sock, state->op);
    result = engine_disconnect(checked->within, sock);
    state->finished = result < 0;
    return checked_done(checked, sock, result, 0);
}

static void checked_close(struct engine *engine, int sock, unsigned flags)
{
    struct checked *checked = checked_of(engine);
    struct checked_socket *state = checked_socket_at(checked, sock);

    CHECK(flags == ENGINE_LATER || (flags & ENGINE_LATER) == 0, "sock=%d flags=%#x", sock, flags);
    if (state->op != ENGINE_OP_NONE) {
        checked_socket_abandon(checked, sock);
        checked_socket_end(checked, sock);
    }
    state->open = false;
    engine_close(checked->within, sock, flags);
    checked_pass_on(checked);
}

static void checked_accepted(struct checked *checked, const struct engine_event *event)
{
    CHECK(checked->accepting, "result=%d more=%d, though accepting has ended", event->result,
          event->more);
    CHECK(event->token == 0, "token=%#llx", (unsigned long long)event->token);
    if (event->result >= 0) {
        checked->capacity--; /* was not 0: accepting ends at capacity, see below */
        checked_socket_open(checked, event->result);
    }
    CHECK(!event->more || (event->result >= 0 && checked->capacity > 0),
          "result=%d more=1 capacity=%u", event->result, checked->capacity);
    checked->accepting = event->more;
}

/* An event of an operation: restore its owner's token. */
static void checked_happened(struct checked *checked, struct engine_event *event)
{
    uint32_t sock = checked_socket_of_event(checked, event);
    const struct checked_socket *state = &checked->sockets[sock];

    CHECK(event->result < 0 || (uint32_t)event->result <= state->bytes,
          "sock=%u op=%d result=%d bytes=%u", sock, (int)event->op, event->result, state->bytes);
    CHECK(!event->more, "sock=%u op=%d more=1", sock, (int)event->op);
    if (event->op == ENGINE_OP_SEND)
        CHECK(state->data_hash == checked_hash(state->data, state->bytes),
              "sock=%u bytes=%u changed while they were sent", sock, state->bytes);
    event->token = state->token;
    checked_socket_end(checked, (int)sock);
}

static void checked_event(struct checked *checked, struct engine_event *event)
{
    switch (event->op) {
    case ENGINE_OP_ACCEPT:
        checked_accepted(checked, event);
        break;
    case ENGINE_OP_CONNECT:
    case ENGINE_OP_SEND:
    case ENGINE_OP_RECV:
        checked_happened(checked, event);
        break;
    case ENGINE_OP_WAKE:
        CHECK(event->token == 0 && !event->more, "token=%#llx more=%d",
              (unsigned long long)event->token, event->more);
        break;
    case ENGINE_OP_NONE:
        CHECK(false, "op=%d result=%d", (int)event->op, event->result);
    }
}

/* Addresses stay until here ... */
static void checked_inspect_addresses(const struct checked *checked)
{
    for (uint32_t i = checked->first_connect; i != NO_SOCKET; i = checked->sockets[i].next_connect)
        CHECK(memcmp(checked->sockets[i].address, &checked->sockets[i].copy,
                     checked->sockets[i].address_bytes) == 0,
              "the address that sock=%u connects to changed", i);
}

/* ... and no longer, so the engine within must not read them again. */
static void checked_wipe_addresses(struct checked *checked)
{
    for (uint32_t i = checked->first_connect; i != NO_SOCKET; i = checked->sockets[i].next_connect)
        memset(&checked->sockets[i].copy, 0xff, sizeof(checked->sockets[i].copy));
    checked->first_connect = NO_SOCKET;
}

static int checked_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    struct checked *checked = checked_of(engine);
    int count;

    CHECK(checked->abandoned_op == ENGINE_OP_NONE,
          "sock=%d was closed or handed over while op=%u was pending", checked->abandoned,
          checked->abandoned_op);
    checked_inspect_addresses(checked);
    count = engine_wait(checked->within, timeout_ns, events);
    checked_wipe_addresses(checked);
    checked_pass_on(checked);
    CHECK(count <= ENGINE_EVENTS_MAX, "count=%d", count);
    for (int i = 0; i < count; i++)
        checked_event(checked, &events[i]);
    return count;
}

const struct engine_class checked_class = {
    .destroy = checked_destroy,
    .accept_start = checked_accept_start,
    .accept_stop = checked_accept_stop,
    .socket = checked_socket,
    .connect = checked_connect,
    .connect_error = checked_connect_error,
    .send = checked_send,
    .recv = checked_recv,
    .send_now = checked_send_now,
    .recv_now = checked_recv_now,
    .discard = checked_discard,
    .half_close = checked_half_close,
    .cancel = checked_cancel,
    .delivery = checked_delivery,
    .hand_over = checked_hand_over,
    .disconnect = checked_disconnect,
    .close = checked_close,
    .wait = checked_wait,
};
