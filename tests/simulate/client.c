#include "client.h"

#include "listener.h"
#include "world.h"

#include <stddef.h>

#define SYNS_MAX     6
#define SYN_RETRY_NS (1 * S)

static const char *const temper_names[CLIENT_TEMPER_COUNT] = {
    [CLIENT_PLAIN] = "plain",
    [CLIENT_TALKER] = "talker",
    [CLIENT_LATE_TALKER] = "late talker",
    [CLIENT_HALF_CLOSER] = "half-closer",
    [CLIENT_HOLDER] = "holder",
    [CLIENT_CHATTERBOX] = "chatterbox",
    [CLIENT_SLOW] = "slow reader",
    [CLIENT_CHOKER] = "choker",
    [CLIENT_REFUSER] = "refuser",
    [CLIENT_RESETTER] = "resetter",
    [CLIENT_LEAVER] = "leaver",
    [CLIENT_VANISHER] = "vanisher",
    [CLIENT_MUTE] = "mute",
    [CLIENT_CUT_OFF] = "cut off",
};

const char *client_temper_name(enum client_temper temper)
{
    return temper_names[temper];
}

struct client *client_of(const struct tcp *tcp)
{
    return tcp->ends[TCP_PEERS].owner;
}

static bool client_has_all(const struct client *client)
{
    return client->tcp->streams[TCP_OURS].fin_arrived;
}

static void client_closes(void *object, uint64_t argument)
{
    struct client *client = object;

    (void)argument;
    if (!client->tcp->ends[TCP_PEERS].open)
        return;
    world_trace("client %u closes", client->number);
    client->gave_up |= !client_has_all(client);
    tcp_close(client->tcp, TCP_PEERS, false);
}

static void client_resets(void *object, uint64_t argument)
{
    struct client *client = object;

    (void)argument;
    world_trace("client %u resets", client->number);
    client->gave_up = true;
    tcp_close(client->tcp, TCP_PEERS, true);
}

static void client_vanishes(void *object, uint64_t argument)
{
    struct client *client = object;

    (void)argument;
    world_trace("client %u vanishes", client->number);
    client->gave_up = true;
    tcp_vanish(client->tcp, TCP_PEERS);
}

/* Speak, and again for so many times. */
static void client_speaks(void *object, uint64_t times)
{
    struct client *client = object;

    if (!client->tcp->ends[TCP_PEERS].open || client->closes)
        return;
    if (client->ask.sent_bytes < client->ask.bytes) { /* what it asks for comes first */
        world_after(50 * MS + client->ask.pause_ns, client_speaks, client, times);
        return;
    }
    tcp_write(client->tcp, TCP_PEERS, asking_request() ? asking_noise() : NULL,
              (uint32_t)world_spread(1, ASKING_NOISE_BYTES), false);
    if (times > 0)
        world_after(world_spread(10000, 300 * MS), client_speaks, client, times - 1);
}

static void client_reads(void *object, uint64_t argument);

static void client_reads_later(struct client *client)
{
    client->reads = true;
    world_after(world_between(MS, client->pause_ns), client_reads, client, 0);
}

/* Take what has come, or with a small window a part of it. */
static void client_reads(void *object, uint64_t argument)
{
    struct client *client = object;
    struct tcp *tcp = client->tcp;
    uint32_t bytes = client->temper == CLIENT_SLOW ? client->bite_bytes : UINT32_MAX;
    int result;

    (void)argument;
    client->reads = false;
    if (!tcp->ends[TCP_PEERS].open)
        return;
    do
        result = tcp_read(tcp, TCP_PEERS, NULL, bytes);
    while (result > 0 && bytes == UINT32_MAX);
    if (result > 0)
        client_reads_later(client);
    if (result != 0 || client->closes || !client_has_all(client) ||
        client->temper == CLIENT_HOLDER || client->temper == CLIENT_CHATTERBOX)
        return;
    client->closes = true;
    world_after(world_chance(700) ? world_spread(1000, 200 * MS) : world_spread(MS, 5 * S),
                client_closes, client, 0);
}

static void client_changed(struct tcp *tcp)
{
    struct client *client = client_of(tcp);

    if (client->temper == CLIENT_REFUSER || client->temper == CLIENT_CHOKER)
        return;
    if (client->temper != CLIENT_SLOW)
        client_reads(client, 0);
    else if (!client->closes && !client->reads && tcp_is_readable(tcp, TCP_PEERS))
        client_reads_later(client);
}

/* Its window opens. */
static void client_relents(void *object, uint64_t argument)
{
    struct client *client = object;

    (void)argument;
    client->temper = CLIENT_PLAIN;
    client->tcp->streams[TCP_OURS].window_bytes = 64 << 10;
    client_reads(client, 0);
}

/* Send the next piece of what it asks with. */
static void client_asks(void *object, uint64_t argument)
{
    struct client *client = object;
    struct ask *ask = &client->ask;
    uint32_t rest = ask->bytes - ask->sent_bytes;
    uint32_t bytes = rest < ask->piece_bytes ? rest : ask->piece_bytes;

    (void)argument;
    if (!client->tcp->ends[TCP_PEERS].open || client->closes)
        return;
    if (bytes > 0 &&
        tcp_write(client->tcp, TCP_PEERS, ask->data + ask->sent_bytes, bytes, false) < 0)
        bytes = rest; /* in vain: the other end is gone */
    ask->sent_bytes += bytes;
    if (ask->sent_bytes < ask->bytes)
        world_after(world_spread(1000, ask->pause_ns), client_asks, client, 0);
    else if (client->temper == CLIENT_HALF_CLOSER)
        tcp_shutdown(client->tcp, TCP_PEERS);
}

/* It is connected, as far as it knows. */
static void client_acts(struct client *client)
{
    struct tcp *tcp = client->tcp;

    switch (client->temper) {
    case CLIENT_TALKER:
        client_speaks(client, 0);
        break;
    case CLIENT_LATE_TALKER:
        world_after(client->wait_ns, client_speaks, client, world_below(20));
        break;
    case CLIENT_CHATTERBOX:
        client_speaks(client, 300);
        break;
    case CLIENT_HALF_CLOSER:
        if (!asking_request())
            tcp_shutdown(tcp, TCP_PEERS);
        break;
    case CLIENT_SLOW:
        tcp->streams[TCP_OURS].window_bytes = (uint32_t)world_spread(4, 2000);
        break;
    case CLIENT_CHOKER:
        tcp->streams[TCP_OURS].window_bytes = (uint32_t)world_spread(1, 100);
        world_after(client->wait_ns, client_relents, client, 0);
        break;
    case CLIENT_REFUSER:
        tcp->streams[TCP_OURS].window_bytes = (uint32_t)world_below(10);
        break;
    case CLIENT_RESETTER:
        world_after(client->wait_ns, client_resets, client, 0);
        break;
    case CLIENT_LEAVER:
        world_after(client->wait_ns, client_closes, client, 0);
        break;
    case CLIENT_VANISHER:
        world_after(client->wait_ns, client_vanishes, client, 0);
        break;
    case CLIENT_PLAIN:
    case CLIENT_HOLDER:
    case CLIENT_MUTE:
    case CLIENT_CUT_OFF:
    case CLIENT_TEMPER_COUNT:
        break;
    }
}

static void client_syn(void *object, uint64_t argument);

static void client_syn_again(struct client *client)
{
    client->gave_up |= client->syns > SYNS_MAX;
    if (client->syns <= SYNS_MAX)
        world_after(SYN_RETRY_NS << client->syns, client_syn, client, 0);
}

/* The last segment of its handshake comes. */
static void client_ack(void *object, uint64_t argument)
{
    struct client *client = object;

    (void)argument;
    if (client->connected)
        return;
    if (!listener_is_open()) {
        client->gave_up = true; /* it is reset */
        return;
    }
    client->tcp = tcp_new(&client->path);
    client->tcp->streams[TCP_OURS].buffer_bytes = (uint32_t)world_spread(2000, 128 << 10);
    client->tcp->ends[TCP_PEERS].owner = client;
    client->tcp->ends[TCP_PEERS].changed = client_changed;
    client->connected = listener_ack(client->tcp);
    if (!client->connected) { /* the queue is full: the kernel answers its SYN again */
        client->tcp->ends[TCP_PEERS].changed = NULL;
        world_after(SYN_RETRY_NS, client_ack, client, 0);
        return;
    }
    world_trace("client %u is connected: tcp %u", client->number, client->tcp->number);
    client_acts(client);
    if (asking_request())
        world_after(world_chance(500) ? 0 : world_spread(1000, 10 * S), client_asks, client, 0);
}

static void client_syn_arrives(void *object, uint64_t argument)
{
    struct client *client = object;
    bool refused;

    (void)argument;
    if (!listener_syn(&refused)) {
        client->gave_up |= refused;
        if (!refused)
            client_syn_again(client);
        return;
    }
    /* The answer to it, and the client's to that; what is lost of them is sent again. */
    world_after(2 * client->path.delay_ns + (world_chance(client->path.loss) ? SYN_RETRY_NS : 0),
                client_ack, client, 0);
}

static void client_syn(void *object, uint64_t argument)
{
    struct client *client = object;

    (void)argument;
    client->syns++;
    if (world_chance(client->path.loss))
        client_syn_again(client);
    else
        world_after(client->path.delay_ns, client_syn_arrives, client, 0);
}

void client_begin(struct client *client, unsigned number, enum client_temper temper,
                  const struct tcp_path *path, uint64_t after_ns)
{
    *client = (struct client){
        .number = number, .temper = temper, .path = *path, .outcome = OUTCOME_COUNT};
    client->wait_ns = world_spread(10000, 20 * S);
    client->bite_bytes = (uint32_t)world_spread(4, 1000);
    client->pause_ns = world_spread(2 * MS, 500 * MS);
    client->ask = asking_choose();
    world_after(after_ns, client_syn, client, 0);
}
