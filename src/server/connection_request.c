/* Connections that ask: what they send is read and matched, and kept nowhere. */
#include "server/connection_state.h"

#include <errno.h>

/* Input is read this much at a time, and this often at most before others have their turn. */
#define REQUEST_READ_BYTES 4096
#define REQUEST_READS_MAX  16

/* Receive the next part of its request. */
static void connection_await(struct connections *connections, struct connection *connection,
                             unsigned flags, uint64_t now_ns)
{
    int result = engine_recv(connections->engine, slab_token(&connections->slab, connection),
                             connection->sock, connection->input, sizeof(connection->input), flags);

    if (result < 0)
        connection_fail(connections, connection, result, now_ns);
    else
        connection_move(connection, CONNECTION_ASKING);
}

/* Its time is over, and nothing is pending. */
static void connection_give_up(struct connections *connections, struct connection *connection,
                               uint64_t now_ns)
{
    const struct request *request = connections->settings->request;
    enum answer answer = request_give_up(request, &connection->request);

    /* Where its place is needed, it does not get it for the time that an answer takes. */
    if (connection->ending == OUTCOME_ABANDONED)
        connection_close(connections, connection, OUTCOME_ABANDONED, now_ns);
    else if (answer == ANSWER_COUNT || connections_scarce(connections))
        connection_close(connections, connection, OUTCOME_SILENT, now_ns);
    else
        connection_answer(connections, connection, answer, now_ns);
}

/* Read what has come, and do what follows from that. `late`: its time is over. */
static void connection_read(struct connections *connections, struct connection *connection,
                            bool late, uint64_t now_ns)
{
    const struct request *request = connections->settings->request;
    unsigned char data[REQUEST_READ_BYTES];
    enum answer answer = ANSWER_COUNT;
    int result = 1;

    for (int reads = 0; result > 0 && answer == ANSWER_COUNT && reads < REQUEST_READS_MAX;
         reads++) {
        result = engine_recv_now(connections->engine, connection->sock, data, sizeof(data));
        if (result > 0)
            answer = request_take(request, &connection->request, data, (size_t)result);
    }
    if (answer != ANSWER_COUNT)
        connection_answer(connections, connection, answer, now_ns);
    else if (result == 0)
        connection_close(connections, connection, OUTCOME_SILENT, now_ns);
    else if (result < 0 && result != -EAGAIN)
        connection_fail(connections, connection, result, now_ns);
    else if (late)
        connection_give_up(connections, connection, now_ns);
    else
        connection_await(connections, connection, result > 0 ? 0 : ENGINE_LATER, now_ns);
}

void connection_ask(struct connections *connections, struct connection *connection, uint64_t now_ns)
{
    connection->asks = true;
    connection->begun_ns = now_ns;
    connection_move(connection, CONNECTION_ASKING);
    deadline_start(&connections->asking, &connection->deadline, now_ns);
    connection_read(connections, connection, false, now_ns);
}

void connection_asked(struct connections *connections, struct connection *connection, int result,
                      uint64_t now_ns)
{
    enum answer answer = ANSWER_COUNT;
    bool late = connection->cancelled;

    connection->cancelled = false;
    if (result > 0)
        answer = request_take(connections->settings->request, &connection->request,
                              connection->input, (size_t)result);
    if (answer != ANSWER_COUNT)
        connection_answer(connections, connection, answer, now_ns);
    else if (result == 0)
        connection_close(connections, connection, OUTCOME_SILENT, now_ns);
    else if (result < 0 && !(late && result == -ECANCELED))
        connection_fail(connections, connection, result, now_ns);
    else
        connection_read(connections, connection, late, now_ns); /* also what came just now */
}

void connection_resume_asking(struct connections *connections, struct connection *connection,
                              uint64_t now_ns)
{
    bool late = connection->cancelled ||
                now_ns >= connection->begun_ns + connections->settings->request->timeout_ns;

    connection->cancelled = false;
    connection_read(connections, connection, late, now_ns);
}
