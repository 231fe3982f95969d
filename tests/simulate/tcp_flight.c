/* What goes to and fro between the ends of a connection: flights, what is lost of them, probes of a
 * closed window, resets. */
#include "tcp_flight.h"

#include "world.h"

#include <errno.h>

#define RETRY_FIRST_NS (200 * MS) /* TCP_RTO_MIN */
#define RETRY_MAX_NS   (120 * S)  /* TCP_RTO_MAX */
#define GIVES_UP_NS    (924 * S)  /* tcp_retries2 15 */
#define ORPHAN_NS      (50 * S)   /* tcp_orphan_retries 8 */
#define ORPHAN_PROBES  8          /* the same, where a window is closed */

enum tcp_side tcp_other(enum tcp_side side)
{
    return side == TCP_OURS ? TCP_PEERS : TCP_OURS;
}

static uint64_t tcp_retry_ns(const struct tcp *tcp, unsigned tries)
{
    uint64_t ns = (RETRY_FIRST_NS + 2 * tcp->path.delay_ns) << (tries < 16 ? tries : 16);

    return ns < RETRY_MAX_NS ? ns : RETRY_MAX_NS;
}

static void tcp_changed(struct tcp *tcp, enum tcp_side side)
{
    if (tcp->ends[side].changed)
        tcp->ends[side].changed(tcp);
}

/* How long a segment that leaves now takes: none overtakes another. */
static uint64_t tcp_travel_ns(struct tcp *tcp, enum tcp_side to)
{
    struct tcp_end *end = &tcp->ends[to];
    uint64_t arrival_ns = world_now_ns() + tcp_delay_ns(tcp);

    if (arrival_ns < end->last_arrival_ns)
        arrival_ns = end->last_arrival_ns;
    end->last_arrival_ns = arrival_ns;
    return arrival_ns - world_now_ns();
}

void tcp_give_up(struct tcp *tcp, enum tcp_side side, int error)
{
    struct tcp_end *end = &tcp->ends[side];

    if (end->dead)
        return;
    end->dead = true;
    end->error = error;
    tcp_changed(tcp, side);
}

static void tcp_time_out(struct tcp *tcp, enum tcp_side side)
{
    world_trace("tcp %u: the kernel of %s gives up", tcp->number,
                side == TCP_OURS ? "this host" : "the peer");
    tcp->timed_out |= side == TCP_OURS;
    tcp_give_up(tcp, side, ETIMEDOUT);
}

static void tcp_reset_arrives(void *object, uint64_t to)
{
    struct tcp *tcp = object;
    struct tcp_end *end = &tcp->ends[to];

    if (end->dead || end->gone)
        return;
    world_trace("tcp %u: a reset comes to %s", tcp->number, to == TCP_OURS ? "us" : "the peer");
    tcp_give_up(tcp, to == TCP_OURS ? TCP_OURS : TCP_PEERS,
                tcp->streams[!to].fin_arrived ? EPIPE : ECONNRESET);
}

static void tcp_send_reset(struct tcp *tcp, enum tcp_side from)
{
    if (!tcp_loses(tcp) && !tcp->ends[from].gone)
        world_after(tcp_travel_ns(tcp, tcp_other(from)), tcp_reset_arrives, tcp, tcp_other(from));
}

void tcp_abort(struct tcp *tcp, enum tcp_side side)
{
    tcp->ends[side].dead = true;
    tcp_send_reset(tcp, side);
}

static void tcp_acknowledged(void *object, uint64_t from)
{
    struct tcp *tcp = object;
    struct tcp_stream *stream = &tcp->streams[from];
    enum tcp_side side = from == TCP_OURS ? TCP_OURS : TCP_PEERS;

    if (tcp->ends[side].dead || tcp->ends[side].gone)
        return;
    stream->acknowledged += stream->flight_bytes;
    stream->fin_acknowledged |= stream->flight_fin;
    stream->in_flight = false;
    stream->tries = 0;
    if (side == TCP_OURS) {
        tcp->progress_ns = world_now_ns();
        if (stream->fin_acknowledged)
            tcp->fin_known_ns = world_now_ns();
    }
    tcp_kick(tcp, side);
    tcp_changed(tcp, side);
}

/* How long an end repeats what is not acknowledged. */
static uint64_t tcp_patience_ns(const struct tcp_end *end)
{
    if (end->user_timeout_ns)
        return end->user_timeout_ns;
    return end->open ? GIVES_UP_NS : ORPHAN_NS;
}

/* What arrived is sent again and again, as no acknowledgement comes back. */
static void tcp_unheard(void *object, uint64_t from)
{
    struct tcp *tcp = object;
    struct tcp_stream *stream = &tcp->streams[from];
    struct tcp_end *end = &tcp->ends[from];

    if (end->dead || end->gone)
        return;
    if (world_now_ns() - stream->flight_ns >= tcp_patience_ns(end))
        tcp_time_out(tcp, from == TCP_OURS ? TCP_OURS : TCP_PEERS);
    else
        world_after(tcp_retry_ns(tcp, stream->tries++), tcp_unheard, tcp, from);
}

static void tcp_arrives(void *object, uint64_t from)
{
    struct tcp *tcp = object;
    struct tcp_stream *stream = &tcp->streams[from];
    enum tcp_side sender = from == TCP_OURS ? TCP_OURS : TCP_PEERS, side = tcp_other(sender);
    struct tcp_end *end = &tcp->ends[side];

    if (end->gone)
        return;
    if (end->dead) {
        tcp_send_reset(tcp, side);
        return;
    }
    if (side == TCP_OURS && !end->open && stream->flight_bytes > 0)
        tcp->late_input = true;
    if (!end->open && stream->flight_bytes > 0) {
        world_trace("tcp %u: input after the close", tcp->number);
        tcp_abort(tcp, side);
        return;
    }
    stream->arrived += stream->flight_bytes;
    stream->fin_arrived |= stream->flight_fin;
    if (side == TCP_OURS && stream->fin_arrived)
        tcp->peer_fin_ns = world_now_ns();
    if (sender == TCP_OURS && tcp->path.mute)
        tcp_unheard(tcp, sender);
    else
        world_after(tcp_loses(tcp) ? tcp_retry_ns(tcp, stream->tries) : tcp_travel_ns(tcp, sender),
                    tcp_acknowledged, tcp, sender);
    tcp_changed(tcp, side);
}

static void tcp_try(void *object, uint64_t from)
{
    struct tcp *tcp = object;
    struct tcp_stream *stream = &tcp->streams[from];
    enum tcp_side side = from == TCP_OURS ? TCP_OURS : TCP_PEERS;
    struct tcp_end *end = &tcp->ends[side];

    if (end->dead || end->gone)
        return;
    if (world_now_ns() - stream->flight_ns >= tcp_patience_ns(end)) {
        tcp_time_out(tcp, side);
    } else if (tcp_loses(tcp) || tcp->ends[tcp_other(side)].gone) {
        world_after(tcp_retry_ns(tcp, stream->tries++), tcp_try, tcp, from);
    } else {
        world_after(tcp_travel_ns(tcp, tcp_other(side)), tcp_arrives, tcp, from);
    }
}

/* True if the window has no room for what is next. */
static bool stream_is_shut(const struct tcp_stream *stream)
{
    return stream->arrived - stream->read >= stream->window_bytes;
}

static void tcp_probe(void *object, uint64_t from)
{
    struct tcp *tcp = object;
    struct tcp_stream *stream = &tcp->streams[from];
    enum tcp_side side = from == TCP_OURS ? TCP_OURS : TCP_PEERS;

    stream->probing = false;
    if (tcp->ends[side].dead || tcp->ends[side].gone || stream->in_flight ||
        !stream_is_shut(stream) || stream->pushed == stream->arrived)
        return; /* it opened meanwhile */
    if (tcp->ends[tcp_other(side)].dead && !tcp_loses(tcp))
        tcp_send_reset(tcp, tcp_other(side));
    stream->backoff++;
    stream->probes = tcp_loses(tcp) || tcp->ends[tcp_other(side)].gone ? stream->probes + 1 : 0;
    if (!tcp->ends[side].open && stream->backoff > ORPHAN_PROBES)
        tcp_time_out(tcp, side);
    else
        tcp_kick(tcp, side);
}

void tcp_kick(struct tcp *tcp, enum tcp_side from)
{
    struct tcp_stream *stream = &tcp->streams[from];
    uint32_t bytes = stream->pushed - stream->arrived;
    uint32_t room =
        stream_is_shut(stream) ? 0 : stream->window_bytes - (stream->arrived - stream->read);

    if (from == TCP_OURS && !stream_is_shut(stream))
        tcp->refused_ns = 0;
    else if (from == TCP_OURS && tcp->refused_ns == 0)
        tcp->refused_ns = world_now_ns();
    if (stream->in_flight || tcp->ends[from].dead || tcp->ends[from].gone)
        return;
    bytes = bytes < room ? bytes : room;
    stream->flight_fin = stream->fin_written && !stream->fin_acknowledged &&
                         stream->arrived + bytes == stream->written;
    if (bytes == 0 && !stream->flight_fin) {
        if (stream->pushed > stream->arrived && !stream->probing) {
            stream->probing = true;
            world_after(tcp_retry_ns(tcp, stream->backoff), tcp_probe, tcp, from);
        }
        return;
    }
    stream->backoff = stream->probes = 0;
    stream->flight_bytes = bytes;
    stream->in_flight = true;
    stream->flight_ns = world_now_ns();
    tcp_try(tcp, from);
}
