/* What reports say where something is unknown, or where it seldom happens. */
#include "base/fact.h"
#include "printed.h"
#include "rendering.h"
#include "report/page.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void what_is_unknown_of_the_machine_is_shown_as_unknown(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering;

    (void)state;
    sample->document.machine.cpus_allowed = 0;
    sample->document.machine.quota_us = FACT_UNKNOWN;
    sample->document.usage.throttled_count = FACT_UNKNOWN;
    sample->document.usage.syn_retransmits = FACT_UNKNOWN;
    sample->document.usage.retransmits = 3;
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(&rendering, ", unknown CPUs, quota unknown ");
    rendering_check_sentence(
        &rendering,
        "own CPU unknown of 0 CPUs, softirq unknown, steal unknown, throttling unknown, ");
    rendering_check_line(&rendering, "kernel    unknown SYN retransmits, 3 retransmits in all");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void a_thread_on_no_cpu_of_its_own_is_on_any(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering;

    (void)state;
    sample->document.thread[0].cpu = -1;
    sample->document.thread[0].others = sample->document.thread[0].waited = 0.4;
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(&rendering,
                             "threads worst is 1 of 2 on any CPU, own 31 %, others 40 %");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void what_was_still_open_is_reported_of_a_run_that_was_cut_short(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering;

    (void)state;
    report_sample_cut_short(sample);
    sample->all.abandoned = 64;
    rendering = rendering_of(sample, 100);
    rendering_check_line(
        &rendering,
        "CUT SHORT by a signal: 1.50s of 5s were measured; 64 connections were still open");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void of_many_targets_that_failed_three_are_named(void **state)
{
    struct report_sample *sample = report_sample_new(5);
    struct rendering rendering;

    (void)state;
    for (int i = 0; i < 5; i++)
        sample->tallies[i].failed[PHASE_CLOSE][RESULT_RESET] = 2;
    sample->all.failed[PHASE_CLOSE][RESULT_RESET] = 10;
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(
        &rendering, "10 close reset by the other side, 2 to 127.0.0.1:1848, 2 to [::1]:1848, 2 to "
                    "127.0.0.2:1848, ... ");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void an_error_without_a_name_is_shown_by_its_number(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct rendering rendering;

    (void)state;
    assert_null(strerrorname_np(41)); /* errno(3): Linux has no such number */
    sample->all.failed[PHASE_CONNECT][RESULT_OTHER] = 3;
    sample->all.other[41] = 3;
    rendering = rendering_of(sample, 100);
    rendering_check_sentence(&rendering, "namely 3 errno 41 ");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void a_name_with_commas_and_quotes_is_one_cell(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct printed printed;
    char *text;

    (void)state;
    snprintf(sample->document.targets[0].name, sizeof(sample->document.targets[0].name), "a,\"b\"");
    report_csv(&sample->document, printed_begin(&printed));
    text = printed_end(&printed);
    assert_non_null(strstr(text, ",\"a,\"\"b\"\"\",ipv4,"));
    free(text);
    report_sample_free(sample);
}

static void a_word_longer_than_the_page_is_cut(void **state)
{
    char word[80], expected[82], *text;
    struct printed printed;
    struct page page = {.out = printed_begin(&printed), .columns = 60};

    (void)state;
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    page_wrap(&page, PAGE_PLAIN, 10, word);
    page_end(&page);
    text = printed_end(&printed);
    snprintf(expected, sizeof(expected), "%.60s\n", word);
    assert_string_equal(expected, text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_unknown_of_the_machine_is_shown_as_unknown),
        cmocka_unit_test(a_thread_on_no_cpu_of_its_own_is_on_any),
        cmocka_unit_test(what_was_still_open_is_reported_of_a_run_that_was_cut_short),
        cmocka_unit_test(of_many_targets_that_failed_three_are_named),
        cmocka_unit_test(an_error_without_a_name_is_shown_by_its_number),
        cmocka_unit_test(a_name_with_commas_and_quotes_is_one_cell),
        cmocka_unit_test(a_word_longer_than_the_page_is_cut),
    };
    return cmocka_run_group_tests_name("report_rare", tests, NULL, NULL);
}
