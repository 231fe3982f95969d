/* What is known only when all is over. */
#include "listener.h"
#include "server_book.h"
#include "world.h"

#include <inttypes.h>

/* Who waits to be accepted is served, and whose handshake is under way, unless the time is up. */
static void judge_listener(const struct server_book *book)
{
    uint64_t closed_ns = listener_closed_ns();
    bool refused = listener_refuses_since_ns() > 0;
    bool is_late = closed_ns >= book->stopped_ns + RESPONDER_HANDSHAKES_NS;

    if (closed_ns >= book->deadline_ns)
        return;
    if (book->shared) {
        if (listener_cut_off_waiting() > 0 && book->calm && !is_late)
            world_fail("leaves %u behind whom nobody else was woken for",
                       listener_cut_off_waiting());
        return;
    }
    if (listener_cut_off_waiting() > 0 && (refused || !is_late))
        world_fail("closes the listener while %u wait", listener_cut_off_waiting());
    if (listener_cut_off_handshakes() > 0 && refused && !is_late && !book->blind)
        world_fail("closes the listener while %u are about to wait", listener_cut_off_handshakes());
}

void server_book_balance(struct server_book *book)
{
    const struct outcome_counts *counts = book->counts;
    uint64_t ended = counts->accepted - outcome_counts_open(counts);
    uint64_t late_ns = world_now_ns() - book->deadline_ns;

    server_watch.call();
    if (ended != counts->accepted)
        world_fail("%" PRIu64 " were accepted, and %" PRIu64 " have ended", counts->accepted,
                   ended);
    if (sim_engine_is_broken(book->engine))
        return;
    if (book->deadline_ns == 0)
        world_fail("ends though nobody asked for it");
    if (world_now_ns() > book->deadline_ns && late_ns > S + sim_engine_stalled_ns(book->engine))
        world_fail("ends %.3f s after the end of the stop", (double)late_ns / 1e9);
    if (listener_is_open())
        world_fail("leaves its listener open");
    judge_listener(book);
}

/* True if the client had not asked, as was looked at when it was closed. */
static bool judge_is_owed_nothing(const struct client *client)
{
    return asking_request() && client->tcp->streams[TCP_OURS].written == 0 &&
           (client->outcome == OUTCOME_SILENT || client->outcome == OUTCOME_ABANDONED);
}

/* How long the answer is of which a client was sent all or the beginning; UINT32_MAX: it is none.
 */
static uint32_t judge_answer_bytes(const struct client *client)
{
    const struct tcp_stream *to_client = &client->tcp->streams[TCP_OURS];
    const struct tcp_stream *from_client = &client->tcp->streams[TCP_PEERS];
    enum answer answer = ANSWER_LATE;

    if (!asking_request())
        return asking_answer_bytes(to_client, ANSWER_GREETING);
    if (asking_is_answer(to_client, asking_entitles(from_client, from_client->read)))
        answer = asking_entitles(from_client, from_client->read);
    return asking_answer_bytes(to_client, answer);
}

/* Who comes after the last change is greeted with the greeting that it brought. */
static bool judge_is_greeted_anew(const struct server_book *book, const struct client *client)
{
    const struct tcp_stream *to_client = &client->tcp->streams[TCP_OURS];
    unsigned before = !book->greeting;

    return client->accepted_ns <= book->changed_ns ||
           !asking_is_answer_with(to_client, ANSWER_GREETING, before) ||
           asking_is_answer_with(to_client, ANSWER_GREETING, book->greeting);
}

/* True if the client lost its right to the greeting, by what it did or by what may happen. */
static bool judge_excuses(const struct server_book *book, const struct client *client)
{
    const struct tcp *tcp = client->tcp;

    if (client->gave_up || tcp->ends[TCP_PEERS].gone || !client->accepted)
        return true;
    if (judge_is_owed_nothing(client))
        return true;
    if (client->outcome == OUTCOME_STALLED || client->outcome == OUTCOME_FAILED)
        return true; /* it was looked at then whether it may be */
    if (client->handed_over && client->reset)
        return true; /* the kernel had no room for the rest */
    if (client->handed_over || !book->settings->linger)
        return tcp->late_input || tcp->timed_out;
    return false;
}

void server_book_judge(const struct server_book *book, const struct client *client)
{
    const struct tcp_stream *stream;
    uint32_t bytes;

    if (!client->connected)
        return;
    stream = &client->tcp->streams[TCP_OURS];
    bytes = judge_answer_bytes(client);
    if (bytes == UINT32_MAX)
        world_fail("client %u (%s) is sent something else than the greeting", client->number,
                   client_temper_name(client->temper));
    if (client->accepted && !judge_is_greeted_anew(book, client))
        world_fail("client %u (%s) is sent the greeting of before the change", client->number,
                   client_temper_name(client->temper));
    if (stream->fin_arrived && stream->arrived < bytes &&
        !(stream->arrived == 0 &&
          (client->outcome == OUTCOME_FAILED || judge_is_owed_nothing(client))))
        world_fail("client %u (%s) takes %u bytes for the whole greeting of %u", client->number,
                   client_temper_name(client->temper), stream->arrived, bytes);
    if (judge_excuses(book, client))
        return;
    if (stream->arrived < bytes || !stream->fin_arrived)
        world_fail("client %u (%s), outcome %d, got %u bytes of %u%s", client->number,
                   client_temper_name(client->temper), (int)client->outcome, stream->arrived, bytes,
                   stream->fin_arrived ? " and the end" : "");
}
