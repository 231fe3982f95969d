#include "service.h"

#include "world.h"

#include <errno.h>
#include <stddef.h>

#define PIECE_MAX    4096
#define SYN_RETRY_NS (1 * S)
#define SYN_LAST_NS  (127 * S) /* tcp_syn_retries 6 */

static const char *const temper_names[SERVICE_TEMPER_COUNT] = {
    [SERVICE_GREETS] = "greets",
    [SERVICE_DAWDLES] = "dawdles",
    [SERVICE_ACCEPTS_LATE] = "accepts late",
    [SERVICE_WRONG] = "wrong",
    [SERVICE_SHORT] = "short",
    [SERVICE_EXTRA] = "extra",
    [SERVICE_HOLDS] = "holds",
    [SERVICE_DUMB] = "dumb",
    [SERVICE_RESETS] = "resets",
    [SERVICE_VANISHES] = "vanishes",
    [SERVICE_REFUSES] = "refuses",
    [SERVICE_UNREACHABLE] = "unreachable",
    [SERVICE_BLACKHOLE] = "blackhole",
    [SERVICE_TOO_EARLY] = "too early",
};

const char *service_temper_name(enum service_temper temper)
{
    return temper_names[temper];
}

/* All was said that it says: how it ends. */
static void service_ends(void *object, uint64_t argument)
{
    struct call *call = object;

    (void)argument;
    if (call->ended || !call->tcp->ends[TCP_PEERS].open)
        return;
    call->ended = true;
    world_trace("call %u (%s): the service has said %u bytes and ends", call->number,
                temper_names[call->temper], call->said_bytes);
    if (call->temper == SERVICE_RESETS)
        tcp_close(call->tcp, TCP_PEERS, true);
    else if (call->temper == SERVICE_VANISHES)
        tcp_vanish(call->tcp, TCP_PEERS);
    else if (call->temper != SERVICE_HOLDS && call->temper != SERVICE_DUMB)
        tcp_shutdown(call->tcp, TCP_PEERS);
}

static void service_fill(const struct call *call, unsigned char *bytes, uint32_t count)
{
    const struct option_bytes *expect = &call->config->options.expect;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = call->said_bytes + i;

        bytes[i] = at < expect->bytes ? (unsigned char)expect->data[at] : '+';
        if (at == call->wrong_at)
            bytes[i] ^= 1;
    }
}

/* Say the next piece. */
static void service_says(void *object, uint64_t argument)
{
    struct call *call = object;
    unsigned char bytes[PIECE_MAX];
    uint32_t left = call->say_bytes - call->said_bytes;
    uint32_t count = call->pieces > 1 ? left / call->pieces : left;
    int result;

    (void)argument;
    if (!call->tcp->ends[TCP_PEERS].open || call->tcp->ends[TCP_PEERS].dead)
        return;
    count = count < PIECE_MAX ? count : PIECE_MAX;
    service_fill(call, bytes, count);
    result = tcp_write(call->tcp, TCP_PEERS, bytes, count, false);
    if (result < 0 && result != -EAGAIN)
        return;
    call->said_bytes += result > 0 ? (uint32_t)result : 0;
    call->pieces -= call->pieces > 1;
    if (call->said_bytes >= call->config->options.expect.bytes && call->said_ns == 0)
        call->said_ns = world_now_ns();
    if (call->said_bytes < call->say_bytes)
        world_after(call->temper == SERVICE_DAWDLES ? world_spread(1000, 300 * MS) : 1000,
                    service_says, call, 0);
    else if (world_chance(600))
        service_ends(call, 0);
    else
        world_after(world_spread(1000, 2 * S), service_ends, call, 0);
}

/* Read what comes, and begin once the request is there, if that is waited for. */
static void service_changed(struct tcp *tcp)
{
    struct call *call = tcp->ends[TCP_PEERS].owner;
    int result;

    if (!tcp->ends[TCP_PEERS].open)
        return;
    do
        result = tcp_read(tcp, TCP_PEERS, NULL, UINT32_MAX);
    while (result > 0);
    if (result == 0 && (call->ended || world_chance(500))) {
        call->ended = true;
        tcp_close(tcp, TCP_PEERS, false);
        return;
    }
    if (call->begun ||
        (!call->impatient && tcp->streams[TCP_OURS].arrived < call->config->options.send.bytes))
        return;
    call->begun = true;
    world_after(world_chance(700) ? 0 : world_spread(1000, 100 * MS), service_says, call, 0);
}

/* True if our side still waits for the connect of this call. */
static bool call_is_dialing(const struct call *call)
{
    return call->socket && call->socket->operation.op == ENGINE_OP_CONNECT;
}

static void service_fails(void *object, uint64_t error)
{
    struct call *call = object;

    if (!call->socket || !call->tcp->connecting)
        return;
    world_trace("call %u (%s): no handshake", call->number, temper_names[call->temper]);
    call->tcp->connecting = false;
    call->tcp->ends[TCP_OURS].dead = call->tcp->ends[TCP_PEERS].dead = true;
    if (call_is_dialing(call))
        sim_engine_connected(call->engine, call->socket, -(int)error);
    else
        call->tcp->ends[TCP_OURS].error = (int)error;
    if (call->tcp->ends[TCP_OURS].changed)
        call->tcp->ends[TCP_OURS].changed(call->tcp);
}

static void service_accepts(void *object, uint64_t argument)
{
    struct call *call = object;
    struct tcp *tcp = call->tcp;

    (void)argument;
    if (!call->socket || !tcp->connecting || !tcp->ends[TCP_OURS].open)
        return;
    if (!call_is_dialing(call) && call->temper != SERVICE_TOO_EARLY)
        return; /* the connect failed, or was never begun */
    world_trace("call %u (%s): the handshake is done", call->number, temper_names[call->temper]);
    tcp->connecting = false;
    call->connected_ns = world_now_ns();
    sim_engine_connected(call->engine, call->socket, 0);
    if (tcp->ends[TCP_OURS].changed)
        tcp->ends[TCP_OURS].changed(tcp);
    if (call->temper == SERVICE_RESETS && world_chance(300))
        service_ends(call, 0);
    else
        service_changed(tcp);
}

/* An ICMP error is noted while connect(2) runs: the connect is reported as done. */
static void service_errs(void *object, uint64_t error)
{
    struct call *call = object;

    if (!call_is_dialing(call))
        return;
    call->tcp->noted_error = (int)error;
    sim_engine_connected(call->engine, call->socket, 0);
    if (world_chance(500))
        world_after(SYN_RETRY_NS, service_accepts, call, 0);
    else
        world_after(SYN_RETRY_NS, service_fails, call, error);
}

static void service_answers(struct call *call)
{
    static const int errors[] = {EHOSTUNREACH, ENETUNREACH, EACCES, EPROTO};
    uint64_t round_ns = 2 * call->tcp->path.delay_ns;

    for (unsigned tries = 0; tries < 5 && tcp_loses(call->tcp); tries++)
        round_ns += SYN_RETRY_NS << tries;
    switch (call->temper) {
    case SERVICE_REFUSES:
        world_after(round_ns, service_fails, call, ECONNREFUSED);
        break;
    case SERVICE_UNREACHABLE:
        world_after(round_ns, service_fails, call, (uint64_t)errors[world_below(4)]);
        break;
    case SERVICE_BLACKHOLE:
        world_after(SYN_LAST_NS, service_fails, call, ETIMEDOUT);
        break;
    case SERVICE_TOO_EARLY:
        world_after(1000, service_errs, call, world_chance(500) ? ECONNREFUSED : EHOSTUNREACH);
        break;
    case SERVICE_ACCEPTS_LATE:
        world_after(round_ns + SYN_RETRY_NS * world_between(0, 3), service_accepts, call, 0);
        break;
    case SERVICE_GREETS:
    case SERVICE_DAWDLES:
    case SERVICE_WRONG:
    case SERVICE_SHORT:
    case SERVICE_EXTRA:
    case SERVICE_HOLDS:
    case SERVICE_DUMB:
    case SERVICE_RESETS:
    case SERVICE_VANISHES:
    case SERVICE_TEMPER_COUNT:
        world_after(round_ns, service_accepts, call, 0);
        break;
    }
}

/* What it is going to say. */
static void service_plan(struct call *call)
{
    uint32_t bytes = call->config->options.expect.bytes;

    call->say_bytes = bytes;
    call->impatient = world_chance(200);
    call->pieces = call->temper == SERVICE_DAWDLES ? (uint32_t)world_between(1, 8) : 1;
    call->wrong_at = UINT32_MAX;
    if (call->temper == SERVICE_WRONG && bytes > 0)
        call->wrong_at = (uint32_t)world_below(bytes);
    else if (call->temper == SERVICE_SHORT && bytes > 0)
        call->say_bytes = (uint32_t)world_below(bytes);
    else if (call->temper == SERVICE_EXTRA)
        call->say_bytes = bytes + (uint32_t)world_spread(1, 300);
    else if (call->temper == SERVICE_RESETS || call->temper == SERVICE_VANISHES)
        call->say_bytes = world_chance(500) ? bytes : (uint32_t)world_below(bytes + 1);
    else if (call->temper == SERVICE_DUMB)
        call->say_bytes = 0;
}

void service_meet(struct call *call, const struct tcp_path *path, unsigned first, unsigned kinds)
{
    unsigned kind = first + (unsigned)world_below(kinds);

    call->temper =
        world_chance(500) ? SERVICE_GREETS : (enum service_temper)(kind % SERVICE_TEMPER_COUNT);
    call->tcp = tcp_new(path);
    call->tcp->connecting = true;
    call->tcp->streams[TCP_OURS].buffer_bytes = (uint32_t)world_spread(500, 64 << 10);
    call->tcp->ends[TCP_PEERS].owner = call;
    call->tcp->ends[TCP_PEERS].changed = service_changed;
    service_plan(call);
    service_answers(call);
}
