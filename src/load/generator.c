#include "load/generator.h"

#include "base/clock.h"

#include <stdlib.h>

struct generator {
    const struct generator_args *args;
    struct engine *engine;
    struct flows flows;
    uint64_t now_ns; /* read once a turn */
    uint64_t end_ns; /* no flow starts from here on; UINT64_MAX: the count decides */
};

struct generator *generator_new(const struct generator_args *args)
{
    struct generator *generator = calloc(1, sizeof(*generator));

    if (generator)
        generator->args = args;
    return generator;
}

const struct result_counts *generator_counts(const struct generator *generator)
{
    return &generator->flows.counts;
}

static int generator_prepare(void *state, struct engine *engine)
{
    struct generator *generator = state;

    generator->engine = engine;
    return flows_init(&generator->flows, generator->args->settings, engine,
                      generator->args->flows_max);
}

static void generator_release(void *state)
{
    struct generator *generator = state;

    flows_release(&generator->flows);
}

static bool generator_may_start(const struct generator *generator)
{
    return generator->now_ns < generator->end_ns &&
           generator->flows.counts.started < generator->args->count;
}

/* Start flows up to the limit, a bounded number a turn, so that events are not kept waiting.
 * Returns true if there are more to start. */
static bool generator_fill(struct generator *generator)
{
    for (int i = 0; i < ENGINE_EVENTS_MAX; i++) {
        if (!generator_may_start(generator) || flows_room(&generator->flows) == 0)
            return false;
        flow_start(&generator->flows, generator->now_ns);
    }
    return true;
}

static int64_t generator_timeout_ns(const struct generator *generator, bool more_to_start)
{
    uint64_t due_ns = flows_due_ns(&generator->flows);

    if (more_to_start)
        return 0;
    if (due_ns == DEADLINE_NEVER)
        return -1;
    return due_ns > generator->now_ns ? (int64_t)(due_ns - generator->now_ns) : 0;
}

static int generator_run(void *state, const struct worker *worker)
{
    struct generator *generator = state;
    struct engine_event events[ENGINE_EVENTS_MAX];
    int count = 0;

    generator->now_ns = clock_now_ns();
    generator->end_ns = generator->args->duration_ns == UINT64_MAX
                            ? UINT64_MAX
                            : generator->now_ns + generator->args->duration_ns;
    while (count >= 0) {
        bool more_to_start = generator_fill(generator);
        uint64_t stop_ns = worker_stop_ns(worker);

        if (stop_ns) {
            generator->end_ns = 0;
            if (generator->now_ns >= stop_ns)
                break;
        }
        if (flows_open(&generator->flows) == 0 && !generator_may_start(generator))
            break;
        count =
            engine_wait(generator->engine, generator_timeout_ns(generator, more_to_start), events);
        generator->now_ns = clock_now_ns();
        for (int i = 0; i < count; i++) {
            if (events[i].op != ENGINE_OP_WAKE)
                flow_event(&generator->flows, &events[i], generator->now_ns);
        }
        if (!engine_is_behind(generator->engine))
            flows_expire(&generator->flows, generator->now_ns);
    }
    flows_abandon(&generator->flows);
    return count < 0 ? count : 0;
}

const struct worker_job generator_job = {
    .prepare = generator_prepare,
    .run = generator_run,
    .release = generator_release,
};
