#include "load/flow.h"

#include "base/counter.h"
#include "load/flow_socket.h"
#include "load/proxy_header.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Enough for a short greeting and for finding that there is more of it, and for a proxy header. */
#define FLOW_BUFFER_BYTES 152
_Static_assert(FLOW_BUFFER_BYTES >= PROXY_HEADER_BYTES_MAX, "the header is sent from the buffer");

enum flow_state {
    FLOW_CONNECTING,
    FLOW_SENDING_HEADER,
    FLOW_SENDING,
    FLOW_READING,
    FLOW_RESTING, /* ended; only its place is not given back yet */
};

struct flow {
    struct slab_item item;
    int sock;
    uint8_t state; /* enum flow_state */
    uint8_t lane;
    bool measured;
    uint8_t expired; /* enum result: its operation was cancelled for it; RESULT_OK: it was not */
    bool is_reset;   /* before it read: what came before that is still to be read */
    uint32_t moved_bytes; /* of what is being sent, or was received */
    uint32_t header_bytes;
    uint64_t intended_ns, connected_ns, greeted_ns;
    struct deadline deadline; /* of the timeout, or of the rest */
    struct deadline connect_deadline;
    unsigned char buffer[FLOW_BUFFER_BYTES];
};
_Static_assert(sizeof(struct flow) <= 256, "a flow fits into four cache lines");
_Static_assert(TARGETS_MAX <= UINT8_MAX, "a lane fits into its field");

int flows_init(struct flows *flows, const struct flow_settings *settings, struct engine *engine,
               struct tally *tallies, uint32_t capacity, uint32_t thread, uint32_t threads)
{
    const struct load_config *config = settings->config;

    *flows = (struct flows){.settings = settings,
                            .engine = engine,
                            .tallies = tallies,
                            .source_stride = threads,
                            .window_end_ns = UINT64_MAX};
    for (uint32_t i = 0; i < TARGETS_MAX; i++)
        flows->source_turns[i] = thread;
    deadline_queue_init(&flows->connect_timeouts, config->connect_timeout_ns);
    deadline_queue_init(&flows->timeouts, config->timeout_ns);
    deadline_queue_init(&flows->rests, FLOW_REST_NS);
    return slab_init(&flows->slab, capacity, sizeof(struct flow));
}

void flows_release(struct flows *flows)
{
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

static enum phase flow_phase(const struct flow *flow)
{
    if (flow->connected_ns == 0)
        return PHASE_CONNECT;
    return flow->greeted_ns == 0 ? PHASE_GREETING : PHASE_CLOSE;
}

/* Count the end of a measured flow. */
static void flow_count(struct flows *flows, const struct flow *flow, enum result result, int error,
                       uint64_t now_ns)
{
    struct tally *tally = &flows->tallies[flow->lane];

    flows->last_end_ns = now_ns;
    if (result != RESULT_OK) {
        counter_add(&tally->failed[flow_phase(flow)][result], 1);
        if (result == RESULT_OTHER)
            counter_add(&tally->other[-error < TALLY_ERRNO_MAX ? -error : 0], 1);
        return;
    }
    counter_add(&tally->ok, 1);
    histogram_record(&tally->timings[TIMING_CONNECT], flow->connected_ns - flow->intended_ns);
    histogram_record(&tally->timings[TIMING_GREETING], flow->greeted_ns - flow->connected_ns);
    histogram_record(&tally->timings[TIMING_CLOSE], now_ns - flow->greeted_ns);
    histogram_record(&tally->timings[TIMING_TOTAL], now_ns - flow->intended_ns);
}

/* The only exit of a flow: nothing is pending on its socket, if it has one. */
static void flow_close(struct flows *flows, struct flow *flow, enum result result, int error,
                       uint64_t now_ns)
{
    if (result == RESULT_OK && now_ns >= flows->window_start_ns && now_ns < flows->window_end_ns)
        counter_add(&flows->tallies[flow->lane].ok_in_window, 1);
    if (flow->measured)
        flow_count(flows, flow, result, error, now_ns);
    if (flow->sock >= 0)
        flow_socket_close(flows, flow->lane, flow->sock, result);
    deadline_stop(&flow->deadline);
    deadline_stop(&flow->connect_deadline);
    if (flows->settings->rests && flow->connected_ns == 0) {
        flow->state = FLOW_RESTING;
        flows->resting++;
        deadline_start(&flows->rests, &flow->deadline, now_ns);
    } else {
        slab_give(&flows->slab, flow);
    }
}

static void flow_fail(struct flows *flows, struct flow *flow, int error, uint64_t now_ns)
{
    enum result result = (enum result)flow->expired;

    if (result == RESULT_OK)
        result = result_of_error(error, flow_phase(flow));
    flow_close(flows, flow, result, error, now_ns);
}

void flow_start(struct flows *flows, const struct flow_start *start)
{
    const struct flow_settings *settings = flows->settings;
    const struct address *address = &settings->targets[start->lane].address;
    struct flow *flow = slab_take(&flows->slab);
    enum result failure;
    int result;

    flow->lane = (uint8_t)start->lane;
    flow->measured = start->measured;
    flow->intended_ns = start->intended_ns;
    counter_add(start->measured ? &flows->tallies[start->lane].started
                                : &flows->tallies[start->lane].warmup,
                1);
    flow->sock = flow_socket_open(flows, flow->lane, &failure);
    if (flow->sock < 0) {
        flow_close(flows, flow, failure, flow->sock, start->now_ns);
        return;
    }
    deadline_start(&flows->timeouts, &flow->deadline, start->now_ns);
    if (settings->config->connect_timeout_ns)
        deadline_start(&flows->connect_timeouts, &flow->connect_deadline, start->now_ns);
    result = engine_connect(flows->engine, slab_token(&flows->slab, flow), flow->sock, &address->sa,
                            address_bytes(address));
    if (result < 0)
        flow_fail(flows, flow, result, start->now_ns);
}

static void flow_read(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    int result = engine_recv(flows->engine, slab_token(&flows->slab, flow), flow->sock,
                             flow->buffer, FLOW_BUFFER_BYTES, 0);

    if (result < 0)
        flow_fail(flows, flow, result, now_ns);
}

/* Send what is left of the header or of the text, or go on to what comes after it. */
static void flow_send(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    const struct load_config *config = flows->settings->config;
    const unsigned char *data = config->send.data;
    uint32_t bytes = config->send.bytes;
    unsigned flags = 0;
    int result;

    if (flow->state == FLOW_SENDING_HEADER && flow->moved_bytes == flow->header_bytes) {
        flow->state = FLOW_SENDING;
        flow->moved_bytes = 0;
    }
    if (flow->state == FLOW_SENDING_HEADER) {
        data = flow->buffer;
        bytes = flow->header_bytes;
        flags = config->send.bytes ? ENGINE_MORE : 0;
    } else if (flow->moved_bytes == bytes) {
        flow->state = FLOW_READING;
        flow->moved_bytes = 0;
        if (!config->expect.any && config->expect.bytes == 0)
            flow->greeted_ns = now_ns; /* no byte is waited for: only that all was said */
        flow_read(flows, flow, now_ns);
        return;
    }
    result = engine_send(flows->engine, slab_token(&flows->slab, flow), flow->sock,
                         data + flow->moved_bytes, bytes - flow->moved_bytes, flags);
    if (result < 0)
        flow_fail(flows, flow, result, now_ns);
}

/* Write the proxy header into the buffer, if one is to be sent. Returns 0 or -errno. */
static int flow_write_header(struct flows *flows, struct flow *flow)
{
    enum load_proxy_protocol version =
        (enum load_proxy_protocol)flows->settings->config->proxy_protocol;
    struct address local = {0};
    socklen_t local_bytes = sizeof(local);

    if (version == LOAD_PROXY_NONE)
        return 0;
    if (getsockname(flow->sock, &local.sa, &local_bytes) < 0)
        return -errno;
    flow->header_bytes = proxy_header_write(
        version, &local, &flows->settings->targets[flow->lane].address, flow->buffer);
    return 0;
}

/* From here on it is the greeting that is waited for. */
static void flow_note_connected(struct flow *flow, uint64_t now_ns)
{
    flow->connected_ns = now_ns;
    deadline_stop(&flow->connect_deadline);
}

static void flow_connected(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    int result;

    flow_note_connected(flow, now_ns);
    result = flow_write_header(flows, flow);
    if (result < 0) {
        flow_fail(flows, flow, result, now_ns);
        return;
    }
    flow->state = FLOW_SENDING_HEADER;
    flow_send(flows, flow, now_ns);
}

/* The other side did not wait for all that it was to be told, maybe not until it was seen to accept
 * (tcp_reset in Linux's net/ipv4/tcp_input.c). What it said before is judged as if it had: read on.
 * The kernel tells of the reset once (EPIPE: after a FIN) and of EOF from then on. */
static void flow_interrupted(struct flows *flows, struct flow *flow, int error, uint64_t now_ns)
{
    if (flow->state == FLOW_CONNECTING)
        flow_note_connected(flow, now_ns);
    flow->is_reset = error == -ECONNRESET;
    flow->state = FLOW_READING;
    flow->moved_bytes = 0;
    flow_read(flows, flow, now_ns);
}

/* EOF: the greeting is all that came before it. */
static void flow_at_end(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    const struct option_bytes *expect = &flows->settings->config->expect;
    bool is_short = !expect->any && flow->moved_bytes < expect->bytes;

    if (flow->is_reset) {
        flow_fail(flows, flow, -ECONNRESET, now_ns);
        return;
    }
    if (flow->greeted_ns == 0 && !is_short)
        flow->greeted_ns = now_ns; /* anything was expected, and nothing came */
    flow_close(flows, flow, is_short ? RESULT_SHORT : RESULT_OK, 0, now_ns);
}

/* Compare what came with what should come next. */
static void flow_received(struct flows *flows, struct flow *flow, uint32_t bytes, uint64_t now_ns)
{
    const struct option_bytes *expect = &flows->settings->config->expect;
    uint32_t missing_bytes = expect->bytes - flow->moved_bytes;
    uint32_t compared_bytes = bytes < missing_bytes ? bytes : missing_bytes;

    if (expect->any) {
        flow->greeted_ns = now_ns; /* as long as nothing comes after it */
        flow_read(flows, flow, now_ns);
        return;
    }
    if (memcmp(flow->buffer, expect->data + flow->moved_bytes, compared_bytes) != 0) {
        flow_close(flows, flow, RESULT_MISMATCH, 0, now_ns);
        return;
    }
    if (bytes >= missing_bytes && flow->greeted_ns == 0)
        flow->greeted_ns = now_ns;
    if (bytes > missing_bytes) {
        flow_close(flows, flow, RESULT_EXTRA, 0, now_ns);
        return;
    }
    flow->moved_bytes += bytes;
    flow_read(flows, flow, now_ns);
}

void flow_event(struct flows *flows, const struct engine_event *event, uint64_t now_ns)
{
    struct flow *flow = slab_find(&flows->slab, event->token);

    if (!flow)
        return; /* cannot be: each operation has one event */
    if (event->op != ENGINE_OP_RECV && flow->expired == RESULT_OK &&
        (event->result == -ECONNRESET || event->result == -EPIPE)) {
        flow_interrupted(flows, flow, event->result, now_ns);
    } else if (event->result < 0 || flow->expired != RESULT_OK) {
        flow_fail(flows, flow, event->result, now_ns);
    } else if (event->op == ENGINE_OP_CONNECT) {
        flow_connected(flows, flow, now_ns);
    } else if (event->op == ENGINE_OP_SEND) {
        flow->moved_bytes += (uint32_t)event->result;
        flow_send(flows, flow, now_ns);
    } else if (event->result == 0) {
        flow_at_end(flows, flow, now_ns);
    } else {
        flow_received(flows, flow, (uint32_t)event->result, now_ns);
    }
}

uint64_t flows_due_ns(const struct flows *flows)
{
    const struct deadline_queue *const queues[] = {&flows->connect_timeouts, &flows->timeouts,
                                                   &flows->rests};

    return deadline_queues_due_ns(queues, sizeof(queues) / sizeof(queues[0]));
}

/* The operation that is pending on an open flow. */
static enum engine_op flow_pending(const struct flow *flow)
{
    if (flow->state == FLOW_CONNECTING)
        return ENGINE_OP_CONNECT;
    return flow->state == FLOW_READING ? ENGINE_OP_RECV : ENGINE_OP_SEND;
}

static void flow_expire(struct flows *flows, struct flow *flow, enum result result)
{
    if (flow->expired != RESULT_OK)
        return; /* by the other timeout, just now */
    flow->expired = (uint8_t)result;
    engine_cancel(flows->engine, flow_pending(flow), slab_token(&flows->slab, flow), flow->sock);
}

#define FLOW_OF(deadline, member) \
    ((struct flow *)(void *)((char *)(deadline)-offsetof(struct flow, member)))

void flows_expire(struct flows *flows, uint64_t now_ns)
{
    struct deadline *deadline;

    while ((deadline = deadline_queue_take(&flows->connect_timeouts, now_ns)))
        flow_expire(flows, FLOW_OF(deadline, connect_deadline), RESULT_CONNECT_TIMEOUT);
    while ((deadline = deadline_queue_take(&flows->timeouts, now_ns)))
        flow_expire(flows, FLOW_OF(deadline, deadline), RESULT_TIMEOUT);
    while ((deadline = deadline_queue_take(&flows->rests, now_ns))) {
        flows->resting--;
        slab_give(&flows->slab, FLOW_OF(deadline, deadline));
    }
}

void flows_abandon(struct flows *flows)
{
    struct flow *flow = NULL;

    while ((flow = slab_next(&flows->slab, flow))) {
        struct tally *tally = &flows->tallies[flow->lane];

        if (flow->state != FLOW_RESTING) {
            engine_close(flows->engine, flow->sock, ENGINE_RESET);
            if (flow->measured)
                counter_add(&tally->abandoned, 1);
        }
        slab_give(&flows->slab, flow);
    }
}
