#include "load_book.h"

#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#define SLACK_NS (1 * S)

static struct load_book *book; /* of the world */

struct load_sums load_sums_of(const struct load_book *of)
{
    struct load_sums sums = {0};

    for (uint32_t i = 0; i < of->args->target_count; i++) {
        const struct tally *tally = generator_tally(of->generator, i);

        sums.started += tally->started;
        sums.dropped += tally->dropped;
        sums.warmup += tally->warmup;
        sums.ok += tally->ok;
        sums.abandoned += tally->abandoned;
        sums.in_window += tally->ok_in_window;
        for (int j = 0; j < PHASE_COUNT * RESULT_COUNT; j++)
            sums.by_end[j / RESULT_COUNT][j % RESULT_COUNT] +=
                tally->failed[j / RESULT_COUNT][j % RESULT_COUNT];
        for (int j = 0; j < TIMING_COUNT; j++) {
            sums.timing_count[j] += tally->timings[j].count;
            sums.timing_sum_ns[j] += tally->timings[j].sum_ns;
        }
        sums.failed += tally_failed(tally);
    }
    return sums;
}

/* Which end was counted since `before`; it must be one, if any was. */
static bool book_find_end(const struct load_sums *before, const struct load_sums *now,
                          enum phase *ret_phase, enum result *ret_result)
{
    uint64_t ended = now->ok + now->failed - before->ok - before->failed;

    if (ended > 1)
        world_fail("%" PRIu64 " ends are counted for one connection", ended);
    *ret_phase = PHASE_CLOSE;
    *ret_result = RESULT_OK;
    for (int i = 0; i < PHASE_COUNT * RESULT_COUNT; i++) {
        int phase = i / RESULT_COUNT, result = i % RESULT_COUNT;

        if (now->by_end[phase][result] == before->by_end[phase][result])
            continue;
        *ret_phase = (enum phase)phase;
        *ret_result = (enum result)result;
    }
    return ended == 1;
}

static void book_note_ending(void)
{
    book->endings_ns[book->ending_count++ % BOOK_ENDINGS] = world_now_ns();
}

/* No socket could be had for the start that was just counted: it ends as one of these. */
static void book_lack(int error)
{
    if (!book->starting)
        world_fail("a socket is opened, and no start is counted");
    book->starting = false;
    book->lost_measured = book->starting_measured;
    book->lost = RESULT_OTHER;
    if (error == -EMFILE || error == -ENFILE)
        book->lost = RESULT_NO_DESCRIPTOR;
    else if (error == -EACCES)
        book->lost = RESULT_UNREACHABLE;
    book_note_ending();
}

static void book_settle_lost(const struct load_sums *now)
{
    enum result lost = book->lost;

    book->lost = RESULT_OK;
    if (lost == RESULT_OK || !book->lost_measured)
        return;
    book->seen.failed++;
    book->seen.by_end[PHASE_CONNECT][lost]++;
    if (now->by_end[PHASE_CONNECT][lost] < book->seen.by_end[PHASE_CONNECT][lost])
        world_fail("a start that had no socket is not counted as %s", result_name(lost));
}

/* When a start of an open loop was due: it is one of the schedule, and later than the one before.
 */
static void book_check_intended(uint64_t intended_ns)
{
    const struct generator_args *args = book->args;
    double interval_ns =
        (double)book->config->options.rate.period_ns / (double)book->config->options.rate.starts;
    double place = (double)(intended_ns - args->start_ns) / interval_ns;
    int64_t whole = (int64_t)llround(place);

    if (intended_ns < book->last_intended_ns || intended_ns < args->start_ns)
        world_fail("a start was due %.6f s before the one before it",
                   ((double)book->last_intended_ns - (double)intended_ns) / 1e9);
    book->last_intended_ns = intended_ns;
    if (book->config->options.arrivals != LOAD_CONSTANT || book->config->options.ramp_ns > 0)
        return;
    if (fabs(place - (double)whole) * interval_ns > 4 || whole % args->threads != args->thread)
        world_fail("a start was due at %.9f of the schedule of thread %u of %u", place,
                   args->thread, args->threads);
    if (whole <= book->last_place)
        world_fail("start %" PRId64 " of the schedule is made again", whole);
    book->last_place = whole;
}

/* What was counted since the last call? Starts, one at a time, each at its time. */
static void book_settle(void)
{
    struct load_sums now = load_sums_of(book);
    uint64_t measured = now.started - book->seen.started;
    uint64_t started = measured + now.warmup - book->seen.warmup;
    uint64_t lateness_ns =
        now.timing_sum_ns[TIMING_LATENESS] - book->seen.timing_sum_ns[TIMING_LATENESS];
    bool is_open_loop = load_is_open_loop(book->config);

    book_settle_lost(&now);
    if (started + book->starting > 1)
        world_fail("%" PRIu64 " starts are counted for one", started + book->starting);
    if (started == 1) {
        book->starting = true;
        book->starting_measured = measured == 1;
        book->starting_intended_ns = world_now_ns() - lateness_ns;
        if (is_open_loop && measured == 1)
            book_check_intended(book->starting_intended_ns);
        if (now.timing_count[TIMING_LATENESS] - book->seen.timing_count[TIMING_LATENESS] !=
            (is_open_loop && measured == 1))
            world_fail("the lateness of a start is not timed once");
    }
    book->seen.started = now.started;
    book->seen.warmup = now.warmup;
    book->seen.dropped = now.dropped;
    book->seen.timing_count[TIMING_LATENESS] = now.timing_count[TIMING_LATENESS];
    book->seen.timing_sum_ns[TIMING_LATENESS] = now.timing_sum_ns[TIMING_LATENESS];
}

static void book_connect(struct sim_socket *socket, const struct sockaddr *address)
{
    struct call *call = calloc(1, sizeof(*call));
    const struct sockaddr_in *to = (const struct sockaddr_in *)(const void *)address;

    if (!call)
        world_fail("the simulator has no memory");
    if (!book->starting)
        world_fail("socket %d connects, and no start is counted", socket->sock);
    book->starting = false;
    *call = (struct call){.number = ++book->call_count,
                          .target = (unsigned)(ntohs(to->sin_port) - TARGET_PORT),
                          .engine = book->engine,
                          .socket = socket,
                          .config = book->config,
                          .measured = book->starting_measured,
                          .open = true,
                          .started_ns = world_now_ns(),
                          .intended_ns = book->starting_intended_ns,
                          .stalled_ns = sim_engine_stalled_ns(book->engine),
                          .next = book->calls};
    book->calls = call;
    if (++book->open > book->args->flows_max)
        world_fail("%u connections are open, more than %u", book->open, book->args->flows_max);
    service_meet(call, &book->path, book->first_temper, book->tempers);
    socket->context = call;
    sim_engine_attach(socket, call->tcp);
    world_trace("call %u (%s) to target %u starts, due %.6f s ago", call->number,
                service_temper_name(call->temper), call->target,
                (double)(call->started_ns - call->intended_ns) / 1e9);
}

/* A connection ends: it was counted just before. */
static void book_end(struct sim_socket *socket)
{
    struct call *call = socket->context;
    struct load_sums now = load_sums_of(book);
    bool abandoned = now.abandoned != book->seen.abandoned || book->deadline_ns ||
                     sim_engine_is_broken(book->engine);
    enum phase phase;
    enum result result;
    bool counted = book_find_end(&book->seen, &now, &phase, &result);
    bool ended_well = now.timing_count[TIMING_TOTAL] != book->seen.timing_count[TIMING_TOTAL];

    world_trace("call %u (%s) ends in phase %s: %s", call->number,
                service_temper_name(call->temper), phase_name(phase),
                counted ? result_name(result) : "not counted");
    if (counted != call->measured && !(call->measured && abandoned && !counted))
        world_fail("call %u (%s) is%s counted when it ends", call->number,
                   service_temper_name(call->temper), counted ? "" : " not");
    if (counted)
        load_judge_end(book, call, phase, result);
    if (ended_well)
        load_judge_times(book, call, &book->seen, &now);
    if (call->connected_ns == 0 || phase == PHASE_CONNECT || !counted)
        book_note_ending();
    book->seen = now;
    book->open--;
    call->open = false;
    call->socket = NULL;
    socket->context = NULL;
}

/* flows_abandon closes before it counts, so an end that is counted by then is none of these. */
static void book_close(struct sim_socket *socket, unsigned flags)
{
    struct call *call = socket->context;

    if (!call)
        return; /* it was kept for another connection */
    book_end(socket);
    if (book->config->options.close == LOAD_CLOSE_RST && !(flags & ENGINE_RESET))
        world_fail("call %u is not closed by a reset, as --close rst wants it", call->number);
}

/* Nobody waits longer than he should. */
static void book_check_age(const struct sim_socket *socket)
{
    struct call *call = socket->context;
    uint64_t excuse_ns, age_ns;

    if (!call)
        return;
    excuse_ns = SLACK_NS + sim_engine_stalled_ns(book->engine) - call->stalled_ns;
    age_ns = world_now_ns() - call->started_ns;
    if (age_ns > book->config->options.timeout_ns + excuse_ns)
        world_fail("call %u (%s) is open for %.3f s", call->number,
                   service_temper_name(call->temper), (double)age_ns / 1e9);
    if (book->config->options.connect_timeout_ns && call->temper == SERVICE_BLACKHOLE &&
        age_ns > book->config->options.connect_timeout_ns + excuse_ns)
        world_fail("call %u (%s) connects for %.3f s", call->number,
                   service_temper_name(call->temper), (double)age_ns / 1e9);
    if (call->tcp->streams[TCP_OURS].written < book->config->options.send.bytes)
        call->spoke_ns = world_now_ns(); /* and does not listen meanwhile */
    if (call->tcp->peer_fin_ns && world_now_ns() > call_over_ns(call) + excuse_ns)
        world_fail("call %u (%s) has seen the end since %.3f s", call->number,
                   service_temper_name(call->temper),
                   (double)(world_now_ns() - call->tcp->peer_fin_ns) / 1e9);
}

/* True if another start is wanted: there is time, and there are some left. */
static bool book_wants_more(void)
{
    const struct generator_args *args = book->args;
    uint64_t now_ns = world_now_ns();
    bool is_over = args->duration_ns != UINT64_MAX && now_ns >= args->start_ns + args->duration_ns;

    return !is_over && !book->deadline_ns && book->seen.started + book->seen.dropped < args->count;
}

/* The next start of constant arrivals is not slept through. */
static void book_check_open_loop(uint64_t until_ns)
{
    double interval_ns =
        (double)book->config->options.rate.period_ns / (double)book->config->options.rate.starts;
    double stride_ns = interval_ns * book->args->threads;
    double next_ns = book->last_place < 0 ? book->args->thread * interval_ns
                                          : (double)book->last_place * interval_ns + stride_ns;
    double due_ns = (double)book->args->start_ns + next_ns;
    double now_ns = (double)world_now_ns();

    if (book->open >= book->args->flows_max || !book_wants_more() ||
        book->config->options.warmup_ns > 0 || book->config->options.arrivals != LOAD_CONSTANT ||
        book->config->options.ramp_ns > 0)
        return;
    due_ns = due_ns > now_ns ? due_ns : now_ns + stride_ns;
    if (book->args->duration_ns != UINT64_MAX &&
        due_ns >= (double)(book->args->start_ns + book->args->duration_ns))
        return;
    if ((double)until_ns > due_ns + 10000)
        world_fail("sleeps %.6f s longer than until the next start",
                   ((double)until_ns - due_ns) / 1e9);
}

/* All places of a closed loop are taken, but for those that rest. */
static void book_check_closed_loop(int64_t timeout_ns)
{
    unsigned resting = 0;

    for (unsigned i = 0; i < BOOK_ENDINGS && i < book->ending_count; i++)
        resting += book->endings_ns[i] + FLOW_REST_NS + MS > world_now_ns();
    if (timeout_ns == 0 || !book_wants_more() || book->config->options.ramp_ns > 0 ||
        engine_is_behind(book->engine) || resting == BOOK_ENDINGS)
        return;
    if (book->open + resting < book->args->flows_max)
        world_fail("%u of %u are open, and %u rest", book->open, book->args->flows_max, resting);
}

static void book_check_turns(int64_t timeout_ns)
{
    if (world_now_ns() > book->windows_ns + S) {
        book->windows_ns = world_now_ns();
        book->idle_turns = 0;
    }
    book->idle_turns += sim_engine_last_count(book->engine) == 0;
    if (book->idle_turns > 20000)
        world_fail("%u turns in a second found nothing to do; the next waits %.6f s",
                   book->idle_turns, (double)timeout_ns / 1e9);
}

static void book_wait(int64_t timeout_ns)
{
    uint64_t in_flight = generator_progress(book->generator)->in_flight;
    uint64_t until_ns = timeout_ns < 0 ? UINT64_MAX : world_now_ns() + (uint64_t)timeout_ns;
    struct load_sums now = load_sums_of(book);

    if (book->starting)
        world_fail("a start is counted, and nothing connects");
    if (now.ok != book->seen.ok || now.failed != book->seen.failed)
        world_fail("an end is counted, and nothing has ended");
    if (in_flight != book->open)
        world_fail("%" PRIu64 " are reported in flight, and %u are", in_flight, book->open);
    for (struct sim_socket *socket = NULL; (socket = sim_engine_next(book->engine, socket));)
        book_check_age(socket);
    if (load_is_open_loop(book->config))
        book_check_open_loop(until_ns);
    else
        book_check_closed_loop(timeout_ns);
    book_check_turns(timeout_ns);
}

static void book_accept(uint32_t room)
{
    world_fail("a generator accepts %u", room);
}

const struct sim_watch load_watch = {
    .call = book_settle,
    .wait = book_wait,
    .accept = book_accept,
    .close = book_close,
    .connect = book_connect,
    .disconnect = book_end,
    .lack = book_lack,
};

void load_book_open(struct load_book *opened)
{
    book = opened;
    book->last_place = -1;
}

void load_book_close(struct load_book *closed)
{
    while (closed->calls) {
        struct call *call = closed->calls;

        closed->calls = call->next;
        free(call);
    }
}
