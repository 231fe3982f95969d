#include "generator/flow.h"

#include "base/check.h"
#include "base/counter.h"
#include "base/pages.h"
#include "generator/flow_socket.h"
#include "generator/flow_state.h"
#include "generator/proxy_header.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <sys/socket.h>

/* The size of a flow: its buffer holds the header that it may send, or its input. */
static size_t flow_bytes(const struct load_config *config)
{
    bool has_header = config->options.proxy_protocol != LOAD_PROXY_NONE;
    size_t bytes =
        offsetof(struct flow, buffer) + (has_header ? PROXY_HEADER_BYTES_MAX : FLOW_BUFFER_BYTES);

    return (bytes + _Alignof(struct flow) - 1) / _Alignof(struct flow) * _Alignof(struct flow);
}

int flows_init(struct flows *flows, const struct flow_settings *settings, struct engine *engine,
               struct tally *tallies, uint32_t capacity, uint32_t thread, uint32_t threads)
{
    const struct load_config *config = settings->config;

    *flows = (struct flows){.settings = settings,
                            .engine = engine,
                            .pool = {.engine = engine},
                            .tallies = tallies,
                            .source_stride = threads,
                            .window_end_ns = UINT64_MAX};
    flows->shared = pages_map(FLOW_SHARED_BYTES);
    if (!flows->shared)
        return -ENOMEM;
    for (uint32_t i = 0; i < TARGETS_MAX; i++)
        flows->source_turns[i] = thread;
    deadline_queue_init(&flows->connect_timeouts, config->options.connect_timeout_ns);
    deadline_queue_init(&flows->looks, FLOW_PROBE_NS);
    deadline_queue_init(&flows->timeouts, config->options.timeout_ns);
    deadline_queue_init(&flows->rests, FLOW_REST_NS);
    return slab_init(&flows->slab, capacity, flow_bytes(config));
}

void flows_release(struct flows *flows)
{
    pages_unmap(flows->shared, FLOW_SHARED_BYTES);
    slab_release(&flows->slab);
}

uint32_t flows_open(const struct flows *flows)
{
    return flows->slab.live - flows->resting;
}

uint32_t flows_taken(const struct flows *flows)
{
    return flows->slab.live;
}

/* Open a socket and connect it. */
static void flow_connect(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    const struct address *address = &flows->settings->targets[flow->target].address;
    enum result failure;
    int result;

    flow->sock = flow_socket_open(flows, flow->target, &flow->source_tries, &failure);
    if (flow->sock < 0) {
        flow_close(flows, flow, failure, flow->sock, now_ns);
        return;
    }
    result = engine_connect(flows->engine, slab_token(&flows->slab, flow), flow->sock, &address->sa,
                            address_bytes(address));
    if (result < 0)
        flow_fail(flows, flow, result, now_ns);
}

/* This local address and port are in use for the target: try the next source. */
static void flow_connect_again(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    engine_close(flows->engine, flow->sock, 0);
    flow_connect(flows, flow, now_ns);
}

void flow_start(struct flows *flows, const struct flow_start *start)
{
    struct flow *flow = slab_take(&flows->slab);

    CHECK(flow, "taken=%u of %u", flows_taken(flows), flows->slab.capacity);
    flow->target = (uint8_t)start->target;
    flow->measured = start->measured;
    flow->intended_ns = start->intended_ns;
    counter_add(start->measured ? &flows->tallies[start->target].started
                                : &flows->tallies[start->target].warmup,
                1);
    deadline_start(&flows->timeouts, &flow->deadline, start->now_ns);
    if (flows->settings->config->options.connect_timeout_ns)
        deadline_start(&flows->connect_timeouts, &flow->handshake, start->now_ns);
    flow_connect(flows, flow, start->now_ns);
}

/* Send the rest of the header or of the text, or continue with the next step. */
static void flow_send(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    const struct load_config *config = flows->settings->config;
    const unsigned char *data = config->options.send.data;
    uint32_t bytes = config->options.send.bytes;
    unsigned flags = 0;
    int result;

    if (flow->state == FLOW_SENDING_HEADER && flow->moved_bytes == flow->header_bytes) {
        flow->state = FLOW_SENDING;
        flow->moved_bytes = 0;
    }
    if (flow->state == FLOW_SENDING_HEADER) {
        data = flow->buffer;
        bytes = flow->header_bytes;
        flags = config->options.send.bytes ? ENGINE_MORE : 0;
    } else if (flow->moved_bytes == bytes) {
        flow->state = FLOW_READING;
        flow->moved_bytes = 0;
        if (!config->options.expect.any && config->options.expect.bytes == 0)
            flow->greeted_ns = now_ns; /* no byte is expected: only sending counts */
        flow_read(flows, flow, now_ns);
        return;
    }
    CHECK(flow->moved_bytes <= bytes, "moved_bytes=%u bytes=%u", flow->moved_bytes, bytes);
    result = engine_send(flows->engine, slab_token(&flows->slab, flow), flow->sock,
                         data + flow->moved_bytes, bytes - flow->moved_bytes, flags);
    if (result < 0)
        flow_fail(flows, flow, result, now_ns);
}

/* Write the proxy header into the buffer, if there is one. Returns 0 or -errno. */
static int flow_write_header(struct flows *flows, struct flow *flow)
{
    enum load_proxy_protocol version =
        (enum load_proxy_protocol)flows->settings->config->options.proxy_protocol;
    struct address local = {0};
    socklen_t local_bytes = sizeof(local);

    if (version == LOAD_PROXY_NONE)
        return 0;
    if (getsockname(flow->sock, &local.sa, &local_bytes) < 0)
        return -errno;
    flow->header_bytes = (uint8_t)proxy_header_write(
        version, &local, &flows->settings->targets[flow->target].address, flow->buffer);
    return 0;
}

/* From here on it waits for the greeting. */
static void flow_note_connected(struct flow *flow, uint64_t now_ns)
{
    flow->connected_ns = now_ns;
    deadline_stop(&flow->handshake);
}

/* Make sure that it is connected. If the last flow of the target was answered, an answer will prove
 * it, and only a silent connection is checked later: so an answered connection costs no system
 * call. Returns 0 or the -errno of the handshake. */
static int flow_check_connected(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    int error;

    if (flows->answered[flow->target] && !flow_socket_may_echo(flows, flow->target)) {
        deadline_start(&flows->looks, &flow->handshake, now_ns);
        return 0;
    }
    error = flow_socket_connect_error(flows, flow->target, flow->sock);
    if (error < 0)
        flow->connected_ns = 0;
    return error;
}

static void flow_connected(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    int result;

    flow_note_connected(flow, now_ns);
    result = flow_check_connected(flows, flow, now_ns);
    if (result == 0)
        result = flow_write_header(flows, flow);
    if (result < 0) {
        flow_fail(flows, flow, result, now_ns);
        return;
    }
    flow->state = FLOW_SENDING_HEADER;
    flow_send(flows, flow, now_ns);
}

/* The peer reset the connection before we had sent everything, possibly before connect was reported
 * (tcp_reset in Linux's net/ipv4/tcp_input.c). The bytes received before that still count: read on.
 * The kernel reports the reset once (EPIPE: after a FIN), then EOF. */
static void flow_interrupted(struct flows *flows, struct flow *flow, int error, uint64_t now_ns)
{
    if (flow->state == FLOW_CONNECTING)
        flow_note_connected(flow, now_ns);
    flow->is_reset = error == -ECONNRESET;
    flow->state = FLOW_READING;
    flow->moved_bytes = 0;
    flow_read(flows, flow, now_ns);
}

/* The pending operation of a flow. */
static enum engine_op flow_pending(const struct flow *flow)
{
    static const enum engine_op pending[] = {
        [FLOW_CONNECTING] = ENGINE_OP_CONNECT, [FLOW_SENDING_HEADER] = ENGINE_OP_SEND,
        [FLOW_SENDING] = ENGINE_OP_SEND,       [FLOW_READING] = ENGINE_OP_RECV,
        [FLOW_RESTING] = ENGINE_OP_NONE,
    };

    return pending[flow->state];
}

void flow_event(struct flows *flows, const struct engine_event *event, uint64_t now_ns)
{
    struct flow *flow = slab_find(&flows->slab, event->token);

    CHECK(flow, "token=%#llx op=%d", (unsigned long long)event->token, (int)event->op);
    CHECK(event->op == flow_pending(flow), "op=%d in state %u", (int)event->op, flow->state);
    if (event->result >= 0)
        deadline_stop(&flow->handshake); /* it is over, or confirmed */
    if (event->op == ENGINE_OP_CONNECT && flow->expired == RESULT_OK &&
        flow_socket_may_try(flows, flow->target, flow->source_tries, event->result)) {
        flow_connect_again(flows, flow, now_ns);
    } else if (event->op != ENGINE_OP_RECV && flow->expired == RESULT_OK &&
               (event->result == -ECONNRESET || event->result == -EPIPE)) {
        flow_interrupted(flows, flow, event->result, now_ns);
    } else if (event->result < 0 || flow->expired != RESULT_OK) {
        flow_fail(flows, flow, event->result, now_ns);
    } else if (event->op == ENGINE_OP_CONNECT) {
        flow_connected(flows, flow, now_ns);
    } else if (event->op == ENGINE_OP_SEND) {
        flow->moved_bytes += (uint32_t)event->result;
        flow_send(flows, flow, now_ns);
    } else {
        flow_received(flows, flow, (uint32_t)event->result, now_ns);
    }
}

uint64_t flows_due_ns(const struct flows *flows)
{
    const struct deadline_queue *const queues[] = {&flows->connect_timeouts, &flows->looks,
                                                   &flows->timeouts, &flows->rests};

    return deadline_queues_due_ns(queues, sizeof(queues) / sizeof(queues[0]));
}

/* End the pending operation, and with it the flow. */
static void flow_expire(struct flows *flows, struct flow *flow, enum result result)
{
    if (flow->expired != RESULT_OK)
        return; /* for another reason, already */
    flow->expired = (uint8_t)result;
    if (engine_cancel(flows->engine, flow_pending(flow), slab_token(&flows->slab, flow),
                      flow->sock) < 0)
        shutdown(flow->sock, SHUT_RDWR); /* ends it too, less gently */
}

/* Nothing received yet proves the connection: check it. End the flow if it is not connected, else
 * for `otherwise`, if that is not RESULT_OK. */
static void flow_probe(struct flows *flows, struct flow *flow, enum result otherwise)
{
    int error = flow_socket_connect_error(flows, flow->target, flow->sock);
    bool is_reported = error < 0 && (error != -EINPROGRESS || otherwise == RESULT_OK);

    deadline_stop(&flow->handshake);
    if (flow->expired != RESULT_OK)
        return;
    if (error < 0)
        flow->connected_ns = 0;
    if (is_reported) {
        flow->connect_error = (int16_t)error;
        otherwise = result_of_error(error, PHASE_CONNECT);
    }
    if (otherwise != RESULT_OK)
        flow_expire(flows, flow, otherwise);
}

static void flow_time_out(struct flows *flows, struct flow *flow)
{
    if (flow->state == FLOW_CONNECTING || flow_is_unproven(flow))
        flow_probe(flows, flow, RESULT_TIMEOUT);
    else
        flow_expire(flows, flow, RESULT_TIMEOUT);
}

#define FLOW_OF(deadline, member) \
    ((struct flow *)(void *)((char *)(deadline)-offsetof(struct flow, member)))

void flows_expire(struct flows *flows, uint64_t now_ns)
{
    struct deadline *deadline;

    while ((deadline = deadline_queue_take(&flows->connect_timeouts, now_ns)))
        flow_probe(flows, FLOW_OF(deadline, handshake), RESULT_CONNECT_TIMEOUT);
    while ((deadline = deadline_queue_take(&flows->looks, now_ns)))
        flow_probe(flows, FLOW_OF(deadline, handshake), RESULT_OK);
    while ((deadline = deadline_queue_take(&flows->timeouts, now_ns)))
        flow_time_out(flows, FLOW_OF(deadline, deadline));
    while ((deadline = deadline_queue_take(&flows->rests, now_ns))) {
        CHECK(flows->resting > 0, "taken=%u", flows_taken(flows));
        flows->resting--;
        slab_give(&flows->slab, FLOW_OF(deadline, deadline));
    }
}

void flows_abandon(struct flows *flows)
{
    struct flow *flow = NULL;

    while ((flow = slab_next(&flows->slab, flow))) {
        struct tally *tally = &flows->tallies[flow->target];

        if (flow->state == FLOW_RESTING) {
            flows->resting--;
        } else {
            engine_close(flows->engine, flow->sock, ENGINE_RESET);
            if (flow->measured)
                counter_add(&tally->abandoned, 1);
        }
        slab_give(&flows->slab, flow);
    }
    CHECK_EQUAL(0u, flows->resting);
    socket_pool_close(&flows->pool);
}
