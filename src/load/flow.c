#include "load/flow.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Enough for a short greeting and for finding that there is more of it. */
#define FLOW_BUFFER_BYTES 192

struct flow {
    struct slab_item item;
    int sock;
    bool expired;    /* its operation was cancelled and is about to end */
    uint8_t pending; /* enum engine_op */
    uint32_t received_bytes;
    struct deadline deadline;
    unsigned char buffer[FLOW_BUFFER_BYTES];
};
_Static_assert(sizeof(struct flow) <= 256, "a flow fits into four cache lines");

static struct flow *flow_of(struct deadline *deadline)
{
    return (struct flow *)(void *)((char *)deadline - offsetof(struct flow, deadline));
}

int flows_init(struct flows *flows, const struct flow_settings *settings, struct engine *engine,
               uint32_t capacity)
{
    *flows = (struct flows){.settings = settings, .engine = engine};
    flows->counts.first_start_ns = UINT64_MAX;
    deadline_queue_init(&flows->timeouts, settings->timeout_ns);
    return slab_init(&flows->slab, capacity, sizeof(struct flow));
}

void flows_release(struct flows *flows)
{
    slab_release(&flows->slab);
}

uint32_t flows_open(const struct flows *flows)
{
    return flows->slab.live;
}

uint32_t flows_room(const struct flows *flows)
{
    return flows->slab.capacity - flows->slab.live;
}

/* The only exit of a flow: nothing is pending on its socket, if it has one. */
static void flow_close(struct flows *flows, struct flow *flow, enum result result, uint64_t now_ns)
{
    if (flow->sock >= 0)
        engine_close(flows->engine, flow->sock, 0);
    deadline_stop(&flow->deadline);
    flows->counts.results[result]++;
    flows->counts.last_end_ns = now_ns;
    slab_give(&flows->slab, flow);
}

static void flow_fail(struct flows *flows, struct flow *flow, int error, uint64_t now_ns)
{
    enum result result = flow->expired ? RESULT_TIMEOUT : result_of_error(error);

    if (result == RESULT_OTHER)
        flows->counts.other_error = -error;
    flow_close(flows, flow, result, now_ns);
}

void flow_start(struct flows *flows, uint64_t now_ns)
{
    const struct address *target = &flows->settings->target;
    struct flow *flow = slab_take(&flows->slab);
    int result;

    flows->counts.started++;
    if (flows->counts.first_start_ns == UINT64_MAX)
        flows->counts.first_start_ns = now_ns;
    flow->sock = engine_socket(flows->engine, target->sa.sa_family);
    if (flow->sock < 0) {
        flow_fail(flows, flow, flow->sock, now_ns);
        return;
    }
    flow->pending = ENGINE_OP_CONNECT;
    deadline_start(&flows->timeouts, &flow->deadline, now_ns);
    result = engine_connect(flows->engine, slab_token(&flows->slab, flow), flow->sock, &target->sa,
                            address_bytes(target));
    if (result < 0)
        flow_fail(flows, flow, result, now_ns);
}

static void flow_read(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    int result;

    flow->pending = ENGINE_OP_RECV;
    result = engine_recv(flows->engine, slab_token(&flows->slab, flow), flow->sock, flow->buffer,
                         FLOW_BUFFER_BYTES, 0);
    if (result < 0)
        flow_fail(flows, flow, result, now_ns);
}

/* Compare what came with what should come next. */
static void flow_received(struct flows *flows, struct flow *flow, uint32_t bytes, uint64_t now_ns)
{
    const struct flow_settings *settings = flows->settings;
    uint32_t missing_bytes = settings->expect_bytes - flow->received_bytes;
    uint32_t compared_bytes = bytes < missing_bytes ? bytes : missing_bytes;

    if (bytes == 0) {
        flow_close(flows, flow, missing_bytes ? RESULT_SHORT : RESULT_OK, now_ns);
    } else if (memcmp(flow->buffer, settings->expect + flow->received_bytes, compared_bytes) != 0) {
        flow_close(flows, flow, RESULT_MISMATCH, now_ns);
    } else if (bytes > missing_bytes) {
        flow_close(flows, flow, RESULT_EXTRA, now_ns);
    } else {
        flow->received_bytes += bytes;
        flow_read(flows, flow, now_ns);
    }
}

void flow_event(struct flows *flows, const struct engine_event *event, uint64_t now_ns)
{
    struct flow *flow = slab_find(&flows->slab, event->token);

    if (!flow)
        return; /* cannot be: each operation has one event */
    if (event->result < 0 || flow->expired)
        flow_fail(flows, flow, event->result, now_ns);
    else if (event->op == ENGINE_OP_CONNECT)
        flow_read(flows, flow, now_ns);
    else
        flow_received(flows, flow, (uint32_t)event->result, now_ns);
}

uint64_t flows_due_ns(const struct flows *flows)
{
    return deadline_queue_due_ns(&flows->timeouts);
}

void flows_expire(struct flows *flows, uint64_t now_ns)
{
    struct deadline *deadline;

    while ((deadline = deadline_queue_take(&flows->timeouts, now_ns))) {
        struct flow *flow = flow_of(deadline);

        flow->expired = true;
        engine_cancel(flows->engine, (enum engine_op)flow->pending, slab_token(&flows->slab, flow),
                      flow->sock);
    }
}

void flows_abandon(struct flows *flows)
{
    struct flow *flow = NULL;

    while ((flow = slab_next(&flows->slab, flow))) {
        engine_close(flows->engine, flow->sock, 0);
        flows->counts.started--;
        slab_give(&flows->slab, flow);
    }
}
