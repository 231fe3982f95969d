#include "server/connection.h"

#include "base/check.h"
#include "base/counter.h"
#include "net/peer_error.h"
#include "server/connection_state.h"

#include <errno.h>

static const char *const connection_state_names[CONNECTION_STATE_COUNT] = {
    "closed", "asking", "greeting", "retrying", "leaving", "lingering"};

#define BIT(state) (1u << (state))

/* The allowed transitions: for each state, the set of states that may follow. */
static const unsigned connection_moves[CONNECTION_STATE_COUNT] = {
    [CONNECTION_CLOSED] = BIT(CONNECTION_GREETING) | BIT(CONNECTION_ASKING),
    [CONNECTION_ASKING] = BIT(CONNECTION_ASKING) | BIT(CONNECTION_RETRYING) |
                          BIT(CONNECTION_GREETING) | BIT(CONNECTION_CLOSED),
    [CONNECTION_GREETING] = BIT(CONNECTION_GREETING) | BIT(CONNECTION_RETRYING) |
                            BIT(CONNECTION_LEAVING) | BIT(CONNECTION_LINGERING) |
                            BIT(CONNECTION_CLOSED),
    [CONNECTION_RETRYING] = BIT(CONNECTION_RETRYING) | BIT(CONNECTION_GREETING) |
                            BIT(CONNECTION_LEAVING) | BIT(CONNECTION_LINGERING) |
                            BIT(CONNECTION_ASKING) | BIT(CONNECTION_CLOSED),
    [CONNECTION_LEAVING] =
        BIT(CONNECTION_LINGERING) | BIT(CONNECTION_RETRYING) | BIT(CONNECTION_CLOSED),
    [CONNECTION_LINGERING] =
        BIT(CONNECTION_LINGERING) | BIT(CONNECTION_RETRYING) | BIT(CONNECTION_CLOSED),
};

void connection_move(struct connection *connection, enum connection_state state)
{
    CHECK(connection_moves[connection->state] & BIT(state), "from %s to %s",
          connection_state_names[connection->state], connection_state_names[state]);
    connection->state = (uint8_t)state;
}

enum engine_op connection_pending(const struct connection *connection)
{
    if (connection->state == CONNECTION_GREETING)
        return ENGINE_OP_SEND;
    return connection->state == CONNECTION_LINGERING || connection->state == CONNECTION_ASKING
               ? ENGINE_OP_RECV
               : ENGINE_OP_NONE;
}

void connections_settle(struct connections *connections, uint32_t place,
                        const struct connection_settings *settings)
{
    CHECK(place < CONNECTION_SETTINGS_MAX, "place=%u", place);
    CHECK(connections->uses[place].count == 0 || connections->uses[place].settings == settings,
          "%u use others at place %u", connections->uses[place].count, place);
    connections->settings = settings;
    connections->place = place;
    connections->uses[place].settings = settings;
}

int connections_init(struct connections *connections, const struct connection_settings *settings,
                     struct engine *engine, uint32_t capacity)
{
    *connections = (struct connections){.engine = engine};
    connections_settle(connections, 0, settings);
    deadline_queue_init(&connections->greeted, settings->linger_timeout_ns);
    deadline_queue_init(&connections->leaving, settings->leave_ns);
    deadline_queue_init(&connections->retries, CONNECTION_RETRY_NS);
    deadline_queue_init(&connections->undelivered, CONNECTION_WATCH_NS);
    deadline_queue_init(&connections->asking,
                        settings->request ? settings->request->timeout_ns : 0);
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

uint32_t connections_capacity(const struct connections *connections)
{
    return connections->slab.capacity - connections->slab.live;
}

bool connections_scarce(const struct connections *connections)
{
    return connections_open(connections) > connections->slab.capacity / 2;
}

/* The settings that it was answered with. */
static const struct connection_settings *
connection_settings_of(const struct connections *connections, const struct connection *connection)
{
    CHECK(!connection->asks, "it has none yet");
    return connections->uses[connection->place].settings;
}

static uint32_t connection_answer_bytes(const struct connections *connections,
                                        const struct connection *connection)
{
    const struct connection_settings *settings = connection_settings_of(connections, connection);

    return connection->answer == ANSWER_GREETING
               ? settings->greeting_bytes
               : settings->request->answers.of[connection->answer].bytes;
}

uint32_t connection_rest_bytes(const struct connections *connections,
                               const struct connection *connection)
{
    return connection_answer_bytes(connections, connection) - connection->sent_bytes;
}

/* The part of the answer that connection_rest_bytes counts. */
static const void *connection_rest(const struct connections *connections,
                                   const struct connection *connection)
{
    const struct connection_settings *settings = connection_settings_of(connections, connection);
    const char *data = connection->answer == ANSWER_GREETING
                           ? settings->greeting
                           : settings->request->answers.of[connection->answer].data;

    return data + connection->sent_bytes;
}

bool connection_is_overdue(const struct connections *connections,
                           const struct connection *connection, uint64_t now_ns)
{
    return now_ns >= connection->begun_ns + connections->settings->delivery_timeout_ns;
}

/* Let the kernel keep delivering the greeting when the socket is closed. Returns 0 or -errno. */
static int connection_hand_over(struct connections *connections, struct connection *connection)
{
    return engine_hand_over(
        connections->engine, connection->sock, connection_rest(connections, connection),
        connection_rest_bytes(connections, connection), connections->settings->delivery_timeout_ns);
}

/* Unread input resets the client and may cost it the greeting, so it is drained, unless the FIN was
 * acknowledged or the client has closed. A partial greeting must not look like the whole. */
static unsigned connection_close_flags(struct connections *connections,
                                       struct connection *connection, enum outcome outcome)
{
    if (connection->asks) /* it is owed nothing */
        return ENGINE_DRAIN;
    if (outcome == OUTCOME_ORPHANED || outcome == OUTCOME_ABANDONED)
        return connection_hand_over(connections, connection) == 0 ? ENGINE_DRAIN : ENGINE_RESET;
    if (outcome == OUTCOME_STALLED)
        return ENGINE_RESET; /* frees the unsent greeting, which is not taken */
    if (outcome == OUTCOME_FAILED && connection->sent_bytes > 0 &&
        connection_rest_bytes(connections, connection) > 0)
        return ENGINE_RESET;
    return connection->half_closed ? ENGINE_LATER : ENGINE_DRAIN;
}

void connection_close(struct connections *connections, struct connection *connection,
                      enum outcome outcome, uint64_t now_ns)
{
    unsigned flags = connection_close_flags(connections, connection, outcome);

    if (answer_is_error(connection->answer) &&
        (outcome == OUTCOME_GREETED || outcome == OUTCOME_EXPIRED))
        outcome = OUTCOME_SILENT;
    engine_close(connections->engine, connection->sock, flags);
    deadline_stop(&connection->deadline);
    connection_move(connection, CONNECTION_CLOSED);
    if (!connection->asks)
        connections->uses[connection->place].count--;
    counter_add(&connections->counts.outcomes[outcome], 1);
    durations_add(&connections->durations, now_ns - connection->begun_ns);
    slab_give(&connections->slab, connection);
}

/* Note for an operator which call failed: the connection's state shows that. */
static void connection_trouble(struct connections *connections, const struct connection *connection,
                               int error)
{
    bool receives = connection->half_closed || connection->asks;
    bool sent = !receives && connection_rest_bytes(connections, connection) == 0;
    const char *call = receives ? "recv" : sent ? "shutdown" : "send";

    if (connections->engine->failed_call)
        call = connections->engine->failed_call;
    connections->engine->failed_call = NULL;
    connections->trouble =
        (struct connection_trouble){connections->trouble.count + 1, call, -error};
}

void connection_fail(struct connections *connections, struct connection *connection, int error,
                     uint64_t now_ns)
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
    connection_close(connections, connection, peer_error(-error) ? OUTCOME_RESET : OUTCOME_FAILED,
                     now_ns);
}

void connection_drain(struct connections *connections, struct connection *connection,
                      unsigned flags, uint64_t now_ns)
{
    int result = engine_recv(connections->engine, slab_token(&connections->slab, connection),
                             connection->sock, NULL, ENGINE_DISCARD_BYTES, flags);

    if (result < 0)
        connection_fail(connections, connection, result, now_ns);
    else
        connection_move(connection, CONNECTION_LINGERING);
}

/* The kernel has the whole answer: send the FIN with it, in the configured way. */
static void connection_finish(struct connections *connections, struct connection *connection,
                              uint64_t now_ns)
{
    int result;

    if (!connections->settings->linger) {
        connection_close(connections, connection, OUTCOME_GREETED, now_ns);
        return;
    }
    result = engine_half_close(connections->engine, connection->sock);
    if (result < 0) {
        connection_fail(connections, connection, result, now_ns);
        return;
    }
    connection->half_closed = true;
    if (connections->settings->leave_ns > 0 && !connections_scarce(connections)) {
        connection_move(connection, CONNECTION_LEAVING);
        deadline_start(&connections->leaving, &connection->deadline, now_ns);
        return;
    }
    deadline_start(&connections->greeted, &connection->deadline, now_ns);
    connection_drain(connections, connection, ENGINE_LATER, now_ns);
}

/* The kernel took this much more of the answer. */
static void connection_note_sent(struct connections *connections, struct connection *connection,
                                 uint32_t bytes)
{
    uint32_t rest_bytes = connection_rest_bytes(connections, connection);

    CHECK(bytes <= rest_bytes, "bytes=%u rest_bytes=%u", bytes, rest_bytes);
    connection->sent_bytes += bytes;
}

void connection_send(struct connections *connections, struct connection *connection,
                     uint64_t now_ns)
{
    int result = engine_send(connections->engine, slab_token(&connections->slab, connection),
                             connection->sock, connection_rest(connections, connection),
                             connection_rest_bytes(connections, connection), ENGINE_MORE);

    if (result < 0)
        connection_fail(connections, connection, result, now_ns);
    else
        connection_move(connection, CONNECTION_GREETING);
}

/* The new socket is still in the CPU's caches, and its buffer nearly always holds the greeting. */
static void connection_begin(struct connections *connections, struct connection *connection,
                             uint64_t now_ns)
{
    uint32_t bytes = connection_answer_bytes(connections, connection);
    int result = 0;

    if (bytes > 0)
        result = engine_send_now(connections->engine, connection->sock,
                                 connection_rest(connections, connection), bytes, ENGINE_MORE);
    if (result < 0 && result != -EAGAIN) {
        connection_fail(connections, connection, result, now_ns);
        return;
    }
    if (result > 0)
        connection_note_sent(connections, connection, (uint32_t)result);
    if (connection->sent_bytes == bytes)
        connection_finish(connections, connection, now_ns);
    else
        connection_send(connections, connection, now_ns);
}

void connection_answer(struct connections *connections, struct connection *connection,
                       enum answer answer, uint64_t now_ns)
{
    connection->asks = false;
    connection->place = connections->place;
    connections->uses[connection->place].count++;
    connection->answer = (uint8_t)answer;
    connection->begun_ns = now_ns;
    connection->left_bytes = connection_answer_bytes(connections, connection) + 1;
    connection_move(connection, CONNECTION_GREETING);
    deadline_start(&connections->greeted, &connection->deadline, now_ns);
    connection_begin(connections, connection, now_ns);
}

void connection_accept(struct connections *connections, int sock, uint64_t now_ns)
{
    struct connection *connection = slab_take(&connections->slab);

    /* The worker accepts only below capacity. */
    CHECK(connection, "open=%u of %u", connections_open(connections), connections->slab.capacity);
    counter_add(&connections->counts.accepted, 1);
    connection->sock = sock;
    if (connections->settings->request)
        connection_ask(connections, connection, now_ns);
    else
        connection_answer(connections, connection, ANSWER_GREETING, now_ns);
}

static void connection_sent(struct connections *connections, struct connection *connection,
                            int result, uint64_t now_ns)
{
    if (connection->cancelled && result == -ECANCELED) {
        connection_close(connections, connection, connection->ending, now_ns);
        return;
    }
    connection->cancelled = false; /* late, but it succeeded */
    if (result < 0) {
        connection_fail(connections, connection, result, now_ns);
        return;
    }
    connection_note_sent(connections, connection, (uint32_t)result);
    if (connection_rest_bytes(connections, connection) == 0) {
        connection_finish(connections, connection, now_ns);
        return;
    }
    if (connection_is_overdue(connections, connection, now_ns)) { /* no deadline comes meanwhile */
        connection_close(connections, connection, OUTCOME_STALLED, now_ns);
        return;
    }
    deadline_start(&connections->greeted, &connection->deadline, now_ns); /* it made progress */
    connection_send(connections, connection, now_ns);
}

static void connection_drained(struct connections *connections, struct connection *connection,
                               int result, uint64_t now_ns)
{
    if (result == 0)
        connection_close(connections, connection, OUTCOME_GREETED, now_ns);
    else if (connection->cancelled && (result > 0 || result == -ECANCELED))
        connection_close(connections, connection, connection->ending, now_ns);
    else if (result < 0)
        connection_fail(connections, connection, result, now_ns);
    else
        connection_drain(connections, connection, 0, now_ns);
}

void connection_event(struct connections *connections, const struct engine_event *event,
                      uint64_t now_ns)
{
    struct connection *connection = slab_find(&connections->slab, event->token);

    CHECK(connection, "token=%#llx op=%d", (unsigned long long)event->token, (int)event->op);
    CHECK(event->op == connection_pending(connection), "op=%d in state %s", (int)event->op,
          connection_state_names[connection->state]);
    if (event->op == ENGINE_OP_SEND)
        connection_sent(connections, connection, event->result, now_ns);
    else if (connection->state == CONNECTION_ASKING)
        connection_asked(connections, connection, event->result, now_ns);
    else
        connection_drained(connections, connection, event->result, now_ns);
}

void connections_resume(struct connections *connections, struct engine *engine, uint64_t now_ns)
{
    struct connection *connection = NULL;

    connections->engine = engine;
    while ((connection = slab_next(&connections->slab, connection))) {
        if (connection_pending(connection) == ENGINE_OP_NONE)
            continue;
        if (connection->asks)
            connection_resume_asking(connections, connection, now_ns);
        else if (connection->cancelled)
            connection_close(connections, connection, connection->ending, now_ns);
        else if (connection->state == CONNECTION_GREETING)
            connection_send(connections, connection, now_ns);
        else
            connection_drain(connections, connection, ENGINE_LATER, now_ns);
    }
}
