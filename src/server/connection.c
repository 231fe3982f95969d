#include "server/connection.h"

#include "base/counter.h"
#include "net/peer_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum connection_state {
    CONNECTION_CLOSED,    /* not in use */
    CONNECTION_GREETING,  /* a send is pending */
    CONNECTION_RETRYING,  /* nothing is pending; what could not be done is tried again when due */
    CONNECTION_LEAVING,   /* half-closed; nothing is pending while the client has time to close */
    CONNECTION_LINGERING, /* half-closed; a recv is pending */
    CONNECTION_STATE_COUNT,
};

struct connection {
    struct slab_item item;
    int sock;
    uint8_t state;      /* enum connection_state */
    bool cancelled;     /* its deadline came: the pending operation is about to end */
    bool taken;         /* the client had acknowledged the whole greeting by then */
    bool half_closed;   /* greeted: what is left is to drain */
    bool second_look;   /* it was given time for a delayed ACK */
    uint8_t retries;    /* sends for which there was no memory */
    uint8_t extensions; /* linger timeouts granted for progress */
    uint32_t sent_bytes;
    uint32_t unsent_bytes; /* unacknowledged when the deadline was last started */
    struct deadline deadline;
};
_Static_assert(sizeof(struct connection) <= 64, "a connection fits into a cache line");

static const char *const connection_state_names[CONNECTION_STATE_COUNT] = {
    "closed", "greeting", "retrying", "leaving", "lingering"};

#define BIT(state) (1u << (state))

/* The allowed moves: from each state, the set of states that may follow. */
static const unsigned connection_moves[CONNECTION_STATE_COUNT] = {
    [CONNECTION_CLOSED] = BIT(CONNECTION_GREETING),
    [CONNECTION_GREETING] = BIT(CONNECTION_GREETING) | BIT(CONNECTION_RETRYING) |
                            BIT(CONNECTION_LEAVING) | BIT(CONNECTION_LINGERING) |
                            BIT(CONNECTION_CLOSED),
    [CONNECTION_RETRYING] = BIT(CONNECTION_RETRYING) | BIT(CONNECTION_GREETING) |
                            BIT(CONNECTION_LEAVING) | BIT(CONNECTION_LINGERING) |
                            BIT(CONNECTION_CLOSED),
    [CONNECTION_LEAVING] =
        BIT(CONNECTION_LINGERING) | BIT(CONNECTION_RETRYING) | BIT(CONNECTION_CLOSED),
    [CONNECTION_LINGERING] =
        BIT(CONNECTION_LINGERING) | BIT(CONNECTION_RETRYING) | BIT(CONNECTION_CLOSED),
};

static void connection_move(struct connection *connection, enum connection_state state)
{
    if (!(connection_moves[connection->state] & BIT(state))) {
        fprintf(stderr, "connection: impossible move from %s to %s\n",
                connection_state_names[connection->state], connection_state_names[state]);
        abort();
    }
    connection->state = (uint8_t)state;
}

static struct connection *connection_of(struct deadline *deadline)
{
    return (struct connection *)(void *)((char *)deadline - offsetof(struct connection, deadline));
}

int connections_init(struct connections *connections, const struct connection_settings *settings,
                     struct engine *engine, uint32_t capacity)
{
    *connections = (struct connections){.settings = settings, .engine = engine};
    deadline_queue_init(&connections->greeted, settings->linger_timeout_ns);
    deadline_queue_init(&connections->leaving, settings->leave_ns);
    deadline_queue_init(&connections->retries, CONNECTION_RETRY_NS);
    deadline_queue_init(&connections->unacknowledged, CONNECTION_ACK_NS);
    return slab_init(&connections->slab, capacity, sizeof(struct connection));
}

void connections_release(struct connections *connections)
{
    slab_release(&connections->slab);
}

uint32_t connections_open(const struct connections *connections)
{
    return connections->slab.live;
}

uint32_t connections_room(const struct connections *connections)
{
    return connections->slab.capacity - connections->slab.live;
}

/* The only exit of a connection. Nothing is pending on its socket, unless it is abandoned. */
static void connection_close(struct connections *connections, struct connection *connection,
                             enum outcome outcome)
{
    unsigned flags = ENGINE_LATER; /* its FIN was sent already */

    if (outcome == OUTCOME_STALLED)
        flags = ENGINE_RESET; /* frees the unsent greeting, which nobody takes */
    else if (!connection->half_closed || outcome == OUTCOME_ABANDONED)
        flags = ENGINE_DRAIN; /* else unread input resets the client and costs it the greeting */
    engine_close(connections->engine, connection->sock, flags);
    deadline_stop(&connection->deadline);
    connection_move(connection, CONNECTION_CLOSED);
    counter_add(&connections->counts.outcomes[outcome], 1);
    slab_give(&connections->slab, connection);
}

/* Note for an operator what failed, which is told by how far the connection got. */
static void connection_trouble(struct connections *connections, const struct connection *connection,
                               int error)
{
    bool sent = connection->sent_bytes == connections->settings->greeting_bytes;
    const char *call = connection->half_closed ? "recv" : sent ? "shutdown" : "send";

    if (connections->engine->failed_call)
        call = connections->engine->failed_call;
    connections->engine->failed_call = NULL;
    connections->trouble =
        (struct connection_trouble){connections->trouble.count + 1, call, -error};
}

/* An operation failed, or could not be queued. What is short now may be there soon; a client that
 * reset the connection, or whose host is gone, stays gone. */
static void connection_fail(struct connections *connections, struct connection *connection,
                            int error, uint64_t now_ns)
{
    switch (-error) {
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EAGAIN:
    case EINTR:
        if (error != -EINTR)
            connection_trouble(connections, connection, error);
        if (connection->retries++ >= CONNECTION_RETRIES_MAX)
            break;
        connection_move(connection, CONNECTION_RETRYING);
        deadline_start(&connections->retries, &connection->deadline, now_ns);
        return;
    default:
        if (!peer_error(-error))
            connection_trouble(connections, connection, error);
        break;
    }
    connection_close(connections, connection, peer_error(-error) ? OUTCOME_RESET : OUTCOME_FAILED);
}

static void connection_drain(struct connections *connections, struct connection *connection,
                             unsigned flags, uint64_t now_ns)
{
    int result = engine_recv(connections->engine, slab_token(&connections->slab, connection),
                             connection->sock, NULL, ENGINE_DISCARD_BYTES, flags);

    if (result < 0)
        connection_fail(connections, connection, result, now_ns);
    else
        connection_move(connection, CONNECTION_LINGERING);
}

/* The greeting is in the kernel's hands: send the FIN with it, in the way that was chosen. */
static void connection_finish(struct connections *connections, struct connection *connection,
                              uint64_t now_ns)
{
    int result;

    if (!connections->settings->linger) {
        connection_close(connections, connection, OUTCOME_GREETED);
        return;
    }
    result = engine_half_close(connections->engine, connection->sock);
    if (result < 0) {
        connection_fail(connections, connection, result, now_ns);
        return;
    }
    connection->half_closed = true;
    connection->unsent_bytes = connections->settings->greeting_bytes + 1; /* the FIN counts */
    if (connections->settings->leave_ns > 0 &&
        connections_open(connections) <= connections->slab.capacity / 2) {
        connection_move(connection, CONNECTION_LEAVING);
        deadline_start(&connections->leaving, &connection->deadline, now_ns);
        return;
    }
    deadline_start(&connections->greeted, &connection->deadline, now_ns);
    connection_drain(connections, connection, ENGINE_LATER, now_ns);
}

static void connection_send(struct connections *connections, struct connection *connection,
                            uint64_t now_ns)
{
    const struct connection_settings *settings = connections->settings;
    int result =
        engine_send(connections->engine, slab_token(&connections->slab, connection),
                    connection->sock, (const char *)settings->greeting + connection->sent_bytes,
                    settings->greeting_bytes - connection->sent_bytes, ENGINE_MORE);

    if (result < 0)
        connection_fail(connections, connection, result, now_ns);
    else
        connection_move(connection, CONNECTION_GREETING);
}

/* The fresh socket is still in the CPU's caches, and nearly always has room for the greeting. */
static void connection_begin(struct connections *connections, struct connection *connection,
                             uint64_t now_ns)
{
    const struct connection_settings *settings = connections->settings;
    int result = 0;

    if (settings->greeting_bytes > 0)
        result = engine_send_now(connections->engine, connection->sock, settings->greeting,
                                 settings->greeting_bytes, ENGINE_MORE);
    if (result < 0 && result != -EAGAIN) {
        connection_fail(connections, connection, result, now_ns);
        return;
    }
    connection->sent_bytes = result > 0 ? (uint32_t)result : 0;
    connection->unsent_bytes = connection->sent_bytes; /* none is acknowledged yet */
    if (connection->sent_bytes == settings->greeting_bytes)
        connection_finish(connections, connection, now_ns);
    else
        connection_send(connections, connection, now_ns);
}

void connection_accept(struct connections *connections, int sock, uint64_t now_ns)
{
    struct connection *connection = slab_take(&connections->slab);

    counter_add(&connections->counts.accepted, 1);
    if (!connection) { /* cannot be: the worker accepts only while there is room */
        engine_close(connections->engine, sock, 0);
        counter_add(&connections->counts.outcomes[OUTCOME_FAILED], 1);
        return;
    }
    connection->sock = sock;
    connection_move(connection, CONNECTION_GREETING);
    deadline_start(&connections->greeted, &connection->deadline, now_ns);
    connection_begin(connections, connection, now_ns);
}

static void connection_sent(struct connections *connections, struct connection *connection,
                            int result, uint64_t now_ns)
{
    int64_t unsent_bytes;

    if (connection->cancelled && result == -ECANCELED) {
        connection_close(connections, connection, OUTCOME_STALLED);
        return;
    }
    connection->cancelled = false; /* it was late, but it got there */
    if (result < 0) {
        connection_fail(connections, connection, result, now_ns);
        return;
    }
    connection->sent_bytes += (uint32_t)result;
    if (connection->sent_bytes == connections->settings->greeting_bytes) {
        connection_finish(connections, connection, now_ns);
        return;
    }
    unsent_bytes = engine_unsent(connections->engine, connection->sock);
    connection->unsent_bytes = unsent_bytes > 0 ? (uint32_t)unsent_bytes : 0;
    deadline_start(&connections->greeted, &connection->deadline, now_ns); /* it made progress */
    connection_send(connections, connection, now_ns);
}

static void connection_drained(struct connections *connections, struct connection *connection,
                               int result, uint64_t now_ns)
{
    if (result == 0)
        connection_close(connections, connection, OUTCOME_GREETED);
    else if (connection->cancelled && (result > 0 || result == -ECANCELED))
        connection_close(connections, connection,
                         connection->taken ? OUTCOME_EXPIRED : OUTCOME_STALLED);
    else if (result < 0)
        connection_fail(connections, connection, result, now_ns);
    else
        connection_drain(connections, connection, 0, now_ns);
}

void connection_event(struct connections *connections, const struct engine_event *event,
                      uint64_t now_ns)
{
    struct connection *connection = slab_find(&connections->slab, event->token);

    if (!connection)
        return; /* closed since: cannot be while each operation has one event */
    switch ((enum connection_state)connection->state) {
    case CONNECTION_GREETING:
        connection_sent(connections, connection, event->result, now_ns);
        break;
    case CONNECTION_LINGERING:
        connection_drained(connections, connection, event->result, now_ns);
        break;
    case CONNECTION_CLOSED:
    case CONNECTION_LEAVING:
    case CONNECTION_RETRYING:
    case CONNECTION_STATE_COUNT:
        break; /* nothing is pending in these states */
    }
}

uint64_t connections_due_ns(const struct connections *connections, bool others_come)
{
    const struct deadline_queue *const queues[] = {&connections->greeted, &connections->retries,
                                                   &connections->unacknowledged};
    uint64_t due_ns = deadline_queues_due_ns(queues, sizeof(queues) / sizeof(queues[0]));
    uint64_t look_ns = deadline_queue_due_ns(&connections->leaving);

    if (others_come && look_ns != DEADLINE_NEVER)
        look_ns += connections->settings->leave_slack_ns;
    return look_ns < due_ns ? look_ns : due_ns;
}

/* The linger timeout came. A client that is still taking the greeting may go on; others may not. */
static void connection_expire(struct connections *connections, struct connection *connection,
                              uint64_t now_ns)
{
    int64_t unsent_bytes = engine_unsent(connections->engine, connection->sock);

    if (unsent_bytes > 0 && unsent_bytes < connection->unsent_bytes &&
        connection->extensions < CONNECTION_EXTENSIONS_MAX) {
        connection->extensions++;
        connection->unsent_bytes = (uint32_t)unsent_bytes;
        deadline_start(&connections->greeted, &connection->deadline, now_ns);
        return;
    }
    if (unsent_bytes > 0 && !connection->second_look &&
        connections->settings->linger_timeout_ns < CONNECTION_ACK_NS) {
        connection->second_look = true;
        deadline_start(&connections->unacknowledged, &connection->deadline, now_ns);
        return;
    }
    connection->cancelled = true;
    connection->taken = unsent_bytes <= 0;
    engine_cancel(connections->engine,
                  connection->state == CONNECTION_GREETING ? ENGINE_OP_SEND : ENGINE_OP_RECV,
                  slab_token(&connections->slab, connection), connection->sock);
}

/* The client had time to close. Most have: one call sees it, and nothing had to be waited for. */
static void connection_look(struct connections *connections, struct connection *connection,
                            uint64_t now_ns)
{
    int result = engine_discard(connections->engine, connection->sock);

    if (result == 0) {
        connection_close(connections, connection, OUTCOME_GREETED);
    } else if (result < 0 && result != -EAGAIN) {
        connection_fail(connections, connection, result, now_ns);
    } else {
        deadline_start(&connections->greeted, &connection->deadline, now_ns);
        connection_drain(connections, connection, result == -EAGAIN ? ENGINE_LATER : 0, now_ns);
    }
}

void connections_look(struct connections *connections, uint64_t now_ns)
{
    for (int i = 0; i < CONNECTION_LOOKS_MAX; i++) {
        struct deadline *deadline = deadline_queue_take(&connections->leaving, now_ns);

        if (!deadline)
            return;
        connection_look(connections, connection_of(deadline), now_ns);
    }
}

/* Try again what could not be done. */
static void connection_retry(struct connections *connections, struct connection *connection,
                             uint64_t now_ns)
{
    deadline_start(&connections->greeted, &connection->deadline, now_ns);
    if (connection->half_closed)
        connection_drain(connections, connection, 0, now_ns);
    else
        connection_send(connections, connection, now_ns);
}

void connections_expire(struct connections *connections, uint64_t now_ns)
{
    struct deadline *deadline;

    while ((deadline = deadline_queue_take(&connections->greeted, now_ns)))
        connection_expire(connections, connection_of(deadline), now_ns);
    while ((deadline = deadline_queue_take(&connections->unacknowledged, now_ns)))
        connection_expire(connections, connection_of(deadline), now_ns);
    while ((deadline = deadline_queue_take(&connections->retries, now_ns)))
        connection_retry(connections, connection_of(deadline), now_ns);
}

void connections_abandon(struct connections *connections)
{
    struct connection *connection = NULL;

    while ((connection = slab_next(&connections->slab, connection)))
        connection_close(connections, connection, OUTCOME_ABANDONED);
}
