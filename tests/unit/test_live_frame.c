/* The live view of a run: the contents of a frame. */
#include "base/units.h"
#include "printed.h"
#include "report/live_frame.h"
#include "report_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A sample after its third second. */
struct view {
    struct report_sample *sample;
    struct live_state state;
    struct live_history history;
};

static struct view view_of(struct report_sample *sample)
{
    struct view view = {
        .sample = sample,
        .state = {.document = &sample->document, .length_ns = 6 * NS_PER_S},
    };

    for (uint64_t second = 0; second < 3; second++) {
        view.state.interval = &sample->intervals[second];
        view.state.elapsed_ns = (second + 1) * NS_PER_S;
        view.state.done += 8000;
        live_history_add(&view.history, &view.state);
    }
    return view;
}

/* A frame of it; the caller frees it. */
static char *frame_of(const struct view *view, unsigned columns, unsigned lines, bool utf8)
{
    struct printed printed;
    struct page page = {.out = printed_begin(&printed), .columns = columns, .can_utf8 = utf8};
    unsigned written = live_frame(&page, &view->history, &view->state, lines);
    char *text = printed_end(&printed);

    for (const char *at = text; *at; at++)
        written -= *at == '\n';
    assert_int_equal(0, written);
    return text;
}

static void check_frame(const struct view *view, const char *expected)
{
    char *text = frame_of(view, 79, 20, true);

    assert_string_equal(expected, text);
    free(text);
}

static void check_part(const struct view *view, const char *expected)
{
    char *text = frame_of(view, 79, 20, true);

    if (!strstr(text, expected))
        fail_msg("'%s' is not in:\n%s", expected, text);
    free(text);
}

static void a_frame_reads_like_this(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);

    (void)state;
    check_frame(&view,
                "hello-load 127.0.0.1:1848  closed loop of 64\n"
                "█████████████░░░░░░░░░░░░░  50 %  3.0s left\n"
                "rate      now 8,000         mean 8,000        in flight 64\n"
                "total     p50 62.0us        p99 186us         max 3.10ms        last second\n"
                "errors    0\n"
                "history   ███  top 8,000/s\n");
    report_sample_free(sample);
}

static void an_open_loop_shows_what_came_late(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view;

    (void)state;
    report_sample_open_loop(sample);
    report_sample_failures(sample);
    view = view_of(sample);
    check_part(&view, "hello-load 127.0.0.1:1848  open loop at 40k/s\n");
    check_part(&view, "\nerrors    452               late 3            dropped 2\n");
    report_sample_free(sample);
}

static void targets_are_shown_apart_if_they_are_few(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct view view = view_of(sample);
    char *text;

    (void)state;
    check_part(&view, "\n127.0.0.1:1848  now 8,000         p99 186us\n"
                      "[::1]:1848      now 7,800         p99 189us\n");
    report_sample_free(sample);

    sample = report_sample_new(5);
    view = view_of(sample);
    text = frame_of(&view, 79, 20, true);
    assert_null(strstr(text, "\n127.0.0.1:1848"));
    free(text);
    report_sample_free(sample);
}

static void a_count_is_shown_if_it_decides(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);

    (void)state;
    view.state.length_ns = 0;
    view.state.count = 32000;
    check_part(&view, "  75 %  24,000 of 32,000  1.0s left\n");
    view.state.done = 32000;
    check_part(&view, " 100 %  32,000 of 32,000  ending\n");
    report_sample_free(sample);
}

static void a_warm_up_is_no_measurement(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct view view = view_of(sample);

    (void)state;
    memset(&view.history, 0, sizeof(view.history));
    view.state.interval = &sample->intervals[0];
    view.state.elapsed_ns = NS_PER_S;
    view.state.done = 7000;
    live_history_add(&view.history, &view.state);
    check_part(&view, "  16 %  5.0s left  warm-up\n");
    check_part(&view, "\nrate      now 7,000         in flight 64\n");
    check_part(&view, "\ntotal     not measured yet\n");
    check_part(&view, "\n127.0.0.1:1848  now -             p99 -\n");
    check_part(&view, "\nhistory   █  top 7,000/s\n");
    report_sample_free(sample);
}

static void an_unknown_rate_is_no_zero(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);

    (void)state;
    memset(&view.history, 0, sizeof(view.history));
    view.state.interval = &sample->intervals[0]; /* of the warm-up */
    view.state.done = 0;
    live_history_add(&view.history, &view.state);
    check_part(&view, "\nrate      now -             in flight 64\n");
    check_part(&view, "\nhistory   -\n");
    report_sample_free(sample);
}

static void a_short_interval_counts_but_shows_no_rate(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);

    (void)state;
    sample->intervals[2].length_ns = NS_PER_S / 2 - 1;
    sample->intervals[2].all.failed = 9;
    assert_true(live_interval_is_short(&view.state));
    live_history_add(&view.history, &view.state);
    check_part(&view, "\nrate      now 8,000 ");
    check_part(&view, "\nerrors    9\n");
    check_part(&view, "\nhistory   ███  top");
    report_sample_free(sample);
}

static void the_sparkline_ends_with_the_newest(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);
    char *text;

    (void)state;
    memset(&view.history, 0, sizeof(view.history));
    for (uint64_t i = 0; i < 300; i++) {
        sample->intervals[2].all.ok = i % 9 * 100;
        live_history_add(&view.history, &view.state);
    }
    text = frame_of(&view, 40, 20, true); /* room for twelve */
    assert_non_null(strstr(text, "\nhistory   ▁▂▃▄▅▅▆▇█▁▂▃  top 800/s\n"));
    free(text);
    text = frame_of(&view, 40, 20, false);
    assert_non_null(strstr(text, "\nhistory   _.-~==+*#_.-  top 800/s\n"));
    free(text);
    report_sample_free(sample);
}

static void a_frame_keeps_within_the_window(void **state)
{
    (void)state;
    for (uint32_t target_count = 1; target_count <= REPORT_SAMPLE_TARGETS_MAX; target_count++) {
        struct report_sample *sample = report_sample_new(target_count);
        struct view view;

        report_sample_open_loop(sample);
        view = view_of(sample);
        view.state.count = 1000000;
        for (unsigned columns = 0; columns <= 120; columns++) {
            char *text = frame_of(&view, columns, columns % 14, true);
            unsigned lines = 0;

            for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++)
                assert_in_range(page_width(line), 0, columns);
            assert_in_range(lines, 0, columns % 14);
            free(text);
        }
        report_sample_free(sample);
    }
}

/* A frame's words at this width must be true at any width: numbers and names are not cut. */
static void no_word_and_no_number_is_cut_at_any_width(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct view view;
    char *whole;

    (void)state;
    report_sample_open_loop(sample);
    report_sample_failures(sample);
    view = view_of(sample);
    view.state.count = 1000000;
    whole = frame_of(&view, 300, 20, false);
    for (unsigned columns = 10; columns < 300; columns++) {
        char *text = frame_of(&view, columns, 20, false);

        for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) {
            bool is_drawn = strspn(word, "#-_.~=+*") == strlen(word);
            bool is_marked = strstr(word, "..") != NULL;

            if (!is_drawn && !is_marked && !strstr(whole, word))
                fail_msg("%u columns: '%s' is not in\n%s", columns, word, whole);
            if (!is_drawn && !is_marked) { /* a whole word, not the beginning of one */
                const char *at = strstr(whole, word);
                bool found = false;

                for (; at && !found; at = strstr(at + 1, word))
                    found =
                        (at == whole || strchr(" \n", at[-1])) && strchr(" \n", at[strlen(word)]);
                assert_true(found);
            }
        }
        free(text);
    }
    free(whole);
    report_sample_free(sample);
}

static void errors_name_the_kind_and_the_target_that_failed_most(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct view view = view_of(sample);

    (void)state;
    sample->intervals[2].all.failed = 12;
    sample->intervals[2].all.failed_as[RESULT_REFUSED] = 10;
    sample->intervals[2].all.failed_as[RESULT_RESET] = 2;
    sample->intervals[2].targets[0].failed = 2;
    sample->intervals[2].targets[1].failed = 10;
    live_history_add(&view.history, &view.state);
    check_part(&view, "\nerrors    12                most: connection refused, [::1]:1848\n");
    report_sample_free(sample);
}

static void a_run_ends_at_100_percent(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);

    (void)state;
    view.state.elapsed_ns = view.state.length_ns - 1;
    view.state.is_done = true;
    check_part(&view, "██ 100 %\n");
    report_sample_free(sample);
}

static void a_wide_window_shows_more_of_the_past(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);
    char *text, *line;

    (void)state;
    for (int i = 0; i < 600; i++)
        live_history_add(&view.history, &view.state);
    text = frame_of(&view, 240, 20, false);
    line = strstr(text, "\nhistory ");
    assert_non_null(line);
    assert_int_equal(240 - 28, strspn(line + 11, "#"));
    free(text);
    text = frame_of(&view, LIVE_HISTORY_MAX + 100, 20, false);
    line = strstr(text, "\nhistory ");
    assert_non_null(line);
    assert_int_equal(LIVE_HISTORY_MAX, strspn(line + 11, "#"));
    free(text);
    report_sample_free(sample);
}

static void a_low_window_shows_the_rate_at_least(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct view view = view_of(sample);
    char *text = frame_of(&view, 79, 1, true);

    (void)state;
    assert_string_equal("rate      now 8,000         mean 8,000        in flight 64\n", text);
    free(text);
    report_sample_free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_reads_like_this),
        cmocka_unit_test(an_open_loop_shows_what_came_late),
        cmocka_unit_test(targets_are_shown_apart_if_they_are_few),
        cmocka_unit_test(a_count_is_shown_if_it_decides),
        cmocka_unit_test(a_warm_up_is_no_measurement),
        cmocka_unit_test(an_unknown_rate_is_no_zero),
        cmocka_unit_test(a_short_interval_counts_but_shows_no_rate),
        cmocka_unit_test(the_sparkline_ends_with_the_newest),
        cmocka_unit_test(a_frame_keeps_within_the_window),
        cmocka_unit_test(no_word_and_no_number_is_cut_at_any_width),
        cmocka_unit_test(errors_name_the_kind_and_the_target_that_failed_most),
        cmocka_unit_test(a_run_ends_at_100_percent),
        cmocka_unit_test(a_wide_window_shows_more_of_the_past),
        cmocka_unit_test(a_low_window_shows_the_rate_at_least),
    };
    return cmocka_run_group_tests_name("live_frame", tests, NULL, NULL);
}
