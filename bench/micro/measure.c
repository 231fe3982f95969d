/* What is done for each connection of a run and for each second of it: counting durations, adding
 * them up, and the schedule of an open loop. */
#include "base/pages.h"
#include "base/units.h"
#include "bench_pure.h"
#include "generator/schedule.h"
#include "result/histogram.h"

/* So many durations that neither they nor their buckets are all in the first cache; and a batch. */
#define DURATIONS 4096

/* Durations of a healthy run: most between 30 and 60 us, and a tail that halves with each doubling
 * (xorshift, Marsaglia 2003, so that each run has the same). */
static void durations_fill(uint64_t durations_ns[DURATIONS])
{
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);

    for (int i = 0; i < DURATIONS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        durations_ns[i] = (30 * NS_PER_US + random % (30 * NS_PER_US))
                          << __builtin_ctzll(random >> 32 | 1u << 12);
    }
}

/* An empty histogram, or NULL: the benchmark was skipped. To be given to pages_unmap. */
static struct histogram *histogram_new(struct bench_state *state)
{
    struct histogram *histogram = pages_map(sizeof(*histogram));

    if (!histogram)
        bench_skip(state, "no memory for a histogram");
    return histogram;
}

static void histogram_record_run(struct bench_state *state, const void *context)
{
    struct histogram *histogram = histogram_new(state);
    uint64_t durations_ns[DURATIONS];
    uint64_t expected = 0;

    (void)context;
    durations_fill(durations_ns);
    while (bench_keep_running(state, DURATIONS)) {
        for (int i = 0; i < DURATIONS; i++)
            histogram_record(histogram, durations_ns[i]);
        expected += DURATIONS;
    }
    if (histogram && histogram->count != expected)
        bench_fail(state, "a duration was not counted");
    pages_unmap(histogram, sizeof(*histogram));
}

/* What is done with two histograms, the second of which has the durations of a second. */
struct histogram_pair {
    struct histogram *total, *part;
};

static void pair_release(struct histogram_pair *pair)
{
    pages_unmap(pair->total, sizeof(*pair->total));
    pages_unmap(pair->part, sizeof(*pair->part));
}

/* Returns false if the benchmark was skipped. */
static bool pair_init(struct histogram_pair *pair, struct bench_state *state)
{
    uint64_t durations_ns[DURATIONS];

    pair->total = histogram_new(state);
    pair->part = histogram_new(state);
    if (!pair->total || !pair->part) {
        pair_release(pair);
        return false;
    }
    durations_fill(durations_ns);
    for (int i = 0; i < DURATIONS; i++)
        histogram_record(pair->part, durations_ns[i]);
    return true;
}

static void histogram_add_run(struct bench_state *state, const void *context)
{
    struct histogram_pair pair;
    uint64_t expected = 0;

    (void)context;
    if (!pair_init(&pair, state))
        return;
    for (; bench_keep_running(state, 1); expected += DURATIONS)
        histogram_add(pair.total, pair.part);
    if (pair.total->count != expected)
        bench_fail(state, "not all was added");
    pair_release(&pair);
}

static void histogram_subtract_run(struct bench_state *state, const void *context)
{
    struct histogram_pair pair;
    struct histogram *none = histogram_new(state);

    (void)context;
    if (!none || !pair_init(&pair, state)) {
        pages_unmap(none, sizeof(*none));
        return;
    }
    while (bench_keep_running(state, 1))
        histogram_subtract(pair.total, pair.part, none);
    if (pair.total->count != DURATIONS)
        bench_fail(state, "not all was subtracted from");
    pair_release(&pair);
    pages_unmap(none, sizeof(*none));
}

static void histogram_percentile_run(struct bench_state *state, const void *context)
{
    struct histogram_pair pair;
    uint64_t found_ns = 0;

    (void)context;
    if (!pair_init(&pair, state))
        return;
    while (bench_keep_running(state, 1)) {
        found_ns = histogram_percentile(pair.part, 99);
        bench_use(&found_ns);
    }
    if (found_ns <= pair.part->min_ns || found_ns > pair.part->max_ns)
        bench_fail(state, "p99 is out of range");
    pair_release(&pair);
}

static void schedule_run(struct bench_state *state, const void *context)
{
    const struct schedule_args args = {
        .rate = {.starts = 20000, .period_ns = NS_PER_S},
        .arrivals = (enum load_arrivals)bench_argument(state, 0),
        .ramp_ns = bench_argument(state, 1) * NS_PER_S,
        .threads = 1,
    };
    struct schedule schedule = {0};

    (void)context;
    while (bench_keep_running(state, DURATIONS)) {
        schedule_init(&schedule, &args); /* with a ramp, so that each batch is within it */
        for (int i = 0; i < DURATIONS; i++)
            schedule_advance(&schedule);
        bench_use(&schedule);
    }
    if (schedule_next_ns(&schedule) == 0)
        bench_fail(state, "the schedule did not advance");
}

static const char *const arrivals[] = {[LOAD_CONSTANT] = "constant", [LOAD_POISSON] = "poisson"};
static const uint64_t ramps_s[] = {0, 1};

const struct bench measure_benches[] = {
    {.name = "histogram_record", .run = histogram_record_run},
    {.name = "histogram_add", .run = histogram_add_run},
    {.name = "histogram_subtract", .run = histogram_subtract_run},
    {.name = "histogram_percentile", .run = histogram_percentile_run},
    {.name = "schedule",
     .run = schedule_run,
     .arguments = {{.name = "arrivals", .words = arrivals, .count = 2},
                   {.name = "ramp_s", .numbers = ramps_s, .count = 2}}},
    {.name = NULL},
};
