#include "tcp.h"

#include "tcp_flight.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CORK_NS (200 * MS) /* MSG_MORE holds back for no longer */

static struct tcp *tcp_all; /* of the world */

struct tcp *tcp_new(const struct tcp_path *path)
{
    struct tcp *tcp = calloc(1, sizeof(*tcp));

    if (!tcp)
        world_fail("the simulator has no memory");
    tcp->number = tcp_all ? tcp_all->number + 1 : 1;
    tcp->path = *path;
    tcp->next = tcp_all;
    tcp->progress_ns = world_now_ns();
    for (int i = 0; i < 2; i++) {
        tcp->streams[i].buffer_bytes = 64 << 10;
        tcp->streams[i].window_bytes = 64 << 10;
        tcp->ends[i].open = true;
    }
    tcp_all = tcp;
    return tcp;
}

void tcp_free_all(void)
{
    while (tcp_all) {
        struct tcp *tcp = tcp_all;

        tcp_all = tcp->next;
        free(tcp->streams[TCP_OURS].bytes);
        free(tcp->streams[TCP_PEERS].bytes);
        free(tcp);
    }
}

bool tcp_loses(const struct tcp *tcp)
{
    const struct tcp_path *path = &tcp->path;
    uint64_t now_ns = world_now_ns();

    return (now_ns >= path->outage_from_ns && now_ns < path->outage_to_ns) ||
           world_chance(path->loss);
}

uint64_t tcp_delay_ns(const struct tcp *tcp)
{
    return tcp->path.delay_ns + world_below(tcp->path.delay_ns / 4 + 1);
}

static void tcp_uncork(void *object, uint64_t from)
{
    struct tcp *tcp = object;

    tcp->streams[from].pushed = tcp->streams[from].written;
    tcp_kick(tcp, from == TCP_OURS ? TCP_OURS : TCP_PEERS);
}

static void stream_keep(struct tcp_stream *stream, const void *data, uint32_t bytes)
{
    if (!data || bytes == 0)
        return;
    if (stream->written + bytes > stream->room) {
        stream->room = 2 * (stream->written + bytes);
        stream->bytes = realloc(stream->bytes, stream->room);
        if (!stream->bytes)
            world_fail("the simulator has no memory");
    }
    memcpy(stream->bytes + stream->written, data, bytes);
}

int tcp_write(struct tcp *tcp, enum tcp_side from, const void *data, uint32_t bytes, bool more)
{
    struct tcp_stream *stream = &tcp->streams[from];
    struct tcp_end *end = &tcp->ends[from];
    uint32_t room = stream->buffer_bytes - (stream->written - stream->acknowledged);

    if (end->error) {
        int error = end->error;

        end->error = 0;
        return -error;
    }
    if (end->dead || stream->fin_written)
        return -EPIPE;
    if (stream->written - stream->acknowledged >= stream->buffer_bytes && bytes > 0)
        return -EAGAIN;
    bytes = bytes < room ? bytes : room;
    stream_keep(stream, data, bytes);
    if (from == TCP_OURS && stream->written == stream->acknowledged)
        tcp->progress_ns = world_now_ns();
    stream->written += bytes;
    if (more)
        world_after(CORK_NS, tcp_uncork, tcp, from);
    else
        tcp_uncork(tcp, from);
    return (int)bytes;
}

uint32_t tcp_unread_bytes(const struct tcp *tcp, enum tcp_side to)
{
    return tcp->streams[tcp_other(to)].arrived - tcp->streams[tcp_other(to)].read;
}

bool tcp_is_readable(const struct tcp *tcp, enum tcp_side to)
{
    if (to == TCP_OURS && tcp->connecting)
        return tcp->ends[to].error;
    return tcp_unread_bytes(tcp, to) > 0 || tcp->streams[tcp_other(to)].fin_arrived ||
           tcp->ends[to].error || tcp->ends[to].dead;
}

bool tcp_is_writable(const struct tcp *tcp, enum tcp_side from)
{
    const struct tcp_stream *stream = &tcp->streams[from];

    if (from == TCP_OURS && tcp->connecting)
        return tcp->ends[from].error;
    return stream->written - stream->acknowledged < stream->buffer_bytes || tcp->ends[from].error ||
           tcp->ends[from].dead;
}

int tcp_read(struct tcp *tcp, enum tcp_side to, void *data, uint32_t bytes)
{
    struct tcp_stream *stream = &tcp->streams[tcp_other(to)];
    struct tcp_end *end = &tcp->ends[to];
    uint32_t unread = tcp_unread_bytes(tcp, to);
    int error = end->error;

    if (unread > 0) {
        bytes = bytes < unread ? bytes : unread;
        if (data && stream->bytes)
            memcpy(data, stream->bytes + stream->read, bytes);
        stream->read += bytes;
        tcp_kick(tcp, tcp_other(to)); /* there is room in the window again */
        return (int)bytes;
    }
    if (stream->fin_arrived)
        return 0;
    end->error = 0;
    if (error)
        return -error;
    return end->dead ? 0 : -EAGAIN;
}

int tcp_shutdown(struct tcp *tcp, enum tcp_side from)
{
    struct tcp_stream *stream = &tcp->streams[from];

    if (tcp->ends[from].dead)
        return -ENOTCONN;
    if (from == TCP_OURS && !stream->fin_written)
        tcp->fin_ns = world_now_ns();
    stream->fin_written = true;
    tcp_uncork(tcp, from);
    return 0;
}

void tcp_close(struct tcp *tcp, enum tcp_side side, bool reset)
{
    tcp->ends[side].open = false;
    if (tcp->ends[side].dead)
        return;
    if (reset || tcp_unread_bytes(tcp, side) > 0)
        tcp_abort(tcp, side);
    else
        tcp_shutdown(tcp, side);
}

void tcp_vanish(struct tcp *tcp, enum tcp_side side)
{
    tcp->ends[side].gone = true;
}

int tcp_connect_error(struct tcp *tcp)
{
    int error = tcp->noted_error;

    if (!tcp->connecting)
        return 0;
    tcp->noted_error = 0; /* SO_ERROR reports it once */
    return error ? -error : -EINPROGRESS;
}

uint32_t tcp_unacknowledged_bytes(const struct tcp *tcp, enum tcp_side from)
{
    const struct tcp_stream *stream = &tcp->streams[from];

    return stream->written - stream->acknowledged +
           (stream->fin_written && !stream->fin_acknowledged);
}

bool tcp_is_refused(const struct tcp *tcp, enum tcp_side from)
{
    const struct tcp_stream *stream = &tcp->streams[from];

    return !stream->in_flight && stream->backoff > 0 && stream->probes == 0;
}
