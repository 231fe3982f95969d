#include "generator/generator.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/pages.h"

#include <stdlib.h>

#include <sys/prctl.h>

/* How many starts are made before the next check for events: they wait meanwhile. */
#define GENERATOR_STARTS_MAX 64

/* How often a closed loop checks whether its ramp allows one more connection. */
#define GENERATOR_RAMP_STEP_NS UINT64_C(1000000)

struct generator {
    const struct generator_args *args;
    struct engine *engine;
    struct flows flows;
    struct schedule schedule; /* open loop */
    bool open_loop;
    uint64_t measure_ns;         /* starts intended from here on are measured */
    uint64_t end_ns;             /* no start is intended from here on */
    uint64_t stop_ns;            /* flows open then are abandoned; 0: never */
    uint64_t intended_count;     /* measured starts, made or dropped */
    int64_t credit[TARGETS_MAX]; /* of each target, for the round robin */
    int64_t credit_total;        /* sum of the weights */
    struct tally *tallies;       /* one for each target */
    size_t tallies_bytes;
    struct generator_progress progress;
};

struct generator *generator_new(const struct generator_args *args)
{
    struct generator *generator = calloc(1, sizeof(*generator));

    if (!generator)
        return NULL;
    generator->args = args;
    generator->tallies_bytes = args->target_count * sizeof(struct tally);
    generator->tallies = pages_map(generator->tallies_bytes);
    if (!generator->tallies) {
        free(generator);
        return NULL;
    }
    for (uint32_t i = 0; i < args->target_count; i++)
        generator->credit_total += args->settings->targets[i].weight;
    return generator;
}

void generator_free(struct generator *generator)
{
    if (!generator)
        return;
    pages_unmap(generator->tallies, generator->tallies_bytes);
    free(generator);
}

const struct tally *generator_tally(const struct generator *generator, uint32_t target)
{
    return &generator->tallies[target];
}

const struct generator_progress *generator_progress(const struct generator *generator)
{
    return &generator->progress;
}

const struct wrong_answer *generator_wrong_answer(const struct generator *generator,
                                                  uint32_t target)
{
    return &generator->flows.wrong_answers[target];
}

const struct short_answer *generator_short_answer(const struct generator *generator,
                                                  uint32_t target)
{
    return &generator->flows.short_answers[target];
}

static int generator_prepare(void *state, struct engine *engine)
{
    struct generator *generator = state;
    const struct generator_args *args = generator->args;

    generator->engine = engine;
    return flows_init(&generator->flows, args->settings, engine, generator->tallies,
                      args->flows_max, args->thread, args->threads);
}

static void generator_release(void *state)
{
    struct generator *generator = state;

    flows_release(&generator->flows);
}

/* The target with the most credit; it pays for all. */
static uint32_t generator_richest_target(struct generator *generator)
{
    uint32_t richest = 0;

    for (uint32_t i = 1; i < generator->args->target_count; i++) {
        if (generator->credit[i] > generator->credit[richest])
            richest = i;
    }
    generator->credit[richest] -= generator->credit_total;
    return richest;
}

/* The next target, by smooth weighted round robin: each target gains its weight in credit, the
 * richest is chosen. */
static uint32_t generator_next_target(struct generator *generator)
{
    const struct target *targets = generator->args->settings->targets;

    for (uint32_t i = 0; i < generator->args->target_count; i++)
        generator->credit[i] += targets[i].weight;
    return generator_richest_target(generator);
}

/* Set the times of the run. */
static void generator_begin(struct generator *generator)
{
    const struct generator_args *args = generator->args;
    const struct load_config *config = args->settings->config;

    generator->measure_ns = args->start_ns + config->options.warmup_ns;
    generator->end_ns =
        args->duration_ns == UINT64_MAX ? UINT64_MAX : args->start_ns + args->duration_ns;
    generator->flows.window_start_ns = generator->measure_ns;
    generator->flows.window_end_ns = generator->end_ns;
    generator->open_loop = load_is_open_loop(config);
    if (generator->open_loop)
        schedule_init(
            &generator->schedule,
            &(struct schedule_args){.rate = config->options.rate,
                                    .arrivals = (enum load_arrivals)config->options.arrivals,
                                    .ramp_ns = config->options.ramp_ns,
                                    .seed = args->seed,
                                    .thread = args->thread,
                                    .threads = args->threads});
    for (uint32_t i = 0; i < args->thread; i++) /* so that threads begin with different targets */
        generator_next_target(generator);
}

/* How many flows may be open now: all, or a growing part of them in the ramp of a closed loop. */
static uint32_t generator_limit(const struct generator *generator, uint64_t now_ns)
{
    const struct generator_args *args = generator->args;
    uint64_t ramp_ns = args->settings->config->options.ramp_ns;
    uint64_t elapsed_ns = now_ns > args->start_ns ? now_ns - args->start_ns : 0;

    if (generator->open_loop || elapsed_ns >= ramp_ns)
        return args->flows_max;
    return 1 + (uint32_t)((double)(args->flows_max - 1) * (double)elapsed_ns / (double)ramp_ns);
}

/* When the next start is intended; UINT64_MAX: there is none left. */
static uint64_t generator_intended_ns(const struct generator *generator, uint64_t now_ns)
{
    uint64_t intended_ns = now_ns;

    if (generator->intended_count >= generator->args->count)
        return UINT64_MAX;
    if (generator->open_loop)
        intended_ns = generator->args->start_ns + schedule_next_ns(&generator->schedule);
    return intended_ns < generator->end_ns ? intended_ns : UINT64_MAX;
}

/* Distribute dropped starts over the targets in one step, like the round robin would, within one
 * start. Those of the warm-up are not counted. */
static void generator_drop(struct generator *generator, uint64_t count, bool measured)
{
    const struct target *targets = generator->args->settings->targets;
    uint32_t target_count = generator->args->target_count;
    uint64_t left = count;

    if (count == 0)
        return;
    for (uint32_t i = 0; i < target_count; i++) {
        int64_t credit = generator->credit[i] + (int64_t)(count * targets[i].weight);
        uint64_t share = credit > 0 ? (uint64_t)(credit / generator->credit_total) : 0;

        share = share < left ? share : left;
        left -= share;
        generator->credit[i] = credit - (int64_t)share * generator->credit_total;
        if (measured)
            counter_add(&generator->tallies[i].dropped, share);
    }
    for (; left > 0; left--) { /* less than one for each target */
        uint32_t target = generator_richest_target(generator);

        if (measured)
            counter_add(&generator->tallies[target].dropped, 1);
    }
    if (measured)
        generator->intended_count += count;
}

/* Drop all starts of an open loop that are intended before a time, and before the end. */
static void generator_drop_until(struct generator *generator, uint64_t time_ns)
{
    const struct generator_args *args = generator->args;
    uint64_t last_ns = time_ns < generator->end_ns ? time_ns : generator->end_ns;
    uint64_t warm_ns = last_ns < generator->measure_ns ? last_ns : generator->measure_ns;
    uint64_t left = args->count - generator->intended_count;

    if (!generator->open_loop || last_ns <= args->start_ns)
        return;
    generator_drop(generator,
                   schedule_skip(&generator->schedule, warm_ns - args->start_ns, UINT64_MAX),
                   false);
    generator_drop(generator, schedule_skip(&generator->schedule, last_ns - args->start_ns, left),
                   true);
}

static void generator_start(struct generator *generator, uint64_t intended_ns, uint64_t now_ns)
{
    struct flow_start start = {.target = generator_next_target(generator),
                               .measured = intended_ns >= generator->measure_ns,
                               .intended_ns = intended_ns,
                               .now_ns = now_ns};
    struct tally *tally = &generator->tallies[start.target];

    if (generator->open_loop)
        schedule_advance(&generator->schedule);
    if (start.measured) {
        generator->intended_count++;
        if (generator->open_loop)
            histogram_record(&tally->timings[TIMING_LATENESS], now_ns - intended_ns);
        if (now_ns - intended_ns > TALLY_LATE_NS)
            counter_add(&tally->late, 1);
    }
    flow_start(&generator->flows, &start);
}

/* True if it is too late for starts that were intended before the end. */
static bool generator_is_past_grace(const struct generator *generator, uint64_t now_ns)
{
    return now_ns > generator->end_ns && now_ns - generator->end_ns > GENERATOR_GRACE_NS;
}

/* Make the starts that are due, a bounded number per iteration, so that events do not wait long.
 * Returns when to call it again; UINT64_MAX: when a flow has ended, or never. */
static uint64_t generator_fill(struct generator *generator)
{
    uint64_t timeout_ns = generator->args->settings->config->options.timeout_ns;
    uint64_t turn_ns = clock_now_ns();

    if (generator_is_past_grace(generator, turn_ns)) {
        generator_drop_until(generator, generator->end_ns);
        return UINT64_MAX;
    }
    /* Starts this late would have timed out by now. */
    generator_drop_until(generator, turn_ns - timeout_ns);
    for (int i = 0; i < GENERATOR_STARTS_MAX; i++) {
        uint64_t now_ns = clock_now_ns();
        uint64_t intended_ns = generator_intended_ns(generator, now_ns);
        uint32_t taken = flows_taken(&generator->flows);

        if (intended_ns == UINT64_MAX || intended_ns > now_ns)
            return intended_ns;
        if (taken < generator_limit(generator, now_ns))
            generator_start(generator, intended_ns, now_ns);
        else
            return taken < generator->args->flows_max ? now_ns + GENERATOR_RAMP_STEP_NS
                                                      : UINT64_MAX;
    }
    return 0;
}

static int64_t generator_timeout_ns(const struct generator *generator, uint64_t again_ns)
{
    uint64_t due_ns = flows_due_ns(&generator->flows);
    uint64_t now_ns;

    if (again_ns == 0)
        return 0;
    due_ns = again_ns < due_ns ? again_ns : due_ns;
    if (generator->stop_ns && generator->stop_ns < due_ns)
        due_ns = generator->stop_ns;
    if (due_ns == DEADLINE_NEVER)
        return -1;
    now_ns = clock_now_ns();
    return due_ns > now_ns ? (int64_t)(due_ns - now_ns) : 0;
}

/* True if the run is over: all flows have ended, or their time is up. */
static bool generator_is_done(struct generator *generator, const struct worker *worker)
{
    uint64_t now_ns = clock_now_ns();

    generator->stop_ns = worker_stop_ns(worker);
    if (generator->stop_ns && generator->progress.window_end_ns == 0 &&
        now_ns < generator->end_ns) {
        generator->end_ns = now_ns;
        generator->flows.window_end_ns = now_ns;
        counter_set(&generator->progress.window_end_ns, now_ns);
    }
    if (generator->stop_ns && now_ns >= generator->stop_ns)
        return true;
    return flows_open(&generator->flows) == 0 &&
           generator_intended_ns(generator, now_ns) == UINT64_MAX;
}

/* Count the starts and ends that a signal prevented. */
static void generator_end(struct generator *generator)
{
    counter_set(&generator->progress.sockets_opened, generator->flows.pool.opened);
    counter_set(&generator->progress.sockets_reused, generator->flows.pool.reused);
    generator_drop_until(generator, clock_now_ns() - GENERATOR_GRACE_NS);
    flows_abandon(&generator->flows);
    for (uint32_t i = 0; i < generator->args->target_count; i++)
        tally_check(&generator->tallies[i]);
    counter_set(&generator->progress.in_flight, 0);
    if (generator->open_loop)
        counter_set(&generator->progress.next_start_ns,
                    generator->args->start_ns + schedule_next_ns(&generator->schedule));
}

static int generator_run(void *state, const struct worker *worker)
{
    struct generator *generator = state;
    struct engine_event events[ENGINE_EVENTS_MAX];
    uint64_t last_ns = 0;
    int count = 0;

    prctl(PR_SET_TIMERSLACK, 1); /* else the kernel wakes it up to 50 us late (prctl(2)) */
    generator_begin(generator);
    while (count >= 0) {
        uint64_t again_ns = generator_fill(generator);
        uint64_t now_ns;

        counter_set(&generator->progress.in_flight, flows_open(&generator->flows));
        counter_set(&generator->progress.last_end_ns, generator->flows.last_end_ns);
        if (generator_is_done(generator, worker))
            break;
        count = engine_wait(generator->engine, generator_timeout_ns(generator, again_ns), events);
        now_ns = clock_now_ns();
        CHECK(now_ns >= last_ns, "before=%llu now=%llu", (unsigned long long)last_ns,
              (unsigned long long)now_ns);
        last_ns = now_ns;
        for (int i = 0; i < count; i++) {
            if (events[i].op != ENGINE_OP_WAKE)
                flow_event(&generator->flows, &events[i], now_ns);
        }
        if (!engine_is_behind(generator->engine))
            flows_expire(&generator->flows, now_ns);
    }
    generator_end(generator);
    return count < 0 ? count : 0;
}

const struct worker_job generator_job = {
    .prepare = generator_prepare,
    .run = generator_run,
    .release = generator_release,
};
