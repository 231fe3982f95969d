/* How flows end, and what they count then. */
#include "base/check.h"
#include "base/counter.h"
#include "generator/flow_socket.h"
#include "generator/flow_state.h"

#include <errno.h>

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
    struct tally *tally = &flows->tallies[flow->target];

    flows->last_end_ns = now_ns;
    if (result != RESULT_OK) {
        counter_add(&tally->failed[flow_phase(flow)][result], 1);
        if (result == RESULT_OTHER)
            counter_add(&tally->other[-error < TALLY_ERRNO_MAX ? -error : 0], 1);
        return;
    }
    CHECK(flow->intended_ns <= flow->connected_ns && flow->connected_ns <= flow->greeted_ns &&
              flow->greeted_ns <= now_ns,
          "intended=%llu connected=%llu greeted=%llu now=%llu",
          (unsigned long long)flow->intended_ns, (unsigned long long)flow->connected_ns,
          (unsigned long long)flow->greeted_ns, (unsigned long long)now_ns);
    counter_add(&tally->ok, 1);
    histogram_record(&tally->timings[TIMING_CONNECT], flow->connected_ns - flow->intended_ns);
    histogram_record(&tally->timings[TIMING_GREETING], flow->greeted_ns - flow->connected_ns);
    histogram_record(&tally->timings[TIMING_CLOSE], now_ns - flow->greeted_ns);
    histogram_record(&tally->timings[TIMING_TOTAL], now_ns - flow->intended_ns);
}

void flow_close(struct flows *flows, struct flow *flow, enum result result, int error,
                uint64_t now_ns)
{
    if (result == RESULT_OK && now_ns >= flows->window_start_ns && now_ns < flows->window_end_ns)
        counter_add(&flows->tallies[flow->target].ok_in_window, 1);
    if (flow->measured)
        flow_count(flows, flow, result, error, now_ns);
    if (flow->sock >= 0)
        flow_socket_close(flows, flow->target, flow->sock, result);
    flows->answered[flow->target] = result == RESULT_OK;
    deadline_stop(&flow->deadline);
    deadline_stop(&flow->handshake);
    if (flows->settings->rests && flow->connected_ns == 0) {
        flow->state = FLOW_RESTING;
        flows->resting++;
        deadline_start(&flows->rests, &flow->deadline, now_ns);
    } else {
        slab_give(&flows->slab, flow);
    }
}

bool flow_is_unproven(const struct flow *flow)
{
    return flow->state != FLOW_CONNECTING && deadline_is_running(&flow->handshake);
}

void flow_fail(struct flows *flows, struct flow *flow, int error, uint64_t now_ns)
{
    enum result result = (enum result)flow->expired;

    if (flow->connect_error)
        error = flow->connect_error;
    else if ((flow_is_unproven(flow) && result_is_of_handshake(error)) ||
             (error == -ECONNREFUSED && flow_phase(flow) == PHASE_GREETING))
        flow->connected_ns = 0; /* an established connection is reset, never refused: tcp_reset */
    if (result == RESULT_OK)
        result = result_of_error(error, flow_phase(flow));
    flow_close(flows, flow, result, error, now_ns);
}
