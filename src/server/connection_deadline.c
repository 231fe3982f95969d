/* Connections and time: FIN probes, deadlines, the end of all. */
#include "base/check.h"
#include "server/connection_state.h"
#include "server/patience.h"

#include <errno.h>
#include <stddef.h>

static struct connection *connection_of(struct deadline *deadline)
{
    return (struct connection *)(void *)((char *)deadline - offsetof(struct connection, deadline));
}

/* How much of the request timeout is cut off where places are needed. */
static uint64_t connections_hurry_ns(const struct connections *connections)
{
    uint64_t timeout_ns = connections->asking.timeout_ns;

    return connections_scarce(connections) && timeout_ns > CONNECTION_HURRY_NS
               ? timeout_ns - CONNECTION_HURRY_NS
               : 0;
}

uint64_t connections_due_ns(const struct connections *connections, bool others_come)
{
    const struct deadline_queue *const queues[] = {&connections->greeted, &connections->retries,
                                                   &connections->undelivered};
    uint64_t due_ns = deadline_queues_due_ns(queues, sizeof(queues) / sizeof(queues[0]));
    uint64_t probe_ns = deadline_queue_due_ns(&connections->leaving);
    uint64_t ask_ns = deadline_queue_due_ns(&connections->asking);

    if (others_come && probe_ns != DEADLINE_NEVER)
        probe_ns += connections->settings->leave_slack_ns;
    if (ask_ns != DEADLINE_NEVER)
        ask_ns -= connections_hurry_ns(connections);
    due_ns = ask_ns < due_ns ? ask_ns : due_ns;
    return probe_ns < due_ns ? probe_ns : due_ns;
}

/* Cancel the pending operation, which ends the connection. */
static void connection_end(struct connections *connections, struct connection *connection,
                           enum outcome outcome, uint64_t now_ns)
{
    enum engine_op op = connection_pending(connection);

    CHECK(op != ENGINE_OP_NONE, "state=%u outcome=%d", connection->state, (int)outcome);
    if (engine_cancel(connections->engine, op, slab_token(&connections->slab, connection),
                      connection->sock) < 0) {
        deadline_start(&connections->undelivered, &connection->deadline, now_ns);
        return;
    }
    connection->cancelled = true;
    connection->ending = (uint8_t)outcome;
}

/* A deadline came before the client closed. */
static void connection_expire(struct connections *connections, struct connection *connection,
                              uint64_t now_ns)
{
    struct engine_delivery delivery = {0}; /* as for a socket that cannot report it */
    struct patience patience = {
        .before_bytes = connection->left_bytes,
        .late = connection->late,
        .overdue = connection_is_overdue(connections, connection, now_ns),
        .scarce = connections_scarce(connections),
    };

    engine_delivery(connections->engine, connection->sock, &delivery);
    patience.left_bytes = delivery.unacknowledged_bytes +
                          connection_rest_bytes(connections, connection) +
                          (connection->state == CONNECTION_GREETING);
    patience.refused = delivery.refused;
    connection->left_bytes = patience.left_bytes;
    connection->late = patience.left_bytes > 0;
    switch (patience_judge(&patience)) {
    case PATIENCE_LINGER:
        deadline_start(&connections->greeted, &connection->deadline, now_ns);
        break;
    case PATIENCE_WATCH:
        deadline_start(&connections->undelivered, &connection->deadline, now_ns);
        break;
    case PATIENCE_EXPIRED:
        connection_end(connections, connection, OUTCOME_EXPIRED, now_ns);
        break;
    case PATIENCE_STALLED:
        connection_end(connections, connection, OUTCOME_STALLED, now_ns);
        break;
    case PATIENCE_ORPHANED:
        connection_end(connections, connection, OUTCOME_ORPHANED, now_ns);
        break;
    }
}

/* The client had time to close. Most have: one call finds out, without a wait for each. */
static void connection_probe(struct connections *connections, struct connection *connection,
                             uint64_t now_ns)
{
    int result = engine_discard(connections->engine, connection->sock);

    if (result == 0) {
        connection_close(connections, connection, OUTCOME_GREETED, now_ns);
    } else if (result < 0 && result != -EAGAIN) {
        connection_fail(connections, connection, result, now_ns);
    } else {
        deadline_start(&connections->greeted, &connection->deadline, now_ns);
        connection_drain(connections, connection, result == -EAGAIN ? ENGINE_LATER : 0, now_ns);
    }
}

bool connections_leave(const struct connections *connections)
{
    return deadline_queue_due_ns(&connections->leaving) != DEADLINE_NEVER;
}

void connections_probe(struct connections *connections, uint64_t now_ns)
{
    for (int i = 0; i < CONNECTION_PROBES_MAX; i++) {
        struct deadline *deadline = deadline_queue_take(&connections->leaving, now_ns);

        if (!deadline)
            return;
        connection_probe(connections, connection_of(deadline), now_ns);
    }
}

/* Retry the failed operation. */
static void connection_retry(struct connections *connections, struct connection *connection,
                             uint64_t now_ns)
{
    if (connection->asks) {
        deadline_start(&connections->asking, &connection->deadline, now_ns);
        connection_resume_asking(connections, connection, now_ns);
        return;
    }
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
    while ((deadline = deadline_queue_take(&connections->undelivered, now_ns))) {
        struct connection *connection = connection_of(deadline);

        if (connection->asks) /* it could not be cancelled before */
            connection_end(connections, connection, OUTCOME_SILENT, now_ns);
        else
            connection_expire(connections, connection, now_ns);
    }
    while ((deadline = deadline_queue_take(&connections->retries, now_ns)))
        connection_retry(connections, connection_of(deadline), now_ns);
    /* Each that is given up may free its place soon, but not before its recv has ended. */
    while ((deadline = deadline_queue_take(&connections->asking,
                                           now_ns + connections_hurry_ns(connections))))
        connection_end(connections, connection_of(deadline), OUTCOME_SILENT, now_ns);
}

void connections_stop(struct connections *connections, uint64_t now_ns)
{
    struct connection *connection = NULL;

    while ((connection = slab_next(&connections->slab, connection)))
        if (!connection->cancelled && connection_pending(connection) != ENGINE_OP_NONE)
            connection_end(connections, connection, OUTCOME_ABANDONED, now_ns);
}

void connections_abandon(struct connections *connections, uint64_t now_ns)
{
    struct connection *connection = NULL;

    while ((connection = slab_next(&connections->slab, connection)))
        connection_close(connections, connection, OUTCOME_ABANDONED, now_ns);
    outcome_counts_check(&connections->counts, connections_open(connections));
}
