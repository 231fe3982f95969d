/* The summary that people read, and the last line that programs read. */
#include "base/fact.h"
#include "base/units.h"
#include "printed.h"
#include "rendering.h"
#include "report/figure.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_healthy_run_reads_like_this(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    char *text;

    (void)state;
    report_sample_assertions(sample);
    text = rendering_text(&sample->document, false, 100);
    assert_string_equal(
        "hello-load 127.0.0.1:1848\n"
        "closed loop of 64, close fin, 2 threads, engine uring, 5.00s after 1.00s of warm-up\n"
        "\n"
        "  connections/s  started      ok  failed\n"
        "          7,987   40,000  40,000       0\n"
        "\n"
        "             p50     p90     p99   p99.9     max\n"
        "connect   45.4us  51.0us  69.9us   245us  8.05ms\n"
        "greeting  30.3us  34.0us  46.6us   163us  5.37ms\n"
        "close     9.08us  10.2us  14.0us  49.0us  1.61ms\n"
        "total     84.8us  95.2us   130us   458us  15.0ms\n"
        "\n"
        "machine   Linux 6.1.0-56-cloud-amd64 x86_64, AMD EPYC 7763 64-Core Processor, 2 of 4 "
        "CPUs, "
        "no quota\n"
        "          own CPU 31 % of 2 CPUs, softirq 12 %, steal 0 %, not throttled, no stalls\n"
        "engine    uring, the best that works here\n"
        "sockets   47,936 of 48,000 reused\n"
        "\n"
        "✓ p99<5ms      124us\n"
        "✗ rate>=50k/s  7987/s\n"
        "✓ errors==0    0\n",
        text);
    free(text);
    report_sample_free(sample);
}

static void cells_are_percentiles(void **state)
{
    static const double percentiles[] = {50, 90, 99, 99.9, 100};
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    report_sample_open_loop(sample);
    rendering_free(&rendering);
    rendering = rendering_of(sample, 100);
    for (int timing = 0; timing < TIMING_COUNT; timing++) {
        char expected[128];
        int length = snprintf(expected, sizeof(expected), "%-8s", timing_name((enum timing)timing));

        for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
            char text[FIGURE_TEXT_BYTES];

            figure_duration(
                histogram_percentile(&sample->tallies[0].timings[timing], percentiles[i]), text);
            length += snprintf(expected + length, sizeof(expected) - (size_t)length, "%8s", text);
        }
        rendering_check_line(&rendering, expected);
    }
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void nothing_measured_is_no_zero(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering;

    (void)state;
    memset(&sample->tallies[0], 0, sizeof(sample->tallies[0]));
    rendering = rendering_of(sample, 100);
    rendering_check_line(&rendering, "connect        -       -       -       -       -");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void values_beyond_the_hour_are_owned_up_to(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    assert_null(rendering_line_with(&rendering, "more than 1h"));
    rendering_free(&rendering);
    for (int i = 0; i < 3; i++)
        histogram_record(&sample->all.timings[TIMING_TOTAL], 2 * HISTOGRAM_MAX_NS);
    rendering = rendering_of(sample, 100);
    rendering_check_line(&rendering, "total: 3 took more than 1h, where percentiles are not exact");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void the_head_says_what_was_run(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    rendering_check_line(&rendering, "hello-load 127.0.0.1:1848, [::1]:1848");
    rendering_check_line(
        &rendering, "closed loop of 64, close fin, 2 threads, engine uring, 5.00s after 1.00s of "
                    "warm-up");
    rendering_free(&rendering);

    report_sample_open_loop(sample);
    sample->document.options.close = LOAD_CLOSE_RST;
    sample->document.options.warmup_ns = 0;
    sample->document.options.ramp_ns = 2 * NS_PER_S;
    sample->document.options.send.bytes = 5;
    sample->document.options.proxy_protocol = LOAD_PROXY_V2;
    sample->document.threads = 1;
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(
        &rendering,
        "open loop at 40k/s poisson, at most 16,384 in flight, seed 7, close rst, proxy "
        "protocol v2, sends 5 bytes, 1 thread, engine uring, 5.00s, ramp of 2s ");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void a_name_is_shown_with_its_address(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct rendering rendering;

    (void)state;
    snprintf(sample->document.targets[0].host, sizeof(sample->document.targets[0].host),
             "localhost");
    rendering = rendering_of(sample, 100);
    rendering_check_line(&rendering, "hello-load localhost = 127.0.0.1:1848, [::1]:1848");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void many_targets_are_not_all_in_the_head(void **state)
{
    struct report_sample *sample = report_sample_new(5);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    rendering_check_line(&rendering,
                         "hello-load 127.0.0.1:1848, [::1]:1848, 127.0.0.2:1848, and 2 more");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void counts_are_shown_by_target_and_together(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    rendering_check_line(&rendering, "ipv4 127.0.0.1:1848          7,987   40,000  40,000       0");
    rendering_check_line(&rendering, "ipv6 [::1]:1848              7,787   39,000  39,000       0");
    rendering_check_line(&rendering, "all                         15,774   79,000  79,000       0");
    rendering_free(&rendering);
    report_sample_open_loop(sample);
    rendering = rendering_of(sample, 100);
    rendering_check_line(
        &rendering, "all                         15,774   79,000  79,000       0    79       14");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void each_failure_is_shown_by_phase_and_kind(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering = rendering_of(sample, 100);
    uint32_t checked = 0;

    (void)state;
    assert_null(rendering_line_with(&rendering, "errors  "));
    rendering_free(&rendering);
    report_sample_failures(sample);
    rendering = rendering_of(sample, 100);
    assert_non_null(rendering_line_with(&rendering, "errors  "));
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        for (int kind = 0; kind < RESULT_COUNT; kind++) {
            uint64_t count = sample->all.failed[phase][kind];
            char expected[128];

            if (count == 0)
                continue;
            snprintf(expected, sizeof(expected), " %7" PRIu64 "  %-10s%s", count,
                     phase_name((enum phase)phase), result_text((enum result)kind));
            if (!rendering_line_with(&rendering, expected))
                fail_msg("'%s' is missing", expected);
            checked++;
        }
    }
    assert_int_equal(17, checked);
    rendering_check_sentence(&rendering, "namely 181 EHOSTDOWN (Host is down), 182 unknown ");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void a_failure_is_shown_with_its_target(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct rendering rendering;

    (void)state;
    sample->tallies[0].failed[PHASE_CONNECT][RESULT_REFUSED] = 3;
    sample->tallies[1].failed[PHASE_CONNECT][RESULT_REFUSED] = 4;
    sample->all.failed[PHASE_CONNECT][RESULT_REFUSED] = 7;
    sample->tallies[1].failed[PHASE_CLOSE][RESULT_RESET] = 2000;
    sample->all.failed[PHASE_CLOSE][RESULT_RESET] = 2000;
    rendering = rendering_of(sample, 100);
    rendering_check_line(
        &rendering, "errors           7  connect   connection refused, 3 to 127.0.0.1:1848, 4 to "
                    "[::1]:1848");
    rendering_check_line(
        &rendering, "             2,000  close     reset by the other side, all to [::1]:1848");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void the_kernel_s_counts_are_shown_if_they_are_not_zero(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    assert_null(rendering_line_with(&rendering, "kernel  "));
    rendering_free(&rendering);
    report_sample_troubles(sample);
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(
        &rendering, "kernel 12 SYN retransmits, 19 retransmits in all, 4 listen overflows");
    rendering_free(&rendering);
    sample->document.target_is_local = false; /* then another program's accept queue was full */
    rendering = rendering_of(sample, 100);
    rendering_check_no_sentence(&rendering, "listen overflows");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void the_machine_is_shown(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering;

    (void)state;
    report_sample_troubles(sample);
    snprintf(sample->document.engine_reason, sizeof(sample->document.engine_reason),
             "since io_uring is refused here: io_uring_setup: Operation not permitted; allow it");
    rendering = rendering_of(sample, 80);
    rendering_check_sentence(&rendering, "2 of 4 CPUs, quota of 5ms in 80ms own CPU ");
    rendering_check_sentence(&rendering,
                             "steal 3.1 %, throttled in 61 periods for 3.75s, 60 stalls, longest "
                             "75.0ms ");
    rendering_check_sentence(
        &rendering, "engine uring, since io_uring is refused here: io_uring_setup: Operation "
                    "not permitted; allow it ");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void tracking_is_shown_if_the_kernel_does_it(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    static const uint64_t none[] = {0, FACT_UNKNOWN};
    struct rendering rendering;

    (void)state;
    sample->document.tracked_connections = 12345;
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(&rendering,
                             "2 of 4 CPUs, no quota, the kernel tracks connections (12,345) own");
    rendering_free(&rendering);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        sample->document.tracked_connections = none[i];
        rendering = rendering_of(sample, 100);
        rendering_check_no_sentence(&rendering, "the kernel tracks connections");
        rendering_free(&rendering);
    }
    report_sample_free(sample);
}

static void the_first_answers_that_were_not_as_expected_are_shown(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering;

    (void)state;
    report_sample_failures(sample);
    report_sample_wrong_answer(sample, 0, 1, 2, "y\n");
    report_sample_short_answer(sample, 0, 1, 3);
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(&rendering, "expected 6 bytes, got 3: \"hel\" ");
    rendering_check_sentence(&rendering, "after 2 bytes expected \"llo\\n\", got \"y\\n\" ");
    rendering_check_no_sentence(&rendering, "from 127.0.0.1:1848");
    rendering_free(&rendering);
    report_sample_short_answer(sample, 0, 1, 0);
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(&rendering, "expected 6 bytes, got none ");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void of_several_targets_the_first_wrong_answer_is_shown_with_its_target(void **state)
{
    struct report_sample *sample = report_sample_new(3);
    struct rendering rendering;

    (void)state;
    report_sample_failures(sample);
    report_sample_wrong_answer(sample, 0, 5, 0, "late");
    report_sample_wrong_answer(sample, 1, 4, 0, "early");
    report_sample_wrong_answer(sample, 2, 6, 0, "later");
    report_sample_short_answer(sample, 1, 3, 1);
    report_sample_short_answer(sample, 2, 2, 5);
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(&rendering, "from [::1]:1848: expected \"hello\\n\", got \"early\" ");
    rendering_check_sentence(&rendering,
                             "from 127.0.0.2:1848: expected 6 bytes, got 5: \"hello\" ");
    rendering_check_no_sentence(&rendering, "late");
    rendering_check_no_sentence(&rendering, "got 1:");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void verdicts_are_shown_in_full(void **state)
{
    struct report_sample *sample = report_sample_new(1);

    (void)state;
    report_sample_verdicts(sample);
    for (unsigned columns = 60; columns <= 100; columns += 10) {
        struct rendering rendering = rendering_of(sample, columns);

        for (uint32_t i = 0; i < sample->document.verdict_count; i++)
            rendering_check_sentence(&rendering, sample->document.verdicts[i].text);
        assert_non_null(rendering_line_with(&rendering, "- the generator was the limit: "));
        rendering_free(&rendering);
    }
    report_sample_free(sample);
}

static void a_run_that_was_cut_short_says_so(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    assert_null(rendering_line_with(&rendering, "CUT SHORT"));
    rendering_free(&rendering);
    report_sample_cut_short(sample);
    rendering = rendering_of(sample, 100);
    rendering_check_line(&rendering, "CUT SHORT by a signal: 1.50s of 5s were measured");
    rendering_free(&rendering);
    sample->document.options.duration_ns = 0;
    sample->document.options.count = 1000000;
    rendering = rendering_of(sample, 100);
    rendering_check_line(&rendering,
                         "CUT SHORT by a signal: 40,000 of 1,000,000 connections were measured");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static char *line_of(const struct document *document, bool is_brief)
{
    struct printed printed;

    report_line(document, printed_begin(&printed), is_brief);
    return printed_end(&printed);
}

static void the_last_line_is_for_programs(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    char *line;

    (void)state;
    report_sample_open_loop(sample);
    report_sample_failures(sample);
    line = line_of(&sample->document, true);
    assert_string_equal(
        "hello-load: done connections_per_s=7987.2 started=41143 ok=40000 failed=1143 refused=10 "
        "reset=63 short=31 mismatch=41 extra=52 connect_timeout=60 timeout=143 unreachable=80 "
        "no_address=90 no_port=100 no_descriptor=110 other=363 late=40 dropped=7 abandoned=0 "
        "p50_us=84.8 "
        "p99_us=130.4 max_us=15026.5 limit=none cut=0 close=fin seconds=5.000\n",
        line);
    free(line);
    sample->document.options.close = LOAD_CLOSE_RST;
    line = line_of(&sample->document, true);
    assert_non_null(strstr(line, " close=rst "));
    free(line);
    report_sample_free(sample);
}

static void the_last_line_says_what_limited_the_result_and_whether_it_is_whole(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    char *line;

    (void)state;
    report_sample_verdicts(sample);
    report_sample_cut_short(sample);
    line = line_of(&sample->document, true);
    assert_non_null(strstr(line, " limit=generator cut=1 "));
    free(line);
    report_sample_free(sample);
}

static void the_last_line_for_people_leaves_out_what_is_zero(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    char *text = line_of(&sample->document, false);

    (void)state;
    assert_non_null(strstr(text, " started=40000 ok=40000 failed=0 p50_us="));
    assert_null(strstr(text, "refused"));
    free(text);
    report_sample_free(sample);
}

static void the_last_line_of_nothing_is_zeros(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    char *line;

    (void)state;
    memset(&sample->all, 0, sizeof(sample->all));
    sample->document.all.connections_per_s = 0;
    sample->document.window_s = 0;
    line = line_of(&sample->document, true);
    assert_non_null(strstr(line, "connections_per_s=0.0 started=0 ok=0 failed=0 "));
    assert_non_null(strstr(
        line, " p50_us=0.0 p99_us=0.0 max_us=0.0 limit=none cut=0 close=fin seconds=0.000\n"));
    free(line);
    report_sample_free(sample);
}

static void a_thread_that_shares_its_cpu_is_shown(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    assert_null(rendering_line_with(&rendering, "threads   "));
    rendering_free(&rendering);
    sample->document.thread[1].others = 0.39;
    sample->document.thread[1].waited = 0.38;
    rendering = rendering_of(sample, 100);
    rendering_check_line(&rendering,
                         "threads   worst is 2 of 2 on CPU 1, own 29 %, others 39 %, idle 71 %, "
                         "waited 38 %");
    rendering_free(&rendering);
    report_sample_free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_shares_its_cpu_is_shown),
        cmocka_unit_test(a_healthy_run_reads_like_this),
        cmocka_unit_test(cells_are_percentiles),
        cmocka_unit_test(nothing_measured_is_no_zero),
        cmocka_unit_test(values_beyond_the_hour_are_owned_up_to),
        cmocka_unit_test(the_head_says_what_was_run),
        cmocka_unit_test(a_name_is_shown_with_its_address),
        cmocka_unit_test(many_targets_are_not_all_in_the_head),
        cmocka_unit_test(counts_are_shown_by_target_and_together),
        cmocka_unit_test(each_failure_is_shown_by_phase_and_kind),
        cmocka_unit_test(a_failure_is_shown_with_its_target),
        cmocka_unit_test(the_kernel_s_counts_are_shown_if_they_are_not_zero),
        cmocka_unit_test(the_machine_is_shown),
        cmocka_unit_test(the_first_answers_that_were_not_as_expected_are_shown),
        cmocka_unit_test(of_several_targets_the_first_wrong_answer_is_shown_with_its_target),
        cmocka_unit_test(tracking_is_shown_if_the_kernel_does_it),
        cmocka_unit_test(verdicts_are_shown_in_full),
        cmocka_unit_test(a_run_that_was_cut_short_says_so),
        cmocka_unit_test(the_last_line_is_for_programs),
        cmocka_unit_test(the_last_line_says_what_limited_the_result_and_whether_it_is_whole),
        cmocka_unit_test(the_last_line_for_people_leaves_out_what_is_zero),
        cmocka_unit_test(the_last_line_of_nothing_is_zeros),
    };
    return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
