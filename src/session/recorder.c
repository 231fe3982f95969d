#include "session/recorder.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/pages.h"
#include "base/units.h"
#include "session/reading.h"
#include "session/series.h"

#include <stdio.h>
#include <stdlib.h>

struct recorder {
    struct recorder_args args;
    const struct load_config *config;
    struct live *live;
    uint64_t start_ns;
    uint64_t measure_ns;  /* the warm-up ends */
    uint64_t interval_ns; /* length of an interval */
    uint64_t interval_start_ns, next_ns;
    uint64_t last_tick_ns;
    struct series series;
    bool measuring, measured; /* the measured time has begun; has ended */
    struct usage_source *usage_source;
    struct usage usage; /* at the start of the interval */
    struct reading begin, end;
    struct stalls stalls;
    uint64_t stalls_before, stalled_before_ns, longest_stall_ns; /* of the interval */
    struct tally *tallies; /* scratch: see the functions that use them */
    struct tally *before;  /* of each target, at the start of the interval */
};

enum { SCRATCH_TARGET, SCRATCH_DIFFERENCE, SCRATCH_ALL, SCRATCH_COUNT };

static struct tally *recorder_scratch(struct recorder *recorder, int which)
{
    return &recorder->tallies[which];
}

static size_t recorder_tally_bytes(const struct recorder_args *args)
{
    return (SCRATCH_COUNT + args->document->target_count) * sizeof(struct tally);
}

struct recorder *recorder_new(const struct recorder_args *args)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));

    if (!recorder)
        return NULL;
    recorder->args = *args;
    recorder->config = args->config;
    recorder->tallies = pages_map(recorder_tally_bytes(args));
    if (!recorder->tallies || series_init(&recorder->series, args->document) < 0 ||
        usage_source_new(&recorder->usage_source) < 0) {
        recorder_free(recorder);
        return NULL;
    }
    recorder->before = recorder->tallies + SCRATCH_COUNT;
    recorder->interval_ns = RECORDER_INTERVAL_NS;
    if (args->length_ns != UINT64_MAX)
        recorder->interval_ns *= 1 + args->length_ns / RECORDER_INTERVAL_NS / SERIES_INTERVALS_MAX;
    return recorder;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    pages_unmap(recorder->tallies, recorder_tally_bytes(&recorder->args));
    usage_source_free(recorder->usage_source);
    series_release(&recorder->series);
    free(recorder);
}

static void point_fill(struct document_point *point, const struct tally *tally)
{
    *point = (struct document_point){
        .started = tally->started,
        .ok = tally->ok,
        .failed = tally_failed(tally),
        .late = tally->late,
        .dropped = tally->dropped,
    };
    for (int kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        point->failed_as[kind] = tally_failed_as(tally, (enum result)kind);
    for (int i = 0; i < TIMING_COUNT; i++) {
        point->p50_ns[i] = histogram_percentile(&tally->timings[i], 50);
        point->p90_ns[i] = histogram_percentile(&tally->timings[i], 90);
        point->p99_ns[i] = histogram_percentile(&tally->timings[i], 99);
        point->p99_9_ns[i] = histogram_percentile(&tally->timings[i], 99.9);
        point->max_ns[i] = histogram_percentile(&tally->timings[i], 100);
    }
}

/* Write the timings of an interval to the log, tagged "connect", or "connect@[::1]:1848" for one
 * target of several. The total of all has no tag: readers use it by default. The log keeps an error
 * until it is closed. */
static void recorder_log(struct recorder *recorder, const struct document_interval *interval,
                         const struct tally *tally, const char *target)
{
    char tag[ADDRESS_TEXT_BYTES + 16];

    for (int i = 0; i < TIMING_COUNT && recorder->args.hlog; i++) {
        if (i == TIMING_LATENESS && !load_is_open_loop(recorder->config))
            continue;
        snprintf(tag, sizeof(tag), "%s%s%s", timing_name((enum timing)i), target ? "@" : "",
                 target ? target : "");
        hlog_write(recorder->args.hlog, i == TIMING_TOTAL && !target ? NULL : tag,
                   interval->start_ns, interval->length_ns, &tally->timings[i]);
    }
}

/* Add up the tallies of one target, over all workers, in `now`. */
static void recorder_read_target(const struct recorder *recorder, uint32_t target,
                                 struct tally *now)
{
    tally_clear(now);
    for (uint32_t i = 0; i < recorder->args.document->threads; i++)
        tally_add(now, generator_tally(recorder->args.generators[i], target));
}

/* Fill in the counts of the targets since the last interval. */
static void recorder_read_targets(struct recorder *recorder, struct document_interval *interval)
{
    const struct document *document = recorder->args.document;
    struct tally *now = recorder_scratch(recorder, SCRATCH_TARGET);
    struct tally *difference = recorder_scratch(recorder, SCRATCH_DIFFERENCE);
    struct tally *all = recorder_scratch(recorder, SCRATCH_ALL);

    tally_clear(all);
    for (uint32_t i = 0; i < document->target_count; i++) {
        recorder_read_target(recorder, i, now);
        tally_subtract(difference, now, &recorder->before[i]);
        tally_clear(&recorder->before[i]);
        tally_add(&recorder->before[i], now);
        tally_add(all, difference);
        point_fill(&interval->targets[i], difference);
        if (document->target_count > 1)
            recorder_log(recorder, interval, difference, document->targets[i].name);
    }
    point_fill(&interval->all, all);
    recorder_log(recorder, interval, all, NULL);
}

static uint64_t recorder_in_flight(const struct recorder *recorder)
{
    uint64_t in_flight = 0;

    for (uint32_t i = 0; i < recorder->args.document->threads; i++)
        in_flight += counter_read(&generator_progress(recorder->args.generators[i])->in_flight);
    return in_flight;
}

/* When the workers were asked to stop early, or 0. */
static uint64_t recorder_stop_requested_ns(const struct recorder *recorder)
{
    uint64_t last_ns = 0;

    for (uint32_t i = 0; i < recorder->args.document->threads; i++) {
        uint64_t ns =
            counter_read(&generator_progress(recorder->args.generators[i])->window_end_ns);

        last_ns = ns > last_ns ? ns : last_ns;
    }
    return last_ns;
}

static void recorder_draw(const struct recorder *recorder, const struct document_interval *interval,
                          uint64_t now_ns, bool last)
{
    struct live_state state = {
        .document = recorder->args.document,
        .interval = interval,
        .elapsed_ns = now_ns - recorder->start_ns,
        .length_ns = recorder->args.length_ns == UINT64_MAX ? 0 : recorder->args.length_ns,
        .count = recorder->config->options.count,
        .is_done = last && recorder_stop_requested_ns(recorder) == 0,
    };

    for (uint32_t i = 0; i < state.document->target_count; i++)
        state.done += recorder->before[i].ok + tally_failed(&recorder->before[i]);
    live_draw(recorder->live, &state);
}

/* End the interval and record it. */
static void recorder_end_interval(struct recorder *recorder, uint64_t now_ns, bool last)
{
    struct document_interval *interval = series_add(&recorder->series);
    struct usage usage;

    usage_read(recorder->usage_source, &usage);
    interval->start_ns = recorder->interval_start_ns - recorder->start_ns;
    interval->length_ns = now_ns - recorder->interval_start_ns;
    interval->warmup = recorder->interval_start_ns < recorder->measure_ns;
    interval->usage = usage_subtract(&usage, &recorder->usage);
    interval->in_flight = recorder_in_flight(recorder);
    interval->stalls = recorder->stalls.count - recorder->stalls_before;
    interval->stalled_ns = recorder->stalls.total_ns - recorder->stalled_before_ns;
    interval->longest_stall_ns = recorder->longest_stall_ns;
    if (!interval->warmup || last) /* else its measured part counts in the next one */
        recorder_read_targets(recorder, interval);
    if (recorder->live)
        recorder_draw(recorder, interval, now_ns, last);
    recorder->usage = usage;
    recorder->stalls_before = recorder->stalls.count;
    recorder->stalled_before_ns = recorder->stalls.total_ns;
    recorder->longest_stall_ns = 0;
    recorder->interval_start_ns = now_ns;
    stalls_pause(&recorder->stalls); /* this took a while: not a stall of the machine */
}

/* When the measured time ends: as planned, or when the workers were asked to stop. */
static uint64_t recorder_window_end_ns(const struct recorder *recorder)
{
    uint64_t requested_ns = recorder_stop_requested_ns(recorder);

    if (requested_ns)
        return requested_ns;
    return recorder->args.length_ns == UINT64_MAX ? UINT64_MAX
                                                  : recorder->start_ns + recorder->args.length_ns;
}

/* The measured time begins. */
static void recorder_measure(struct recorder *recorder, const struct workers *workers)
{
    recorder->measuring = true;
    recorder->stalls = (struct stalls){0};
    recorder->stalls_before = recorder->stalled_before_ns = 0;
    reading_take(recorder->usage_source, workers, recorder->args.document->threads,
                 &recorder->begin);
}

uint64_t recorder_begin(struct recorder *recorder, const struct workers *workers, struct live *live)
{
    uint64_t warmup_ns = recorder->config->options.warmup_ns;

    recorder->live = live;
    if (warmup_ns == 0)
        recorder_measure(recorder, workers);
    usage_read(recorder->usage_source, &recorder->usage);
    recorder->start_ns = clock_now_ns();
    recorder->args.document->unix_start_ns = clock_read_ns(CLOCK_REALTIME);
    if (recorder->args.hlog)
        hlog_begin(recorder->args.hlog, recorder->args.document->unix_start_ns);
    recorder->measure_ns = recorder->start_ns + warmup_ns;
    recorder->interval_start_ns = recorder->start_ns;
    recorder->next_ns = recorder->start_ns + recorder->interval_ns;
    if (warmup_ns && recorder->measure_ns < recorder->next_ns)
        recorder->next_ns = recorder->measure_ns;
    return recorder->start_ns;
}

/* End the measured time when it is due. */
static void recorder_stop_measuring(struct recorder *recorder, const struct workers *workers,
                                    uint64_t now_ns, bool last)
{
    if (recorder->measured || !recorder->measuring)
        return;
    if (last || now_ns >= recorder_window_end_ns(recorder)) {
        recorder->measured = true;
        reading_take(recorder->usage_source, workers, recorder->args.document->threads,
                     &recorder->end);
    }
}

uint64_t recorder_tick(struct recorder *recorder, const struct workers *workers, bool last)
{
    uint64_t now_ns = clock_now_ns();
    uint64_t due_ns;

    recorder->last_tick_ns = now_ns;
    if (!recorder->measured) {
        uint64_t stall_ns = stalls_tick(&recorder->stalls, now_ns);

        if (stall_ns > recorder->longest_stall_ns)
            recorder->longest_stall_ns = stall_ns;
    }
    recorder_stop_measuring(recorder, workers, now_ns, last);
    if (last || now_ns >= recorder->next_ns) {
        if (now_ns > recorder->interval_start_ns)
            recorder_end_interval(recorder, now_ns, last);
        while (recorder->next_ns <= now_ns)
            recorder->next_ns += recorder->interval_ns;
        if (recorder->measure_ns > now_ns && recorder->measure_ns < recorder->next_ns)
            recorder->next_ns = recorder->measure_ns;
    }
    if (!recorder->measuring && now_ns >= recorder->measure_ns)
        recorder_measure(recorder, workers);
    if (recorder->measured) /* stalls no longer matter */
        return recorder->next_ns;
    due_ns = stalls_due_ns(&recorder->stalls);
    return due_ns < recorder->next_ns ? due_ns : recorder->next_ns;
}

/* When the measured time ended: as planned, when the workers were asked to stop or, with only a
 * count, when the last connection ended. */
static uint64_t recorder_measured_end_ns(const struct recorder *recorder)
{
    uint64_t end_ns = recorder_window_end_ns(recorder);
    uint64_t last_ns = recorder->measure_ns;

    for (uint32_t i = 0; i < recorder->args.document->threads; i++) {
        uint64_t ns = counter_read(&generator_progress(recorder->args.generators[i])->last_end_ns);

        last_ns = ns > last_ns ? ns : last_ns;
    }
    return end_ns == UINT64_MAX ? last_ns : end_ns;
}

static double seconds_between(uint64_t start_ns, uint64_t end_ns)
{
    return end_ns > start_ns ? (double)(end_ns - start_ns) / (double)NS_PER_S : 0;
}

/* The end of the time that rates are divided by. In an open loop each start occupies the time until
 * the next one is due: 3 starts at 1/s take 3 s, although the last ends after 2. A Poisson schedule
 * that ends by duration may have no start at its end. */
static uint64_t recorder_rate_end_ns(const struct recorder *recorder, uint64_t measured_end_ns)
{
    const struct load_config *config = recorder->config;
    uint64_t next_ns = UINT64_MAX;

    if (!load_is_open_loop(config) ||
        (config->options.arrivals == LOAD_POISSON && config->options.duration_ns))
        return measured_end_ns;
    for (uint32_t i = 0; i < recorder->args.document->threads; i++) {
        uint64_t ns =
            counter_read(&generator_progress(recorder->args.generators[i])->next_start_ns);

        next_ns = ns < next_ns ? ns : next_ns;
    }
    return next_ns > measured_end_ns ? next_ns : measured_end_ns;
}

/* Keep the first unexpected answers of a target, over all threads. */
static void recorder_read_answers(const struct recorder *recorder, uint32_t i)
{
    struct document_target *target = &recorder->args.document->targets[i];

    for (uint32_t k = 0; k < recorder->args.document->threads; k++) {
        const struct generator *generator = recorder->args.generators[k];
        const struct wrong_answer *wrong = generator_wrong_answer(generator, i);
        const struct short_answer *ended = generator_short_answer(generator, i);

        if (wrong->bytes > 0 &&
            (target->wrong_answer.bytes == 0 || wrong->at_ns < target->wrong_answer.at_ns))
            target->wrong_answer = *wrong;
        if (ended->at_ns > 0 &&
            (target->short_answer.at_ns == 0 || ended->at_ns < target->short_answer.at_ns))
            target->short_answer = *ended;
    }
    if (target->wrong_answer.bytes > 0)
        target->wrong_answer.at_ns -= recorder->start_ns;
    if (target->short_answer.at_ns > 0)
        target->short_answer.at_ns -= recorder->start_ns;
}

static void target_finish(struct document_target *target, double rate_s)
{
    target->connections_per_s = rate_s > 0 ? (double)target->tally->ok_in_window / rate_s : 0;
}

void recorder_finish(struct recorder *recorder)
{
    struct document *document = recorder->args.document;
    struct tally *all = &document->tallies[document->target_count];
    uint64_t end_ns = recorder_measured_end_ns(recorder);

    for (uint32_t i = 0; i < recorder->stalls.kept_count; i++)
        recorder->stalls.kept[i].start_ns -= recorder->start_ns;
    document->stalls = recorder->stalls;
    document->window_s = seconds_between(recorder->measure_ns, end_ns);
    if (document->window_s > 0)
        document->rate_s =
            seconds_between(recorder->measure_ns, recorder_rate_end_ns(recorder, end_ns));
    document->elapsed_s = seconds_between(recorder->start_ns, recorder->last_tick_ns);
    document->warmup_s = seconds_between(
        recorder->start_ns, end_ns < recorder->measure_ns ? end_ns : recorder->measure_ns);
    for (uint32_t i = 0; i < document->target_count; i++) {
        recorder_read_target(recorder, i, &document->tallies[i]);
        tally_add(all, &document->tallies[i]);
        recorder_read_answers(recorder, i);
        target_finish(&document->targets[i], document->rate_s);
    }
    tally_check(all);
    target_finish(&document->all, document->rate_s);
    if (!recorder->measured)
        recorder->end = recorder->begin; /* the run ended in its warm-up */
    document->usage = usage_subtract(&recorder->end.usage, &recorder->begin.usage);
    document->cut_short = all->abandoned > 0 || recorder_stop_requested_ns(recorder) > 0;
    for (uint32_t i = 0; i < document->threads; i++)
        document->thread[i] =
            reading_thread(&recorder->begin, &recorder->end, i, document->thread_allowed < 1);
}
