#include "server_book.h"

#include "listener.h"
#include "world.h"

#include <inttypes.h>
#include <string.h>

/* What a step may take longer than it should: system calls, events that are handed out late. */
#define SLACK_NS (1 * S)

/* Each call that failed by chance is tried again after this, at the latest. */
#define TROUBLE_NS (CONNECTION_WATCH_NS + 100 * MS)

static struct server_book *book; /* of the world */

static uint64_t book_open_count(void)
{
    uint64_t closed = 0;

    for (int i = 0; i < OUTCOME_COUNT; i++)
        closed += book->seen.outcomes[i];
    return book->seen.accepted - closed;
}

static void expect(bool holds, const struct client *client, const char *what)
{
    if (!holds)
        world_fail("client %u (%s) is closed as outcome %d: %s", client->number,
                   client_temper_name(client->temper), (int)client->outcome, what);
}

/* True if what was cancelled got there after all: that counts. */
static bool book_was_taken(void)
{
    return book->closed.last_op == ENGINE_OP_SEND && book->closed.last_result >= 0;
}

/* What it is entitled to for what was read of it. */
static enum answer book_entitled(void)
{
    const struct tcp_stream *from_client = &book->closed_tcp.streams[TCP_PEERS];

    return asking_entitles(from_client, from_client->read);
}

/* It had to ask for nothing, or asked in time, and is sent all that it is entitled to. */
static bool book_is_whole(void)
{
    const struct tcp_stream *to_client = &book->closed_tcp.streams[TCP_OURS];

    return asking_is_whole(to_client, book_entitled());
}

/* Whoever is not greeted did not ask, though there was time, or got the answer to that. */
static void book_check_silent(const struct client *client)
{
    const struct request *request = asking_request();
    const struct tcp_stream *to_client = &book->closed_tcp.streams[TCP_OURS];
    const struct sim_socket *socket = &book->closed;
    enum answer entitled = book_entitled();
    bool was_scarce = socket->cancel.open > book->connections_max / 2;
    uint64_t time_ns = 0;

    expect(request, client, "nobody was waited for");
    expect(!client->reset, client, "it is reset");
    if (to_client->written > 0 || book->closed_tcp.fin_ns) {
        expect(asking_is_whole(to_client, ANSWER_LATE) ||
                   (answer_is_error(entitled) && asking_is_whole(to_client, entitled)),
               client, "that is no answer to a wrong request");
        return;
    }
    expect(entitled == ANSWER_COUNT, client, "it had asked");
    if (socket->last_op == ENGINE_OP_RECV && socket->last_result == 0)
        return; /* it has ended */
    time_ns = request->timeout_ns;
    /* A cancel that failed is repeated, even if nobody needs the place any more. */
    if ((was_scarce || socket->troubles > 0) && time_ns > CONNECTION_HURRY_NS)
        time_ns = CONNECTION_HURRY_NS;
    expect(socket->cancel.at_ns >= client->accepted_ns + time_ns ||
               (socket->troubles > 0 && world_now_ns() >= client->accepted_ns + time_ns),
           client, "it had more time to ask");
}

/* A client that is reset took nothing for a linger timeout, its window being closed, or had the
 * whole delivery timeout. */
static void book_check_stalled(const struct client *client)
{
    const struct sim_cancel *cancel = &book->closed.cancel;
    bool cancelled = cancel->at_ns > 0; /* else it made progress all the time */
    uint64_t judged_ns = cancelled ? cancel->at_ns : world_now_ns();
    bool overdue = judged_ns >= client->accepted_ns + book->settings->delivery_timeout_ns;
    bool refused =
        cancel->refused && cancel->at_ns >= cancel->progress_ns + book->settings->linger_timeout_ns;

    expect(cancel->unacknowledged_bytes > 0 || !cancelled || !book_is_whole(), client,
           "it had acknowledged all");
    expect(overdue || !book_was_taken(), client, "it took some before that was cancelled");
    expect(overdue || refused, client, "it neither refused nor had the delivery timeout");
    expect(client->reset, client, "it is not reset, so what is unsent stays");
}

static void book_check_orphaned(const struct client *client)
{
    const struct sim_cancel *cancel = &book->closed.cancel;

    expect(cancel->open > book->connections_max / 2, client, "there was room for it");
    expect(cancel->at_ns >= client->accepted_ns + book->settings->linger_timeout_ns, client,
           "it did not have the linger timeout");
    expect(client->handed_over, client, "it is not handed over to the kernel");
    expect(!book_was_taken(), client, "it took some before that was cancelled");
}

/* May the client be closed in this way? */
static void book_check(const struct client *client)
{
    const struct connection_settings *settings = book->settings;
    const struct sim_socket *socket = &book->closed;
    const struct tcp_stream *stream = &book->closed_tcp.streams[TCP_OURS];
    bool whole = book_is_whole();
    bool late = asking_request() && asking_is_whole(stream, ANSWER_LATE);
    bool stopping = book->stopped_ns > 0 || sim_engine_is_broken(book->engine);

    switch (client->outcome) {
    case OUTCOME_GREETED:
        expect(whole && !answer_is_error(book_entitled()), client, "its greeting is not sent");
        expect(!client->reset, client, "it is reset");
        if (settings->linger)
            expect(socket->last_op == ENGINE_OP_RECV && socket->last_result == 0, client,
                   "it has not closed");
        break;
    case OUTCOME_EXPIRED:
        expect(settings->linger && whole && !client->reset, client, "it is not greeted");
        expect(socket->cancel.unacknowledged_bytes == 0, client, "it has not acknowledged all");
        expect(socket->cancel.at_ns >= book->closed_tcp.fin_ns + settings->linger_timeout_ns,
               client, "it did not have the linger timeout");
        break;
    case OUTCOME_RESET:
        expect(book->closed_tcp.ends[TCP_OURS].dead, client, "its connection is alive");
        break;
    case OUTCOME_STALLED:
        book_check_stalled(client);
        break;
    case OUTCOME_ORPHANED:
        book_check_orphaned(client);
        break;
    case OUTCOME_FAILED:
        expect(socket->faulty || socket->troubles > CONNECTION_RETRIES_MAX, client,
               "nothing failed");
        expect(client->reset || whole || late || stream->written == 0, client,
               "a part of the greeting looks like the whole");
        break;
    case OUTCOME_ABANDONED:
        expect(stopping, client, "there is no stop");
        /* Who asks is owed nothing; of what was read last it may not know. */
        expect(client->handed_over || (asking_request() && stream->written == 0 &&
                                       (socket->events > 0 || book_entitled() == ANSWER_COUNT)),
               client, "it is not handed over to the kernel");
        break;
    case OUTCOME_SILENT:
        book_check_silent(client);
        break;
    case OUTCOME_COUNT:
        break;
    }
}

/* What was counted since the last call? That must be the outcome of what was closed then. */
static void book_settle(void)
{
    int found = OUTCOME_COUNT;

    for (int i = 0; i < OUTCOME_COUNT; i++) {
        uint64_t more = book->counts->outcomes[i] - book->seen.outcomes[i];

        if (more > 1 || (more == 1 && (found != OUTCOME_COUNT || !book->closing)))
            world_fail("outcome %d is counted, and nothing was closed", i);
        if (more == 1)
            found = i;
    }
    if (book->closing && found == OUTCOME_COUNT)
        world_fail("client %u is closed, and no outcome is counted", book->closing->number);
    book->seen.accepted = book->counts->accepted;
    if (!book->closing)
        return;
    book->seen.outcomes[found]++;
    book->closing->outcome = (enum outcome)found;
    book->busy_ns = world_now_ns(); /* it was there until now */
    book->busy_stalled_ns = sim_engine_stalled_ns(book->engine);
    world_trace("client %u (%s) ends as outcome %d", book->closing->number,
                client_temper_name(book->closing->temper), found);
    book_check(book->closing);
    book->closing = NULL;
}

static void book_accept(uint32_t room)
{
    uint64_t open = book_open_count();

    if (room != book->connections_max - open)
        world_fail("accepts with room for %u, and %" PRIu64 " of %u are open", room, open,
                   book->connections_max);
    if (book->stopped_ns && !listener_is_open())
        world_fail("accepts from a listener that is closed");
}

/* The product knows of this client. */
static void book_meet(struct sim_socket *socket)
{
    struct client *client = client_of(socket->tcp);

    if (client->accepted)
        return;
    client->accepted = true;
    client->accepted_ns = socket->reported_ns;
    client->stalled_ns = socket->reported_stalled_ns;
}

static void book_close(struct sim_socket *socket, unsigned flags)
{
    struct client *client = client_of(socket->tcp);

    book_meet(socket);
    client->closed = true;
    client->handed_over = socket->handed_over;
    client->reset = flags & ENGINE_RESET;
    book->closing = client;
    book->closed = *socket;
    book->closed_tcp = *socket->tcp;
}

/* Nobody waits longer than he should. */
static void book_check_age(struct sim_socket *socket)
{
    const struct connection_settings *settings = book->settings;
    const struct tcp *tcp = socket->tcp;
    struct client *client = client_of(tcp);
    uint64_t ask_ns = settings->request ? settings->request->timeout_ns : 0;
    uint64_t leave_ns = settings->leave_ns + settings->leave_slack_ns;
    uint64_t excuse_ns, now_ns = world_now_ns(), both_ns;

    if (!client->accepted)
        return;
    excuse_ns = SLACK_NS + sim_engine_stalled_ns(book->engine) - client->stalled_ns +
                socket->troubles * TROUBLE_NS;
    if (ask_ns && tcp->streams[TCP_OURS].written == 0 && !tcp->fin_ns &&
        now_ns > client->accepted_ns + (socket->troubles > 0 ? 2 : 1) * ask_ns + excuse_ns)
        world_fail("client %u (%s) asks for %.3f s", client->number,
                   client_temper_name(client->temper),
                   (double)(now_ns - client->accepted_ns) / 1e9);
    if (now_ns > client->accepted_ns + 2 * ask_ns + settings->delivery_timeout_ns +
                     4 * settings->linger_timeout_ns + leave_ns + excuse_ns)
        world_fail("client %u (%s) is open for %.3f s", client->number,
                   client_temper_name(client->temper),
                   (double)(now_ns - client->accepted_ns) / 1e9);
    if (tcp->fin_known_ns &&
        now_ns > tcp->fin_known_ns + 3 * settings->linger_timeout_ns + leave_ns + excuse_ns)
        world_fail("client %u (%s) has the end since %.3f s and is not closed", client->number,
                   client_temper_name(client->temper), (double)(now_ns - tcp->fin_known_ns) / 1e9);
    both_ns = tcp->fin_ns > tcp->peer_fin_ns ? tcp->fin_ns : tcp->peer_fin_ns;
    if (tcp->fin_ns && tcp->peer_fin_ns && now_ns > both_ns + leave_ns + excuse_ns)
        world_fail("client %u (%s) has closed since %.3f s and is not closed", client->number,
                   client_temper_name(client->temper), (double)(now_ns - both_ns) / 1e9);
}

/* With nothing open and nothing due it sleeps for as long as nothing happens. */
static void book_check_sleep(int64_t timeout_ns, uint64_t open)
{
    bool calm = world_now_ns() > book->trouble_ns + CONDITION_INTERVAL_NS + 2 * S;

    if (book->calm && calm && open == 0 && !book->deadline_ns && timeout_ns != -1)
        world_fail("wakes in %.6f s though nothing is open and nothing is due",
                   (double)timeout_ns / 1e9);
}

/* Who comes is not left waiting: where nothing is accepted it looks again soon. */
static void book_check_listener(int64_t timeout_ns, uint64_t open)
{
    uint64_t soon_ns = open < book->connections_max ? RESPONDER_RETRY_NS : RESPONDER_CHECK_NS;

    if (!listener_is_open() || sim_engine_is_accepting(book->engine))
        return;
    if (timeout_ns < 0 || (uint64_t)timeout_ns > soon_ns)
        world_fail("waits %.6f s without accepting, and %u wait", (double)timeout_ns / 1e9,
                   listener_waiting());
}

/* A stop ends soon when nobody is there any more. */
static void book_check_stop(uint64_t open)
{
    uint64_t now_ns = world_now_ns(), stalled_ns = sim_engine_stalled_ns(book->engine);

    if (book->busy_ns < book->stopped_ns || open + listener_waiting() + listener_handshakes() > 0) {
        book->busy_ns = now_ns;
        book->busy_stalled_ns = stalled_ns;
    }
    if (book->deadline_ns && now_ns > book->busy_ns + RESPONDER_HANDSHAKES_NS + SLACK_NS +
                                          stalled_ns - book->busy_stalled_ns)
        world_fail("nobody is there for %.3f s of the stop, and it does not end",
                   (double)(now_ns - book->busy_ns) / 1e9);
}

/* It does not turn for nothing. */
static void book_check_turns(int64_t timeout_ns)
{
    uint64_t looks = 60 + S / book->settings->linger_timeout_ns; /* at each connection */

    if (world_now_ns() > book->windows_ns + S) {
        book->windows_ns = world_now_ns();
        book->idle_turns = 0;
    }
    book->idle_turns += sim_engine_last_count(book->engine) == 0;
    if (book->idle_turns > 100 + looks * book->connections_max)
        world_fail("%u turns in a second found nothing to do; the next waits %.6f s",
                   book->idle_turns, (double)timeout_ns / 1e9);
}

static void book_wait(int64_t timeout_ns)
{
    uint64_t accepted = sim_engine_handed_accepts(book->engine);
    uint64_t open = book_open_count();

    if (book->counts->accepted != accepted)
        world_fail("%" PRIu64 " are accepted, and %" PRIu64 " are counted", accepted,
                   book->counts->accepted);
    if (open > book->connections_max)
        world_fail("%" PRIu64 " are open, more than %u", open, book->connections_max);
    if (open == book->connections_max || sim_engine_fault_count(book->engine) != book->faults)
        book->trouble_ns = world_now_ns();
    book->faults = sim_engine_fault_count(book->engine);
    for (struct sim_socket *socket = NULL; (socket = sim_engine_next(book->engine, socket));) {
        if (socket->last_op == 0 && socket->events > 0)
            continue; /* accepted, but nobody knows */
        book_meet(socket);
        book_check_age(socket);
    }
    book_check_sleep(timeout_ns, open);
    book_check_listener(timeout_ns, open);
    book_check_stop(open);
    book_check_turns(timeout_ns);
    if (timeout_ns > 0 && book->deadline_ns &&
        world_now_ns() + (uint64_t)timeout_ns > book->deadline_ns + MS)
        world_fail("waits until after the end of the stop");
}

static void book_connect(struct sim_socket *socket, const struct sockaddr *address)
{
    (void)address;
    world_fail("socket %d: a responder connects", socket->sock);
}

static void book_disconnect(struct sim_socket *socket)
{
    world_fail("socket %d: a responder disconnects", socket->sock);
}

static void book_lack(int error)
{
    world_fail("a responder opens a socket: %d", error);
}

const struct sim_watch server_watch = {
    .call = book_settle,
    .wait = book_wait,
    .accept = book_accept,
    .close = book_close,
    .connect = book_connect,
    .disconnect = book_disconnect,
    .lack = book_lack,
};

void server_book_open(struct server_book *opened)
{
    book = opened;
}
