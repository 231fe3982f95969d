/* What a generator says of a connection, against what the service and the network did. */
#include "load_book.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void expect(bool holds, const struct call *call, enum phase phase, enum result result,
                   const char *what)
{
    if (!holds)
        world_fail("call %u (%s) is counted as %s in phase %s: %s", call->number,
                   service_temper_name(call->temper), result_name(result), phase_name(phase), what);
}

/* How what was read compares with what was expected. */
struct answer {
    bool same; /* as far as it goes */
    bool complete, longer, at_end;
};

static struct answer answer_of(const struct call *call)
{
    const struct option_bytes *wanted = &call->config->options.expect;
    const struct tcp_stream *stream = &call->tcp->streams[TCP_PEERS];
    uint32_t compared = stream->read < wanted->bytes ? stream->read : wanted->bytes;
    struct answer answer = {
        .same = wanted->any || compared == 0 || memcmp(stream->bytes, wanted->data, compared) == 0,
        .complete = wanted->any || stream->read == wanted->bytes,
        .longer = !wanted->any && stream->read > wanted->bytes,
        .at_end = call->socket->last_op == ENGINE_OP_RECV && call->socket->last_result == 0,
    };

    return answer;
}

uint64_t call_over_ns(const struct call *call)
{
    uint64_t end_ns = call->tcp->peer_fin_ns;

    return end_ns > call->spoke_ns ? end_ns : call->spoke_ns;
}

/* Time was up, and nothing else had come of it long before. */
static bool judge_is_late(const struct load_book *book, const struct call *call,
                          uint64_t timeout_ns)
{
    uint64_t stalled_ns = sim_engine_stalled_ns(book->engine) - call->stalled_ns;
    uint64_t end_ns = call->tcp->peer_fin_ns;

    if (timeout_ns == 0 || world_now_ns() < call->started_ns + timeout_ns)
        return false;
    return end_ns == 0 || call_over_ns(call) + S + stalled_ns > call->started_ns + timeout_ns;
}

static bool judge_is_unreachable(const struct call *call)
{
    return call->temper == SERVICE_UNREACHABLE || call->temper == SERVICE_TOO_EARLY ||
           call->socket->faulty;
}

void load_judge_end(const struct load_book *book, const struct call *call, enum phase phase,
                    enum result result)
{
    struct answer answer = answer_of(call);
    const struct tcp *tcp = call->tcp;
    bool holds = false;

    switch (result) {
    case RESULT_OK:
        holds = answer.same && answer.complete && answer.at_end && tcp->peer_fin_ns;
        break;
    case RESULT_REFUSED:
        holds = call->temper == SERVICE_REFUSES || call->temper == SERVICE_TOO_EARLY;
        break;
    case RESULT_RESET:
        holds = tcp->ends[TCP_OURS].dead;
        break;
    case RESULT_SHORT:
        holds = answer.same && answer.at_end && !answer.complete && !answer.longer;
        break;
    case RESULT_MISMATCH:
        holds = !answer.same;
        break;
    case RESULT_EXTRA:
        holds = answer.same && answer.longer;
        break;
    case RESULT_CONNECT_TIMEOUT:
        holds = tcp->connecting || call->connected_ns == 0 ||
                judge_is_late(book, call, book->config->options.connect_timeout_ns);
        break;
    case RESULT_TIMEOUT:
        holds = judge_is_late(book, call, book->config->options.timeout_ns) || tcp->timed_out;
        break;
    case RESULT_UNREACHABLE:
        holds = judge_is_unreachable(call);
        break;
    case RESULT_NO_PORT:
        holds = call->socket->faulty;
        break;
    case RESULT_NO_ADDRESS:
    case RESULT_NO_DESCRIPTOR:
    case RESULT_COUNT:
        break;
    case RESULT_OTHER:
        holds = call->socket->troubles > 0;
        break;
    }
    expect(holds, call, phase, result, "that is not what happened");
    if (result == RESULT_OK || phase == PHASE_CLOSE)
        expect(answer.complete || answer.longer, call, phase, result, "it had not said all");
    /* If the worker is not on the CPU while a handshake fails that was reported as done, it cannot
     * tell that socket from one that was connected: timeouts and ICMP errors end both. A refusal
     * ends only handshakes. */
    if (call->connected_ns == 0 && call->socket->troubles == 0 &&
        (result == RESULT_REFUSED || call->stalled_ns == sim_engine_stalled_ns(book->engine)))
        expect(phase == PHASE_CONNECT, call, phase, result, "it was never connected");
    if (phase == PHASE_CONNECT)
        expect(tcp->streams[TCP_PEERS].read == 0, call, phase, result, "it had said something");
}

void load_judge_times(const struct load_book *book, const struct call *call,
                      const struct load_sums *before, const struct load_sums *now)
{
    uint64_t ns[TIMING_COUNT];
    uint64_t connected_ns, greeted_ns;

    (void)book;
    for (int i = 0; i < TIMING_LATENESS; i++) {
        ns[i] = now->timing_sum_ns[i] - before->timing_sum_ns[i];
        if (now->timing_count[i] != before->timing_count[i] + 1)
            world_fail("call %u ended well, and its %s is timed %" PRIu64 " times", call->number,
                       timing_name((enum timing)i), now->timing_count[i] - before->timing_count[i]);
    }
    connected_ns = call->intended_ns + ns[TIMING_CONNECT];
    greeted_ns = connected_ns + ns[TIMING_GREETING];
    if (call->intended_ns + ns[TIMING_TOTAL] != world_now_ns())
        world_fail("call %u was due %" PRIu64 " ns ago, and %" PRIu64 " ns are timed", call->number,
                   world_now_ns() - call->intended_ns, ns[TIMING_TOTAL]);
    if (ns[TIMING_CONNECT] + ns[TIMING_GREETING] + ns[TIMING_CLOSE] != ns[TIMING_TOTAL])
        world_fail("the phases of call %u make %" PRIu64 " ns, not %" PRIu64, call->number,
                   ns[TIMING_CONNECT] + ns[TIMING_GREETING] + ns[TIMING_CLOSE], ns[TIMING_TOTAL]);
    if (connected_ns < call->connected_ns && call->temper != SERVICE_TOO_EARLY)
        world_fail("call %u is timed as connected %" PRIu64 " ns before it was", call->number,
                   call->connected_ns - connected_ns);
    if (!call->config->options.expect.any && call->config->options.expect.bytes > 0 &&
        greeted_ns < call->said_ns)
        world_fail("call %u is timed as greeted %" PRIu64 " ns before it was", call->number,
                   call->said_ns - greeted_ns);
}

/* How many starts of constant arrivals are due in the measured time. */
static uint64_t judge_scheduled(const struct load_book *book)
{
    const struct load_config *config = book->config;
    double interval_ns =
        (double)config->options.rate.period_ns / (double)config->options.rate.starts;
    uint64_t count = 0;

    for (uint64_t place = book->args->thread;; place += book->args->threads) {
        double due_ns = (double)place * interval_ns;

        if (due_ns >= (double)book->args->duration_ns || count == book->args->count)
            return count;
        count += due_ns >= (double)config->options.warmup_ns;
    }
}

/* What was not started of the schedule was dropped, and counted. */
static void judge_schedule(const struct load_book *book, uint64_t started, uint64_t dropped)
{
    const struct load_config *config = book->config;
    uint64_t wanted;

    if (!load_is_open_loop(config) && dropped > 0)
        world_fail("%" PRIu64 " starts of a closed loop are dropped", dropped);
    if (book->deadline_ns || sim_engine_is_broken(book->engine))
        return;
    if (book->args->count != UINT64_MAX && started + dropped > book->args->count)
        world_fail("%" PRIu64 " starts, more than asked for", started + dropped);
    if (!load_is_open_loop(config) || config->options.arrivals != LOAD_CONSTANT ||
        config->options.ramp_ns > 0)
        return;
    wanted = judge_scheduled(book);
    if (started + dropped > wanted + 1 || started + dropped + 1 < wanted)
        world_fail("%" PRIu64 " starts were due, %" PRIu64 " were made and %" PRIu64 " dropped",
                   wanted, started, dropped);
}

static void judge_end_time(const struct load_book *book)
{
    uint64_t stalled_ns = sim_engine_stalled_ns(book->engine);
    uint64_t end_ns = UINT64_MAX;

    if (book->args->duration_ns != UINT64_MAX)
        end_ns = book->args->start_ns + book->args->duration_ns + GENERATOR_GRACE_NS +
                 book->config->options.timeout_ns;
    if (book->deadline_ns && book->deadline_ns < end_ns)
        end_ns = book->deadline_ns;
    if (end_ns != UINT64_MAX && world_now_ns() > end_ns + S + stalled_ns)
        world_fail("the run ends %.3f s late", (double)(world_now_ns() - end_ns) / 1e9);
}

void load_book_balance(struct load_book *book)
{
    struct load_sums sums = load_sums_of(book);

    load_watch.call();
    if (sums.started != sums.ok + sums.failed + sums.abandoned)
        world_fail("%" PRIu64 " starts, but %" PRIu64 " ended well, %" PRIu64 " failed, %" PRIu64
                   " were abandoned",
                   sums.started, sums.ok, sums.failed, sums.abandoned);
    if (sums.ok != sums.timing_count[TIMING_TOTAL])
        world_fail("%" PRIu64 " ended well, %" PRIu64 " are timed", sums.ok,
                   sums.timing_count[TIMING_TOTAL]);
    if (book->open > 0)
        world_fail("%u connections are open when the run has ended", book->open);
    judge_schedule(book, sums.started, sums.dropped);
    judge_end_time(book);
}
