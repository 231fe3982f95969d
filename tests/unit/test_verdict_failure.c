/* The verdicts of a run in which most connections failed for one reason. Each case has a report in
 * which a verdict holds, and a similar one in which it does not. */
#include "report/verdict.h"
#include "report_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STARTED   100 /* to each target */
#define TARGETS   2
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nContent-Length: 0"

/* Two targets, 127.0.0.1:1848 and [::1]:1848; all connections to them ended well. */
static int sample_begin(void **state)
{
    struct report_sample *sample = report_sample_new(TARGETS);

    for (int i = 0; i < TARGETS; i++)
        sample->tallies[i].started = sample->tallies[i].ok = STARTED;
    *state = sample;
    return 0;
}

static int sample_end(void **state)
{
    report_sample_free(*state);
    return 0;
}

/* Make this many connections to a target fail this way. */
static void fails(struct report_sample *sample, uint32_t target, enum phase phase, enum result kind,
                  uint64_t count)
{
    struct tally *tally = &sample->tallies[target];

    tally->failed[phase][kind] = count;
    tally->ok = tally->started - tally_failed(tally);
}

static void find(struct report_sample *sample)
{
    memset(&sample->all, 0, sizeof(sample->all));
    for (int i = 0; i < TARGETS; i++)
        tally_add(&sample->all, &sample->tallies[i]);
    verdicts_find(&sample->document);
}

/* The text of a verdict; NULL if it does not appear. */
static const char *text_of(struct report_sample *sample, const char *name)
{
    find(sample);
    for (uint32_t i = 0; i < sample->document.verdict_count; i++) {
        if (strcmp(sample->document.verdicts[i].name, name) == 0)
            return sample->document.verdicts[i].text;
    }
    return NULL;
}

static void check_says(struct report_sample *sample, const char *name, const char *part)
{
    const char *text = text_of(sample, name);

    if (!text || !strstr(text, part))
        fail_msg("expected '%s' of %s, got '%s'", part, name, text ? text : "nothing");
}

static void check_says_not(struct report_sample *sample, const char *name, const char *part)
{
    const char *text = text_of(sample, name);

    if (!text || strstr(text, part))
        fail_msg("expected %s without '%s', got '%s'", name, part, text ? text : "nothing");
}

static void check_silent(struct report_sample *sample, const char *name)
{
    const char *text = text_of(sample, name);

    if (text)
        fail_msg("expected no %s, got '%s'", name, text);
}

/* The failure that causes each verdict; if it is about all targets, all of them fail. */
static const struct row {
    const char *verdict;
    enum phase phase;
    enum result kind;
    bool of_all;
    const char *got; /* the first wrong answer */
} rows[] = {
    {"refused", PHASE_CONNECT, RESULT_REFUSED, false, NULL},
    {"unreachable", PHASE_CONNECT, RESULT_UNREACHABLE, false, NULL},
    {"no_handshake", PHASE_CONNECT, RESULT_CONNECT_TIMEOUT, false, NULL},
    {"no_handshake", PHASE_CONNECT, RESULT_TIMEOUT, false, NULL},
    {"silent_service", PHASE_GREETING, RESULT_TIMEOUT, false, NULL},
    {"kept_open", PHASE_CLOSE, RESULT_TIMEOUT, false, NULL},
    {"http_status", PHASE_GREETING, RESULT_MISMATCH, true, NOT_FOUND},
    {"http_status", PHASE_CLOSE, RESULT_EXTRA, true, NOT_FOUND},
    {"wrong_answer", PHASE_GREETING, RESULT_MISMATCH, true, "moin"},
    {"wrong_answer", PHASE_CLOSE, RESULT_EXTRA, true, "moin"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Make this many connections fail as the row says. */
static void row_fails(struct report_sample *sample, const struct row *row, uint64_t count)
{
    if (row->got)
        report_sample_wrong_answer(sample, 1, 1, 0, row->got);
    for (uint32_t i = row->of_all ? 0 : 1; i < TARGETS; i++)
        fails(sample, i, row->phase, row->kind, count);
}

/* Each row on a report of its own. */
static void for_each_row(void (*check)(struct report_sample *sample, const struct row *row))
{
    for (size_t i = 0; i < ROWS; i++) {
        void *state;

        sample_begin(&state);
        check(state, &rows[i]);
        sample_end(&state);
    }
}

static void check_from_half_on(struct report_sample *sample, const struct row *row)
{
    row_fails(sample, row, STARTED / 2 - 1);
    check_silent(sample, row->verdict);
    row_fails(sample, row, STARTED / 2);
    check_says(sample, row->verdict, row->of_all ? "100 of 200 connections" : "50 of 100 connect");
    row_fails(sample, row, STARTED);
    check_says(sample, row->verdict, row->of_all ? "all 200 connections" : "all 100 connections");
}

static void a_verdict_holds_from_half_of_the_connections_on(void **state)
{
    (void)state;
    for_each_row(check_from_half_on);
}

static void check_alone(struct report_sample *sample, const struct row *row)
{
    row_fails(sample, row, STARTED);
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].verdict, row->verdict) != 0)
            check_silent(sample, rows[i].verdict);
    }
}

static void a_failure_has_one_verdict_only(void **state)
{
    (void)state;
    for_each_row(check_alone);
}

static void check_never_fine(struct report_sample *sample, const struct row *row)
{
    row_fails(sample, row, STARTED / 2);
    check_silent(sample, "generator_fine");
    fails(sample, 0, row->phase, row->kind, STARTED);
    fails(sample, 1, row->phase, row->kind, STARTED);
    check_silent(sample, "generator_fine");
    check_silent(sample, "generator_unknown");
    assert_int_equal(DOCUMENT_LIMIT_UNKNOWN, sample->document.limit);
    assert_false(sample->document.verdicts[0].is_good);
}

static void they_never_say_that_the_generator_was_not_the_limit(void **state)
{
    (void)state;
    for_each_row(check_never_fine);
}

static void nor_where_nothing_ended_well_for_another_reason(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 0, PHASE_GREETING, RESULT_RESET, STARTED - 1);
    fails(sample, 1, PHASE_GREETING, RESULT_RESET, STARTED);
    assert_non_null(text_of(sample, "generator_fine")); /* one did */
    fails(sample, 0, PHASE_GREETING, RESULT_RESET, STARTED);
    check_silent(sample, "generator_fine");
    assert_int_equal(DOCUMENT_LIMIT_UNKNOWN, sample->document.limit);
}

static void the_target_with_most_failures_is_named(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 0, PHASE_CONNECT, RESULT_REFUSED, 60);
    fails(sample, 1, PHASE_CONNECT, RESULT_REFUSED, 61);
    check_says(sample, "refused", "61 of 100 connections to [::1]:1848 were refused");
    fails(sample, 0, PHASE_CONNECT, RESULT_REFUSED, 62);
    check_says(sample, "refused", "62 of 100 connections to 127.0.0.1:1848 were refused");
    sample->tallies[0].started = 1000; /* more failed, but not half */
    check_says(sample, "refused", "61 of 100 connections to [::1]:1848 were refused");
}

static void a_target_without_connections_has_no_verdict(void **state)
{
    struct report_sample *sample = *state;

    sample->tallies[1].started = sample->tallies[1].ok = 0;
    check_silent(sample, "refused");
    sample->tallies[1].started = 1;
    fails(sample, 1, PHASE_CONNECT, RESULT_REFUSED, 1);
    check_says(sample, "refused", "1 connection to [::1]:1848");
}

static void one_connection_is_reported_as_one(void **state)
{
    struct report_sample *sample = *state;

    sample->tallies[0].started = 1;
    fails(sample, 0, PHASE_CONNECT, RESULT_UNREACHABLE, 1);
    assert_int_equal(0,
                     strncmp(text_of(sample, "unreachable"), "1 connection could not reach", 28));
}

static void a_service_that_refuses_some_differs_from_one_that_is_not_there(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 0, PHASE_CONNECT, RESULT_REFUSED, STARTED - 1);
    check_says(sample, "refused", "were refused, others were not: did the service end or start");
    check_says_not(sample, "refused", "nothing listens there");
    fails(sample, 0, PHASE_CONNECT, RESULT_REFUSED, STARTED);
    check_says(sample, "refused", "were refused: nothing listens there");
    check_says_not(sample, "refused", "others were not");
}

static void a_name_may_have_the_service_at_its_other_family(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 1, PHASE_CONNECT, RESULT_REFUSED, STARTED);
    check_says_not(sample, "refused", "is taken as"); /* it was typed as an address */
    snprintf(sample->document.targets[1].host, sizeof(sample->document.targets[1].host),
             "localhost");
    check_says(sample, "refused",
               "; 'localhost' is taken as its IPv6 address: if the service "
               "listens on IPv4 only, use -4");
    fails(sample, 1, PHASE_CONNECT, RESULT_REFUSED, 0);
    fails(sample, 0, PHASE_CONNECT, RESULT_UNREACHABLE, STARTED);
    check_says_not(sample, "unreachable", "is taken as");
    snprintf(sample->document.targets[0].host, sizeof(sample->document.targets[0].host), "a\x1b\n");
    check_says(sample, "unreachable",
               "; 'a\\x1b\\n' is taken as its IPv4 address: if the service "
               "listens on IPv6 only, use -6");
}

static void a_silent_service_that_gets_no_request_names_send(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 0, PHASE_GREETING, RESULT_TIMEOUT, STARTED);
    check_says(sample, "silent_service",
               "within 10s: does the service wait for a request? send it "
               "with --send");
    sample->document.options.send.bytes = 1;
    check_says(sample, "silent_service", "within 10s: check --send and --expect");
    check_says_not(sample, "silent_service", "wait for a request");
}

static void a_service_that_keeps_connections_open_is_reported_with_the_timeout(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 0, PHASE_CLOSE, RESULT_TIMEOUT, STARTED);
    check_says(sample, "kept_open", "from 127.0.0.1:1848, but no end within 10s");
}

static void wrong_answers_of_both_kinds_are_added_up(void **state)
{
    struct report_sample *sample = *state;

    report_sample_wrong_answer(sample, 0, 1, 0, "moin");
    fails(sample, 0, PHASE_GREETING, RESULT_MISMATCH, 60);
    fails(sample, 1, PHASE_CLOSE, RESULT_EXTRA, 39);
    check_silent(sample, "wrong_answer");
    fails(sample, 1, PHASE_CLOSE, RESULT_EXTRA, 40);
    check_says(sample, "wrong_answer", "100 of 200 connections got an unexpected answer");
}

static void without_an_answer_to_show_none_is_called_wrong(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 0, PHASE_GREETING, RESULT_MISMATCH, STARTED);
    check_silent(sample, "wrong_answer");
    check_silent(sample, "http_status");
    report_sample_wrong_answer(sample, 0, 1, 0, "m");
    check_says(sample, "wrong_answer", "100 of 200");
}

static void a_short_answer_is_not_called_wrong(void **state)
{
    struct report_sample *sample = *state;

    report_sample_short_answer(sample, 0, 1, 3);
    fails(sample, 0, PHASE_GREETING, RESULT_SHORT, STARTED);
    fails(sample, 1, PHASE_GREETING, RESULT_SHORT, STARTED);
    check_silent(sample, "wrong_answer");
    check_silent(sample, "generator_fine");
}

static void an_answer_is_http_only_where_it_begins_as_that(void **state)
{
    struct report_sample *sample = *state;
    static const struct {
        bool is_http;
        uint32_t offset;
        const char *got;
    } answers[] = {
        {true, 0, NOT_FOUND},
        {true, 0, "HTTP/1"},
        {false, 0, "HTTP/"},
        {false, 3, NOT_FOUND},
        {false, 0, "http/1.1 404 Not Found"},
    };

    fails(sample, 0, PHASE_GREETING, RESULT_MISMATCH, STARTED);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        report_sample_wrong_answer(sample, 0, 1, answers[i].offset, answers[i].got);
        check_silent(sample, answers[i].is_http ? "wrong_answer" : "http_status");
        check_says(sample, answers[i].is_http ? "http_status" : "wrong_answer", "100 of 200");
    }
}

static void the_status_is_shown_to_the_end_of_its_line_and_no_further(void **state)
{
    struct report_sample *sample = *state;

    fails(sample, 0, PHASE_GREETING, RESULT_MISMATCH, STARTED);
    report_sample_wrong_answer(sample, 0, 2, 0, NOT_FOUND);
    check_says(sample, "http_status", "'HTTP/1.1 404 Not Found'");
    check_says_not(sample, "http_status", "Content-Length");
    report_sample_wrong_answer(sample, 1, 1, 0, "HTTP/1.1 500 \x1b[2J"); /* came earlier */
    check_says(sample, "http_status", "'HTTP/1.1 500 \\x1b[2J'");
}

int main(void)
{
#define ON_SAMPLE(test) cmocka_unit_test_setup_teardown(test, sample_begin, sample_end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_holds_from_half_of_the_connections_on),
        cmocka_unit_test(a_failure_has_one_verdict_only),
        cmocka_unit_test(they_never_say_that_the_generator_was_not_the_limit),
        ON_SAMPLE(nor_where_nothing_ended_well_for_another_reason),
        ON_SAMPLE(the_target_with_most_failures_is_named),
        ON_SAMPLE(a_target_without_connections_has_no_verdict),
        ON_SAMPLE(one_connection_is_reported_as_one),
        ON_SAMPLE(a_service_that_refuses_some_differs_from_one_that_is_not_there),
        ON_SAMPLE(a_name_may_have_the_service_at_its_other_family),
        ON_SAMPLE(a_silent_service_that_gets_no_request_names_send),
        ON_SAMPLE(a_service_that_keeps_connections_open_is_reported_with_the_timeout),
        ON_SAMPLE(wrong_answers_of_both_kinds_are_added_up),
        ON_SAMPLE(without_an_answer_to_show_none_is_called_wrong),
        ON_SAMPLE(a_short_answer_is_not_called_wrong),
        ON_SAMPLE(an_answer_is_http_only_where_it_begins_as_that),
        ON_SAMPLE(the_status_is_shown_to_the_end_of_its_line_and_no_further),
    };

    return cmocka_run_group_tests_name("verdict_failure", tests, NULL, NULL);
}
