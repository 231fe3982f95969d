#include "report_sample.h"

#include "base/fact.h"
#include "base/units.h"
#include "engine/engine_feature.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT 64

static const struct {
    const char *typed, *host;
} hosts[REPORT_SAMPLE_TARGETS_MAX] = {
    {"127.0.0.1:1848", "127.0.0.1"},
    {"[::1]:1848", "::1"},
    {"127.0.0.2:1848", "127.0.0.2"},
    {"127.0.0.3:80", "127.0.0.3"},
    {"[2001:db8:0:1::25]:8443", "2001:db8:0:1::25"},
};

/* Durations of connection i of n: most near `typical_ns`, and a tail to some hundred times that. */
static uint64_t duration_ns(uint64_t typical_ns, uint64_t i, uint64_t n)
{
    uint64_t rest = n - i; /* number of connections as slow as this or slower */

    return typical_ns + typical_ns * i / n / 4 + typical_ns * n / rest / 200;
}

static void tally_fill(struct tally *tally, uint64_t started, uint64_t typical_ns)
{
    tally->started = started;
    tally->ok = started;
    tally->ok_in_window = started - IN_FLIGHT;
    tally->warmup = started / REPORT_SAMPLE_WINDOW_S;
    for (uint64_t i = 0; i < started; i++) {
        uint64_t connect_ns = duration_ns(typical_ns, i, started);
        uint64_t greeting_ns = duration_ns(typical_ns * 2 / 3, i, started);
        uint64_t close_ns = duration_ns(typical_ns / 5, i, started);

        histogram_record(&tally->timings[TIMING_CONNECT], connect_ns);
        histogram_record(&tally->timings[TIMING_GREETING], greeting_ns);
        histogram_record(&tally->timings[TIMING_CLOSE], close_ns);
        histogram_record(&tally->timings[TIMING_TOTAL], connect_ns + greeting_ns + close_ns);
    }
}

static void target_fill(struct report_sample *sample, uint32_t i)
{
    struct document_target *target = &sample->document.targets[i];
    struct address address;
    bool has_port;

    if (address_parse(hosts[i].typed, &address, &has_port) < 0)
        abort();
    snprintf(target->host, sizeof(target->host), "%s", hosts[i].host);
    target->weight = i + 1;
    tally_fill(&sample->tallies[i], REPORT_SAMPLE_STARTED - UINT64_C(1000) * i,
               40 * NS_PER_US + 9 * NS_PER_US * i);
    target->family = address_family_name(&address);
    target->tally = &sample->tallies[i];
    address_format(&address, target->name);
    snprintf(target->device.name, sizeof(target->device.name), "lo");
    target->device.mtu_bytes = 65536;
    target->offloads = (struct offloads){.gro = 1, .gso = 1, .tso = 0};
}

/* The values computed from the targets: sums and rates. */
static void sums_fill(struct report_sample *sample)
{
    struct document *document = &sample->document;

    memset(&sample->all, 0, sizeof(sample->all));
    for (uint32_t i = 0; i < document->target_count; i++) {
        tally_add(&sample->all, &sample->tallies[i]);
        document->targets[i].connections_per_s =
            (double)sample->tallies[i].ok_in_window / document->window_s;
    }
    document->all.tally = &sample->all;
    document->all.connections_per_s = (double)sample->all.ok_in_window / document->window_s;
    snprintf(document->all.name, sizeof(document->all.name), "all");
}

static void usage_fill(struct usage *usage, uint64_t length_ns, uint64_t connections)
{
    *usage = (struct usage){
        .time_ns = length_ns,
        .process_ns = length_ns * 62 / 100,
        .busy_ns = length_ns * 141 / 100,
        .softirq_ns = length_ns * 23 / 100,
        .idle_ns = length_ns * 59 / 100,
        .active_opens = connections,
        .passive_opens = connections,
    };
}

static void span_fill(struct document_point *point, enum timing timing, uint64_t second)
{
    uint64_t base_ns = (UINT64_C(30) + 10 * (uint64_t)timing + second) * NS_PER_US;

    point->p50_ns[timing] = base_ns;
    point->p90_ns[timing] = 2 * base_ns;
    point->p99_ns[timing] = 3 * base_ns;
    point->p99_9_ns[timing] = 7 * base_ns;
    point->max_ns[timing] = 50 * base_ns;
}

static void point_fill(struct document_point *point, uint64_t connections, uint64_t second)
{
    *point = (struct document_point){.started = connections, .ok = connections};
    for (int timing = 0; timing < TIMING_LATENESS; timing++)
        span_fill(point, (enum timing)timing, second);
}

static void interval_fill(struct report_sample *sample, uint64_t second)
{
    struct document_interval *interval = &sample->intervals[second];
    uint64_t all = 0;

    *interval = (struct document_interval){
        .start_ns = second * NS_PER_S,
        .length_ns = NS_PER_S,
        .warmup = second == 0,
        .targets = sample->points[second],
        .in_flight = IN_FLIGHT,
    };
    for (uint32_t i = 0; i < sample->document.target_count && !interval->warmup; i++) {
        uint64_t share = sample->tallies[i].started / REPORT_SAMPLE_WINDOW_S;

        point_fill(&interval->targets[i], share, second + i);
        all += share;
    }
    if (!interval->warmup)
        point_fill(&interval->all, all, second);
    usage_fill(&interval->usage, NS_PER_S, all);
}

static void machine_fill(struct machine *machine)
{
    *machine = (struct machine){
        .kernel = "Linux 6.1.0-56-cloud-amd64 x86_64",
        .cpu_model = "AMD EPYC 7763 64-Core Processor",
        .clock_source = "tsc",
        .mitigations = "all but retbleed",
        .cpus_online = 4,
        .cpus_allowed = 2,
        .quota_us = FACT_NONE,
        .memory_bytes = UINT64_C(8) << 30,
        .memory_limit_bytes = FACT_NONE,
        .setting_count = 2,
        .settings = {{"net.core.somaxconn", "4096"},
                     {"net.ipv4.ip_local_port_range", "32768 60999"}},
    };
}

static void options_fill(struct result_options *options, uint32_t target_count)
{
    options->targets.count = target_count;
    for (uint32_t i = 0; i < target_count; i++)
        options->targets.items[i] = hosts[i].typed;
    options->duration_ns = REPORT_SAMPLE_WINDOW_S * NS_PER_S;
    options->warmup_ns = NS_PER_S;
    options->family = target_count == 2 ? LOAD_FAMILY_BOTH : LOAD_FAMILY_ANY;
    options->cpus = "auto";
    options->timeout_ns = 10 * NS_PER_S;
    options->expect.bytes = 6;
    memcpy(options->expect.data, "hello\n", 6);
}

struct report_sample *report_sample_new(uint32_t target_count)
{
    struct report_sample *sample = calloc(1, sizeof(*sample));

    if (!sample || target_count < 1 || target_count > REPORT_SAMPLE_TARGETS_MAX)
        abort();
    sample->document = (struct document){
        .version = "0.1.0",
        .connections = IN_FLIGHT,
        .engine = "uring",
        .engine_reason = "the best that works here",
        .engine_features = ENGINE_SINGLE_ISSUER | ENGINE_DEFER_TASKRUN | ENGINE_REGISTERED_RING,
        .sockets = {.opened = 64, .reused = 47936},
        .threads = 2,
        .seed = 7,
        .unix_start_ns = UINT64_C(1760000000123456789),
        .warmup_s = 1,
        .window_s = REPORT_SAMPLE_WINDOW_S,
        .rate_s = REPORT_SAMPLE_WINDOW_S,
        .elapsed_s = 1 + REPORT_SAMPLE_WINDOW_S + 0.012,
        .target_is_local = true,
        .target_count = target_count,
        .interval_count = REPORT_SAMPLE_INTERVALS,
        .intervals = sample->intervals,
        .thread = {{.cpu = 0, .own = 0.31, .idle = 0.69, .busy = 0.31},
                   {.cpu = 1, .own = 0.29, .idle = 0.71, .busy = 0.29}},
        .thread_allowed = 1,
    };
    options_fill(&sample->document.options, target_count);
    machine_fill(&sample->document.machine);
    for (uint32_t i = 0; i < target_count; i++)
        target_fill(sample, i);
    sums_fill(sample);
    for (uint64_t second = 0; second < REPORT_SAMPLE_INTERVALS; second++)
        interval_fill(sample, second);
    usage_fill(&sample->document.usage, REPORT_SAMPLE_WINDOW_S * NS_PER_S, sample->all.started);
    return sample;
}

void report_sample_free(struct report_sample *sample)
{
    free(sample);
}

void report_sample_open_loop(struct report_sample *sample)
{
    struct document *document = &sample->document;

    sample->document.options.rate = (struct option_rate){.starts = 40000, .period_ns = NS_PER_S};
    sample->document.options.arrivals = LOAD_POISSON;
    document->connections = LOAD_OPEN_LOOP;
    for (uint32_t i = 0; i < document->target_count; i++) {
        struct tally *tally = &sample->tallies[i];

        tally->late = tally->started / 1000;
        tally->dropped = 7;
        for (uint64_t k = 0; k < tally->started; k++)
            histogram_record(&tally->timings[TIMING_LATENESS],
                             duration_ns(3 * NS_PER_US, k, tally->started));
    }
    sums_fill(sample);
    for (uint64_t second = 1; second < REPORT_SAMPLE_INTERVALS; second++) {
        struct document_interval *interval = &sample->intervals[second];

        interval->all.late = second;
        interval->all.dropped = 1;
        interval->targets[0].late = second;
        interval->targets[0].dropped = 1;
        span_fill(&interval->all, TIMING_LATENESS, second);
        for (uint32_t i = 0; i < document->target_count; i++)
            span_fill(&interval->targets[i], TIMING_LATENESS, second + i);
    }
}

/* Where each kind of failure can happen. */
static const bool failure_phases[RESULT_COUNT][PHASE_COUNT] = {
    [RESULT_REFUSED] = {[PHASE_CONNECT] = true},
    [RESULT_RESET] = {true, true, true},
    [RESULT_SHORT] = {[PHASE_GREETING] = true},
    [RESULT_MISMATCH] = {[PHASE_GREETING] = true},
    [RESULT_EXTRA] = {[PHASE_CLOSE] = true},
    [RESULT_CONNECT_TIMEOUT] = {[PHASE_CONNECT] = true},
    [RESULT_TIMEOUT] = {[PHASE_GREETING] = true, [PHASE_CLOSE] = true},
    [RESULT_UNREACHABLE] = {[PHASE_CONNECT] = true},
    [RESULT_NO_ADDRESS] = {[PHASE_CONNECT] = true},
    [RESULT_NO_PORT] = {[PHASE_CONNECT] = true},
    [RESULT_NO_DESCRIPTOR] = {[PHASE_CONNECT] = true},
    [RESULT_OTHER] = {true, true, true},
};

/* The same in each second. */
static void point_fill_failures(struct document_point *point, const struct tally *tally)
{
    for (int kind = RESULT_REFUSED; kind < RESULT_COUNT; kind++) {
        point->failed_as[kind] = tally_failed_as(tally, (enum result)kind) / REPORT_SAMPLE_WINDOW_S;
        point->failed += point->failed_as[kind];
    }
}

void report_sample_failures(struct report_sample *sample)
{
    struct tally *tally = &sample->tallies[0];

    for (uint64_t kind = RESULT_REFUSED; kind < RESULT_COUNT; kind++) {
        for (uint64_t phase = 0; phase < PHASE_COUNT; phase++) {
            if (failure_phases[kind][phase])
                tally->failed[phase][kind] = 10 * kind + phase;
        }
    }
    tally->other[EHOSTDOWN] = tally_failed_as(tally, RESULT_OTHER) / 2;
    tally->other[0] = tally_failed_as(tally, RESULT_OTHER) - tally->other[EHOSTDOWN];
    tally->started += tally_failed(tally);
    sums_fill(sample);
    for (uint64_t second = 1; second < REPORT_SAMPLE_INTERVALS; second++) {
        point_fill_failures(&sample->intervals[second].all, tally);
        point_fill_failures(&sample->intervals[second].targets[0], tally);
    }
}

void report_sample_wrong_answer(struct report_sample *sample, uint32_t target, uint64_t at_ns,
                                uint32_t offset, const char *got)
{
    struct wrong_answer *wrong = &sample->document.targets[target].wrong_answer;

    *wrong =
        (struct wrong_answer){.at_ns = at_ns, .offset = offset, .bytes = (uint32_t)strlen(got)};
    memcpy(wrong->data, got, wrong->bytes);
}

void report_sample_short_answer(struct report_sample *sample, uint32_t target, uint64_t at_ns,
                                uint32_t came_bytes)
{
    sample->document.targets[target].short_answer =
        (struct short_answer){.at_ns = at_ns, .came_bytes = came_bytes};
}

void report_sample_verdicts(struct report_sample *sample)
{
    static const struct document_verdict verdicts[] = {
        {"generator_busy", DOCUMENT_LIMIT_GENERATOR, false,
         "the generator was the limit: its busiest thread used 97 % of the CPU it may use; give it "
         "more threads (-t), more CPUs, or a lower rate"},
        {"throttled", DOCUMENT_LIMIT_MACHINE, false,
         "a CPU quota of 6.25 % (5 ms in each 80 ms) stopped the generator 61 times, for 3.75 s of "
         "5.00 s in all: \"latencies\" are mostly the quota's; raise it, or measure from "
         "elsewhere"},
    };

    sample->document.limit = DOCUMENT_LIMIT_GENERATOR;
    sample->document.verdict_count = 2;
    memcpy(sample->document.verdicts, verdicts, sizeof(verdicts));
}

void report_sample_assertions(struct report_sample *sample)
{
    static const struct document_assertion assertions[] = {
        {"p99<5ms", "124us", true, 124e3, "ns"},
        {"rate>=50k/s", "7987/s", false, 7987.25, "per_s"},
        {"errors==0", "0", true, 0, "count"},
    };

    sample->document.assertion_count = 3;
    memcpy(sample->document.assertions, assertions, sizeof(assertions));
}

void report_sample_troubles(struct report_sample *sample)
{
    struct document *document = &sample->document;

    document->machine.quota_us = 5000;
    document->machine.quota_period_us = 80000;
    document->thread_allowed = 0.0625 / 2;
    document->thread[0].own = document->thread[0].busy = 0.031;
    document->thread[1].own = document->thread[1].busy = 0.030;
    document->usage.steal_ns = document->usage.time_ns * 2 * 31 / 1000;
    document->usage.throttled_count = 61;
    document->usage.throttled_ns = 3750 * NS_PER_MS;
    document->usage.syn_retransmits = 12;
    document->usage.retransmits = 19;
    document->usage.listen_overflows = 4;
    document->usage.listen_drops = 4;
    for (uint64_t i = 0; i < 60; i++)
        sample->document.stalls.kept[i] =
            (struct stall){.start_ns = NS_PER_S + i * 80 * NS_PER_MS, .length_ns = 75 * NS_PER_MS};
    sample->document.stalls.kept_count = 60;
    sample->document.stalls.count = 60;
    sample->document.stalls.total_ns = 60 * 75 * NS_PER_MS;
    sample->document.stalls.longest_ns = 75 * NS_PER_MS;
    for (uint64_t second = 0; second < REPORT_SAMPLE_INTERVALS; second++) {
        sample->intervals[second].stalls = 12;
        sample->intervals[second].stalled_ns = 12 * 75 * NS_PER_MS;
        sample->intervals[second].longest_stall_ns = 75 * NS_PER_MS;
        sample->intervals[second].usage.throttled_count = 12;
        sample->intervals[second].usage.throttled_ns = 750 * NS_PER_MS;
    }
}

void report_sample_all(struct report_sample *sample)
{
    report_sample_open_loop(sample);
    report_sample_failures(sample);
    report_sample_troubles(sample);
    report_sample_verdicts(sample);
    report_sample_assertions(sample);
    sample->document.options.connect_timeout_ns = 1000000000;
    sample->document.options.source = "127.0.0.0/28,::1";
    sample->document.options.source_ports = (struct option_ports){20000, 29999};
    sample->document.options.proxy_protocol = LOAD_PROXY_V2;
    sample->document.options.send = (struct option_bytes){.bytes = 3, .data = "\0\xff\n"};
    sample->document.intervals_cut = true;
}

void report_sample_cut_short(struct report_sample *sample)
{
    struct document *document = &sample->document;

    document->cut_short = true;
    document->window_s = 1.5;
    document->elapsed_s = 2.512;
    document->interval_count = 3;
    sample->intervals[2].length_ns = NS_PER_S / 2;
    sums_fill(sample);
}
