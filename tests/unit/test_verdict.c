/* Which verdicts appear, and when. Each case spoils a healthy report just enough that a verdict
 * appears, or just does not. */
#include "base/fact.h"
#include "base/pages.h"
#include "base/units.h"
#include "report/verdict.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Two threads on two CPUs, 10 seconds, 100,000 connections to a service elsewhere. */
struct sample {
    struct document document;
    struct document_interval interval;
    struct tally tally;
};

#define WINDOW_NS (10 * NS_PER_S)

static int sample_setup(void **state)
{
    struct sample *sample = pages_map(sizeof(*sample));
    struct document *document;

    if (!sample)
        return -1;
    *state = sample;
    document = &sample->document;
    sample->tally.started = sample->tally.ok = 100000;
    sample->interval = (struct document_interval){.length_ns = WINDOW_NS, .in_flight = 32};
    document->all.tally = &sample->tally;
    document->intervals = &sample->interval;
    document->interval_count = 1;
    document->connections = 64;
    document->threads = 2;
    document->window_s = 10;
    document->machine = (struct machine){
        .cpus_online = 2,
        .cpus_allowed = 2,
        .quota_us = FACT_NONE,
        .setting_count = 3,
        .settings = {{"net.ipv4.ip_local_port_range", "32768 60999"},
                     {"net.ipv4.tcp_tw_reuse", "2"},
                     {"net.core.somaxconn", "4096"}},
    };
    document->usage =
        (struct usage){.time_ns = WINDOW_NS, .process_ns = 4 * NS_PER_S, .busy_ns = 6 * NS_PER_S};
    for (int i = 0; i < 8; i++) /* each may run anywhere, and never had to wait */
        document->thread[i] =
            (struct thread_use){.cpu = -1, .others = (double)NAN, .steal = (double)NAN};
    document->thread[0].busy = 0.17;
    document->thread[1].busy = 0.23;
    document->thread_allowed = 1;
    return 0;
}

static int sample_teardown(void **state)
{
    pages_unmap(*state, sizeof(struct sample));
    return 0;
}

static void sample_open_loop(struct sample *sample)
{
    sample->document.options.rate = (struct option_rate){.starts = 10000, .period_ns = NS_PER_S};
    for (int i = 0; i < 1000; i++)
        histogram_record(&sample->tally.timings[TIMING_LATENESS], 50000);
}

/* The text of a verdict; NULL if it does not appear. */
static const char *verdict_text(struct sample *sample, const char *name)
{
    verdicts_find(&sample->document);
    for (uint32_t i = 0; i < sample->document.verdict_count; i++) {
        if (strcmp(sample->document.verdicts[i].name, name) == 0)
            return sample->document.verdicts[i].text;
    }
    return NULL;
}

/* The names of all verdicts, in their order: "a b c ". */
static const char *verdict_names(struct sample *sample)
{
    static char names[512];

    names[0] = '\0';
    verdicts_find(&sample->document);
    for (uint32_t i = 0; i < sample->document.verdict_count; i++) {
        size_t length = strlen(names);

        snprintf(names + length, sizeof(names) - length, "%s ", sample->document.verdicts[i].name);
    }
    return names;
}

static void check_says(struct sample *sample, const char *name, const char *part)
{
    const char *text = verdict_text(sample, name);

    if (!text)
        fail_msg("expected %s, got %s", name, verdict_names(sample));
    else if (!strstr(text, part))
        fail_msg("expected '%s' in '%s'", part, text);
}

static void check_silent(struct sample *sample, const char *name)
{
    const char *text = verdict_text(sample, name);

    if (text)
        fail_msg("expected no %s, got '%s'", name, text);
}

static void a_healthy_closed_loop_was_limited_by_something_else(void **state)
{
    struct sample *sample = *state;

    assert_string_equal("generator_fine ", verdict_names(sample));
    assert_string_equal("the generator was not the limit: its busiest thread used 23 % of its CPU; "
                        "the limit was the service, the network or the number of connections "
                        "(-c 64)",
                        sample->document.verdicts[0].text);
}

static void a_healthy_open_loop_started_on_time(void **state)
{
    struct sample *sample = *state;

    sample_open_loop(sample);
    assert_string_equal("generator_fine ", verdict_names(sample));
    assert_string_equal("the generator was not the limit: its busiest thread used 23 % of its CPU, "
                        "and starts were on time (p99 50.0us late)",
                        sample->document.verdicts[0].text);
}

static void a_thread_above_80_percent_is_the_limit(void **state)
{
    struct sample *sample = *state;

    sample->document.thread[1].busy = 0.80;
    check_silent(sample, "generator_busy");
    sample->document.thread[1].busy = 0.81;
    check_says(sample, "generator_busy", "thread 2 of 2 used 81 % of its CPU: ");
    check_says(sample, "generator_busy", "use more CPUs, or more machines");
    assert_string_equal("generator_busy ", verdict_names(sample));
    sample->document.machine.cpus_allowed = 3;
    check_says(sample, "generator_busy", "use more threads (-t)");
    sample_open_loop(sample);
    check_says(sample, "generator_busy", "a lower rate (-r)");
}

static void threads_share_what_a_quota_allows(void **state)
{
    struct sample *sample = *state;
    struct document *document = &sample->document;

    document->machine.quota_us = 25000;
    document->machine.quota_period_us = 100000;
    document->thread_allowed = 0.125;
    document->thread[0].busy = 0.01;
    document->thread[1].busy = 0.19; /* more than its half, but less than is there */
    check_silent(sample, "generator_busy");
    document->thread[0].busy = 0.02;
    check_says(sample, "generator_busy", "the 2 threads together used 84 % of the CPU time");
    check_says(sample, "generator_busy", "raise the quota");
    document->threads = 1;
    document->thread[0].busy = 0.3;
    document->thread_allowed = 0.25;
    check_says(sample, "generator_busy", "thread 1 of 1 used 100 % of the CPU time");
}

static void more_threads_than_cpus_share_them(void **state)
{
    struct sample *sample = *state;
    struct document *document = &sample->document;

    document->threads = 8;
    for (int i = 0; i < 8; i++)
        document->thread[i].busy = 0.2;
    check_silent(sample, "generator_busy");
    document->thread[0].busy = 0.24;
    check_says(sample, "generator_busy", "the 8 threads together used 82 % of their CPUs");
}

static void throttling_counts_if_it_took_time(void **state)
{
    struct sample *sample = *state;
    struct document *document = &sample->document;

    document->usage.throttled_ns = WINDOW_NS;
    check_silent(sample, "throttled");
    document->usage.throttled_count = 112;
    document->usage.throttled_ns = WINDOW_NS / 100;
    check_silent(sample, "throttled");
    document->usage.throttled_ns = 8100 * NS_PER_MS;
    check_says(sample, "throttled", "a cgroup's CPU quota stopped this generator in 112 periods");
    document->machine.quota_us = 5000;
    document->machine.quota_period_us = 80000;
    check_says(sample, "throttled",
               "a cgroup's CPU quota of 5ms per 80ms stopped this generator in 112 periods, for "
               "8.10s in all");
    assert_string_equal("throttled ", verdict_names(sample));
}

/* This many stalls of 20 ms, one every this many milliseconds. */
static void sample_stall(struct sample *sample, int count, uint64_t gap_ms)
{
    stalls_tick(&sample->document.stalls, NS_PER_S);
    for (int i = 0; i < count; i++) {
        sample->document.stalls.next_tick_ns += (gap_ms - 25) * NS_PER_MS;
        stalls_tick(&sample->document.stalls,
                    stalls_due_ns(&sample->document.stalls) + 20 * NS_PER_MS);
    }
    assert_int_equal(count, sample->document.stalls.count);
}

static void stalls_on_a_grid_without_throttling_are_the_quota_of_the_host(void **state)
{
    struct sample *sample = *state;

    sample_stall(sample, 4, 80);
    check_silent(sample, "stalls_grid");
    memset(&sample->document.stalls, 0, sizeof(sample->document.stalls));
    sample_stall(sample, 30, 80);
    check_says(sample, "stalls_grid", "stood still 30 times on a grid of 80ms, 600ms in all");
    assert_string_equal("stalls_grid ", verdict_names(sample));
    sample->document.usage.throttled_count = 1;
    check_silent(sample, "stalls_grid");
    sample->document.usage.throttled_ns = WINDOW_NS / 2;
    assert_string_equal("throttled ", verdict_names(sample));
}

static void stalls_without_a_grid_count_if_they_are_long_or_many(void **state)
{
    struct sample *sample = *state;
    struct stalls *stalls = &sample->document.stalls;

    stalls->count = 3;
    stalls->longest_ns = 100 * NS_PER_MS;
    stalls->total_ns = 100 * NS_PER_MS;
    check_silent(sample, "stalls");
    stalls->total_ns++;
    check_says(sample, "stalls", "stood still 3 times, 100ms in all, 100ms at the longest");
    assert_string_equal("stalls ", verdict_names(sample));
    stalls->total_ns = stalls->longest_ns = 100 * NS_PER_MS + 1;
    stalls->count = 1;
    sample->document.usage.time_ns = 100 * WINDOW_NS;
    check_says(sample, "stalls", "stood still 1 time, ");
}

static void steal_counts_above_5_percent_of_what_was_wanted(void **state)
{
    struct sample *sample = *state;
    struct usage *usage = &sample->document.usage;

    usage->busy_ns = 9500 * NS_PER_MS;
    usage->steal_ns = 500 * NS_PER_MS;
    check_silent(sample, "steal");
    usage->steal_ns = 600 * NS_PER_MS;
    check_says(sample, "steal", "withheld 5.9 % of the CPU time");
    assert_string_equal("steal ", verdict_names(sample));
    usage->busy_ns = usage->steal_ns = 50 * NS_PER_MS; /* an idle machine */
    check_silent(sample, "steal");
}

static void starts_late_by_more_than_1_ms_at_p99_are_reported(void **state)
{
    struct sample *sample = *state;
    struct histogram *lateness = &sample->tally.timings[TIMING_LATENESS];

    sample_open_loop(sample);
    for (int i = 0; i < 10; i++)
        histogram_record(lateness, 3200000);
    check_silent(sample, "starts_late");
    for (int i = 0; i < 10; i++)
        histogram_record(lateness, 3200000);
    check_says(sample, "starts_late", "one start in a hundred was 3.20ms late or more");
    check_says(sample, "starts_late", "delayed");
    assert_string_equal("starts_late ", verdict_names(sample));
    sample->interval.in_flight = 64;
    check_says(sample, "starts_late", "raise -c");
    sample->document.thread[0].busy = 0.9;
    check_says(sample, "starts_late", "the generator had too little CPU");
    sample->document.options.rate.starts = 0;
    check_silent(sample, "starts_late");
}

static void starts_never_made_are_reported(void **state)
{
    struct sample *sample = *state;

    sample_open_loop(sample);
    sample->tally.dropped = 1;
    check_says(sample, "starts_dropped",
               "1 of 100,001 starts (0.0 %) were never made, because the");
    sample->interval.in_flight = 63;
    sample->tally.dropped = 25000;
    check_says(sample, "starts_dropped", "25,000 of 125,000 starts (20 %) were never made");
    check_says(sample, "starts_dropped", "raise -c");
    sample->interval.warmup = true; /* is not what was measured */
    check_says(sample, "starts_dropped", "delayed");
    assert_string_equal("starts_dropped ", verdict_names(sample));
}

static void a_lack_of_ports_comes_with_what_helps(void **state)
{
    struct sample *sample = *state;
    uint64_t *failed = sample->tally.failed[PHASE_CONNECT];

    failed[RESULT_NO_PORT] = 1234;
    check_says(sample, "no_ports", "1,234 connections (1.2 %) found no free local port: use more");
    check_says(sample, "no_ports", "net.ipv4.ip_local_port_range (32768 60999)");
    check_says(sample, "no_ports", "--close rst");
    check_says(sample, "no_ports", "net.ipv4.tcp_tw_reuse");
    assert_string_equal("no_ports ", verdict_names(sample));
    sample->document.options.close = LOAD_CLOSE_RST; /* no advice to do what is already done */
    sample->document.options.source_ports = (struct option_ports){.low = 2000, .high = 2010};
    strcpy(sample->document.machine.settings[1].value, "1");
    check_says(sample, "no_ports", "--source-ports (2000-2010)");
    assert_null(strstr(verdict_text(sample, "no_ports"), "--close"));
    assert_null(strstr(verdict_text(sample, "no_ports"), "tcp_tw_reuse"));
}

static void a_strange_source_address_is_reported(void **state)
{
    struct sample *sample = *state;

    sample->tally.failed[PHASE_CONNECT][RESULT_NO_ADDRESS] = 1;
    check_says(sample, "no_address", "1 connection (0.0 %) had a source address");
    assert_string_equal("no_address ", verdict_names(sample));
}

static void a_lack_of_descriptors_is_reported(void **state)
{
    struct sample *sample = *state;

    sample->tally.failed[PHASE_CONNECT][RESULT_NO_DESCRIPTOR] = 5000;
    check_says(sample, "no_descriptors", "5,000 connections (5.0 %) found no free descriptor");
    check_says(sample, "no_descriptors", "than 64 (-c)");
    assert_string_equal("no_descriptors ", verdict_names(sample));
}

static void full_cpus_are_reported_if_others_used_them_too(void **state)
{
    struct sample *sample = *state;
    struct usage *usage = &sample->document.usage;

    sample->document.thread[1].waited = 0.05;
    usage->softirq_ns = 2 * NS_PER_S;
    usage->busy_ns = 19 * NS_PER_S;
    check_silent(sample, "cpus_full");
    usage->busy_ns = 19800 * NS_PER_MS;
    check_says(sample, "cpus_full",
               "the CPUs (2) were 99 % busy: of that, 20 % was the generator, 10 % the kernel's");
    check_says(sample, "cpus_full", "stop them");
    assert_string_equal("cpus_full ", verdict_names(sample));
    sample->document.thread[1].waited = 0.02; /* others only used what was left */
    check_silent(sample, "cpus_full");
    sample->document.thread[1].waited = 0.05;
    usage->process_ns = 15800 * NS_PER_MS;
    check_says(sample, "cpus_full", "80 % was the generator");
    usage->process_ns += 20 * NS_PER_MS; /* others had less than a tenth */
    check_silent(sample, "cpus_full");
    usage->process_ns += 5 * NS_PER_S; /* ticks are not exact */
    check_silent(sample, "cpus_full");
}

static void ticks_say_nothing_about_a_very_short_run(void **state)
{
    struct sample *sample = *state;
    struct usage *usage = &sample->document.usage;

    *usage = (struct usage){
        .time_ns = VERDICT_TICKS_NS, .busy_ns = 3 * VERDICT_TICKS_NS, .steal_ns = VERDICT_TICKS_NS};
    sample->document.thread[0].waited = 0.05;
    check_says(sample, "cpus_full", "were 100 % busy");
    check_says(sample, "steal", "25 %");
    usage->time_ns--;
    assert_string_equal("generator_unknown ", verdict_names(sample));
}

static void unknown_values_do_not_clear_the_generator(void **state)
{
    struct sample *sample = *state;

    sample->document.usage = (struct usage){.time_ns = 2 * VERDICT_TICKS_NS}; /* nothing to do */
    assert_string_equal("generator_fine ", verdict_names(sample));
    sample->document.usage = usage_unknown(); /* no /proc */
    sample->document.usage.time_ns = 2 * VERDICT_TICKS_NS;
    for (int i = 0; i < 2; i++)
        sample->document.thread[i].waited = (double)NAN;
    assert_string_equal("generator_unknown ", verdict_names(sample));
    check_says(sample, "generator_unknown", "/proc/stat");
}

/* Thread 1 on CPU 0 and thread 2 on CPU 1, both fully known. */
static void sample_pin(struct sample *sample)
{
    for (int i = 0; i < 2; i++)
        sample->document.thread[i] = (struct thread_use){
            .cpu = i, .own = 0.5, .busy = 0.5, .others = 0.05, .idle = 0.45, .waited = 0.01};
}

static void a_thread_whose_cpu_others_had_was_kept_from_its_work(void **state)
{
    struct sample *sample = *state;
    struct thread_use *use = &sample->document.thread[1];

    sample_pin(sample);
    assert_string_equal("generator_fine ", verdict_names(sample));
    use->others = 0.5;
    use->waited = 0.10;
    check_silent(sample, "cpu_shared");
    use->waited = 0.11;
    check_says(sample, "cpu_shared",
               "thread 2 of 2 had CPU 1 for 50 % of the time, and waited for "
               "others for 11 % more (they used 50 % of it): the generator "
               "may have been the limit");
    assert_string_equal("cpu_shared ", verdict_names(sample));
    use->waited = 0.48;
    check_says(sample, "cpu_shared", "the generator was the limit");
    sample->document.target_is_local = true;
    check_says(sample, "cpu_shared", "the service may be among them");
    use->busy = use->own = 0.75; /* it wanted more than 80 % */
    use->waited = 0.06;
    check_says(sample, "cpu_shared", "the generator was the limit");
}

static void the_thread_that_lost_most_is_told_of(void **state)
{
    struct sample *sample = *state;

    sample_pin(sample);
    for (int i = 0; i < 2; i++) {
        sample->document.thread[i].others = 0.5;
        sample->document.thread[i].waited = i == 0 ? 0.48 : 0.4;
    }
    check_says(sample, "cpu_shared",
               "thread 1 of 2 had CPU 0 for 50 % of the time, and waited for others for 48 %");
    sample->document.thread[1].waited = 0.49;
    check_says(sample, "cpu_shared", "thread 2 of 2 had CPU 1 ");
}

static void threads_that_share_cpus_by_their_number_should_be_fewer(void **state)
{
    struct sample *sample = *state;

    sample_pin(sample);
    sample->document.machine.cpus_allowed = 1;
    sample->document.thread[0].own = sample->document.thread[0].busy = 0.1;
    sample->document.thread[1] = (struct thread_use){
        .cpu = -1, .own = 0.3, .busy = 0.3, .others = 0.6, .idle = 0.1, .waited = 0.55};
    check_says(sample, "cpu_shared", "thread 2 of 2 had a CPU for 30 % of the time, ");
    check_says(sample, "cpu_shared",
               "use no more threads than CPUs (-t), and stop what else runs there");
}

/* A neighbour that is nice uses what is left, and takes nothing. */
static void a_full_cpu_is_no_matter_if_nothing_was_taken(void **state)
{
    struct sample *sample = *state;

    sample_pin(sample);
    for (int i = 0; i < 2; i++) {
        sample->document.thread[i].others = 0.5;
        sample->document.thread[i].idle = 0;
    }
    assert_string_equal("generator_fine ", verdict_names(sample));
    sample->document.thread[0].waited = (double)NAN; /* then it may be */
    check_says(sample, "cpu_shared",
               "thread 1 of 2 had CPU 0 for 50 % of the time, and lost it to");
}

static void what_is_not_known_does_not_clear_the_generator(void **state)
{
    struct sample *sample = *state;
    struct thread_use *use = &sample->document.thread[0];

    sample_pin(sample);
    use->waited = (double)NAN; /* a CPU that is half idle may still have kept it waiting */
    use->others = 0.35;
    check_says(sample, "generator_unknown", "how long it waited for a CPU is not known here");
    use->others = use->idle = use->softirq = (double)NAN;
    sample->document.usage.busy_ns = sample->document.usage.softirq_ns = FACT_UNKNOWN;
    check_says(sample, "generator_unknown", "(neither schedstat nor /proc/stat)");
    use->waited = 0.01; /* softirqs may be as much again */
    check_says(sample, "generator_unknown", "(softirqs) may have taken up to 50 % more");
    use->busy = use->own = 0.3;
    assert_string_equal("generator_fine ", verdict_names(sample));
    sample_pin(sample);
    use->waited = 0.31; /* for whom, if others had 5 %? */
    check_says(sample, "generator_unknown", "little else was seen there");
}

static void steal_counts_on_the_cpu_of_a_thread(void **state)
{
    struct sample *sample = *state;

    sample_pin(sample);
    sample->document.thread[1].steal = 0.02;
    check_silent(sample, "steal");
    sample->document.thread[1].steal = 0.30;
    check_says(sample, "steal", "withheld 35 % of the CPU time that was needed on CPU 1 (steal)");
}

static void cpus_shared_with_the_service_are_reported_earlier(void **state)
{
    struct sample *sample = *state;
    struct document *document = &sample->document;

    document->usage.busy_ns = 18500 * NS_PER_MS;
    check_silent(sample, "cpus_full");
    document->target_is_local = true;
    check_says(sample, "cpus_full", "share the 2 CPUs that hello-load runs on, 92 % busy");
    check_says(sample, "cpus_full", "this result depends on both");
    sample_pin(sample); /* the service has CPUs of its own */
    check_silent(sample, "cpus_full");
}

static void more_threads_than_cpus_are_reported(void **state)
{
    struct sample *sample = *state;

    check_silent(sample, "threads_exceed_cpus");
    sample->document.threads = 8;
    check_says(sample, "threads_exceed_cpus", "8 threads share 2 CPUs");
    sample->document.machine.cpus_allowed = 0; /* unknown */
    check_silent(sample, "threads_exceed_cpus");
}

static void repeated_handshakes_are_reported(void **state)
{
    struct sample *sample = *state;
    struct usage *usage = &sample->document.usage;

    usage->listen_overflows = 9; /* another program's: the target is not here */
    assert_string_equal("generator_fine ", verdict_names(sample));
    usage->syn_retransmits = 12;
    check_says(sample, "syn_retransmits", "12 SYNs of this network namespace had to be sent again");
    check_says(sample, "syn_retransmits", "(TIME_WAIT; a few ms each)");
    assert_string_equal("syn_retransmits generator_fine ", verdict_names(sample));
    sample->document.target_is_local = true;
    check_says(sample, "syn_retransmits", "a local accept queue overflowed 9 times, and 12 SYNs");
    check_says(sample, "syn_retransmits", "net.core.somaxconn (4096)");
    usage->listen_overflows = 0;
    check_says(sample, "syn_retransmits", "packets were lost");
}

static void values_beyond_an_hour_are_reported(void **state)
{
    struct sample *sample = *state;

    histogram_record(&sample->tally.timings[TIMING_TOTAL], HISTOGRAM_MAX_NS);
    check_silent(sample, "values_above_range");
    histogram_record(&sample->tally.timings[TIMING_TOTAL], HISTOGRAM_MAX_NS + NS_PER_S);
    check_says(sample, "values_above_range", "1 duration was beyond 1h");
    histogram_record(&sample->tally.timings[TIMING_CLOSE], 2 * HISTOGRAM_MAX_NS);
    check_says(sample, "values_above_range", "2 durations were beyond 1h");
    assert_string_equal("values_above_range generator_fine ", verdict_names(sample));
}

static void a_run_that_was_cut_short_says_so(void **state)
{
    struct sample *sample = *state;

    sample->document.cut_short = true;
    sample->document.window_s = 3.2;
    check_says(sample, "cut_short", "of the 3.20s that were measured");
    assert_string_equal("cut_short generator_fine ", verdict_names(sample));
}

static void a_run_with_few_good_connections_says_so(void **state)
{
    struct sample *sample = *state;

    sample->tally.ok = 100;
    check_silent(sample, "too_short");
    sample->tally.ok = 99;
    check_says(sample, "too_short", "only 99 connections ended well");
    assert_string_equal("too_short generator_fine ", verdict_names(sample));
    sample->tally.ok = 0;
    check_says(sample, "too_short", "no connection ended well");
}

static void the_worst_comes_first_and_no_text_is_cut(void **state)
{
    struct sample *sample = *state;
    struct document *document = &sample->document;
    const uint64_t many = UINT64_MAX / 4; /* so many that nothing overflows */

    sample_open_loop(sample);
    for (int i = 0; i < 1000; i++)
        histogram_record(&sample->tally.timings[TIMING_LATENESS], many);
    for (int result = RESULT_OK + 1; result < RESULT_COUNT; result++)
        sample->tally.failed[PHASE_CONNECT][result] = many;
    sample->tally.started = sample->tally.dropped = many;
    sample->tally.ok = 9;
    sample->interval.in_flight = document->connections = many;
    document->cut_short = document->target_is_local = true;
    document->thread_allowed = 0.5;
    document->thread[0].busy = 1;
    document->machine.quota_us = document->machine.quota_period_us = many / NS_PER_US;
    document->usage = (struct usage){.time_ns = many / 4,
                                     .busy_ns = many / 2,
                                     .process_ns = 1,
                                     .steal_ns = many,
                                     .throttled_count = many,
                                     .throttled_ns = many,
                                     .syn_retransmits = many,
                                     .listen_overflows = many};
    memset(document->machine.settings[0].value, '1', MACHINE_TEXT_BYTES - 1);
    memset(document->machine.settings[2].value, '1', MACHINE_TEXT_BYTES - 1);
    assert_string_equal("throttled generator_busy cpus_full no_ports no_address no_descriptors "
                        "starts_dropped starts_late steal syn_retransmits values_above_range "
                        "cut_short too_short ",
                        verdict_names(sample));
    document->usage.throttled_count = 0;
    sample_stall(sample, 9, 80);
    sample->document.stalls.count = sample->document.stalls.total_ns = many;
    check_says(sample, "stalls_grid", "80ms");
    for (uint32_t i = 0; i < document->verdict_count; i++) {
        if (strlen(document->verdicts[i].text) >= DOCUMENT_VERDICT_BYTES - 1)
            fail_msg("too long: '%s'", document->verdicts[i].text);
    }
    sample->document.stalls.kept_count = 0;
    sample->document.stalls.longest_ns = many;
    check_says(sample, "stalls", "use a quieter machine");
}

int main(void)
{
#define ON_SAMPLE(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)
    const struct CMUnitTest tests[] = {
        ON_SAMPLE(a_healthy_closed_loop_was_limited_by_something_else),
        ON_SAMPLE(a_healthy_open_loop_started_on_time),
        ON_SAMPLE(a_thread_above_80_percent_is_the_limit),
        ON_SAMPLE(threads_share_what_a_quota_allows),
        ON_SAMPLE(more_threads_than_cpus_share_them),
        ON_SAMPLE(throttling_counts_if_it_took_time),
        ON_SAMPLE(stalls_on_a_grid_without_throttling_are_the_quota_of_the_host),
        ON_SAMPLE(stalls_without_a_grid_count_if_they_are_long_or_many),
        ON_SAMPLE(steal_counts_above_5_percent_of_what_was_wanted),
        ON_SAMPLE(starts_late_by_more_than_1_ms_at_p99_are_reported),
        ON_SAMPLE(starts_never_made_are_reported),
        ON_SAMPLE(a_lack_of_ports_comes_with_what_helps),
        ON_SAMPLE(a_strange_source_address_is_reported),
        ON_SAMPLE(a_lack_of_descriptors_is_reported),
        ON_SAMPLE(full_cpus_are_reported_if_others_used_them_too),
        ON_SAMPLE(ticks_say_nothing_about_a_very_short_run),
        ON_SAMPLE(unknown_values_do_not_clear_the_generator),
        ON_SAMPLE(a_thread_whose_cpu_others_had_was_kept_from_its_work),
        ON_SAMPLE(the_thread_that_lost_most_is_told_of),
        ON_SAMPLE(threads_that_share_cpus_by_their_number_should_be_fewer),
        ON_SAMPLE(a_full_cpu_is_no_matter_if_nothing_was_taken),
        ON_SAMPLE(what_is_not_known_does_not_clear_the_generator),
        ON_SAMPLE(steal_counts_on_the_cpu_of_a_thread),
        ON_SAMPLE(cpus_shared_with_the_service_are_reported_earlier),
        ON_SAMPLE(more_threads_than_cpus_are_reported),
        ON_SAMPLE(repeated_handshakes_are_reported),
        ON_SAMPLE(values_beyond_an_hour_are_reported),
        ON_SAMPLE(a_run_that_was_cut_short_says_so),
        ON_SAMPLE(a_run_with_few_good_connections_says_so),
        ON_SAMPLE(the_worst_comes_first_and_no_text_is_cut),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
