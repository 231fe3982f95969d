/* Assertions about a result: their syntax, and when they hold. */
#include "base/fact.h"
#include "base/units.h"
#include "report/assertions.h"
#include "report_sample.h"
#include "result/assertion.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char error[OPTION_ERROR_BYTES];

/* The syntax of an assertion. */

static const struct {
    const char *text;
    struct assertion expected;
} assertions[] = {
    {"p99<5ms",
     {.metric = METRIC_LATENCY,
      .timing = TIMING_TOTAL,
      .percentile = 99,
      .comparison = BELOW,
      .bound = 5e6}},
    {"connect.p99.9<=20ms",
     {.metric = METRIC_LATENCY,
      .timing = TIMING_CONNECT,
      .percentile = 99.9,
      .comparison = AT_MOST,
      .bound = 20e6}},
    {"ipv6.connect.p99.99 > 0.5us",
     {.family = "ipv6",
      .metric = METRIC_LATENCY,
      .timing = TIMING_CONNECT,
      .percentile = 99.99,
      .comparison = ABOVE,
      .bound = 500}},
    {"total.p0==0",
     {.metric = METRIC_LATENCY,
      .timing = TIMING_TOTAL,
      .percentile = 0,
      .comparison = EQUAL,
      .bound = 0}},
    {"p100<1h",
     {.metric = METRIC_LATENCY,
      .timing = TIMING_TOTAL,
      .percentile = 100,
      .comparison = BELOW,
      .bound = 3600e9}},
    {"  greeting.max  !=  1s  ",
     {.metric = METRIC_LATENCY,
      .timing = TIMING_GREETING,
      .statistic = STATISTIC_MAX,
      .comparison = UNEQUAL,
      .bound = 1e9}},
    {"close.min>=1ns",
     {.metric = METRIC_LATENCY,
      .timing = TIMING_CLOSE,
      .statistic = STATISTIC_MIN,
      .comparison = AT_LEAST,
      .bound = 1}},
    {"lateness.mean<1ms",
     {.metric = METRIC_LATENCY,
      .timing = TIMING_LATENESS,
      .statistic = STATISTIC_MEAN,
      .comparison = BELOW,
      .bound = 1e6}},
    {"rate>=20k/s", {.metric = METRIC_RATE, .comparison = AT_LEAST, .bound = 20000}},
    {"rate>500", {.metric = METRIC_RATE, .comparison = ABOVE, .bound = 500}},
    {"ipv4.rate > 90/m",
     {.family = "ipv4", .metric = METRIC_RATE, .comparison = ABOVE, .bound = 1.5}},
    {"errors==0", {.metric = METRIC_ERRORS, .comparison = EQUAL}},
    {"errors<1%", {.metric = METRIC_ERRORS, .comparison = BELOW, .is_share = true, .bound = 1e6}},
    {"ok>=99.99%",
     {.metric = METRIC_OK, .comparison = AT_LEAST, .is_share = true, .bound = 99.99e6}},
    {"ipv4.errors<=0.000001%",
     {.family = "ipv4",
      .metric = METRIC_ERRORS,
      .comparison = AT_MOST,
      .is_share = true,
      .bound = 1}},
    {"started>=10k", {.metric = METRIC_STARTED, .comparison = AT_LEAST, .bound = 10000}},
    {"late<10", {.metric = METRIC_LATE, .comparison = BELOW, .bound = 10}},
    {"dropped<100%",
     {.metric = METRIC_DROPPED, .comparison = BELOW, .is_share = true, .bound = 100e6}},
    {"refused==0", {.metric = METRIC_FAILURE, .failure = RESULT_REFUSED, .comparison = EQUAL}},
    {"ipv6.no_descriptor<2",
     {.family = "ipv6",
      .metric = METRIC_FAILURE,
      .failure = RESULT_NO_DESCRIPTOR,
      .comparison = BELOW,
      .bound = 2}},
    {"retransmits<5", {.metric = METRIC_RETRANSMITS, .comparison = BELOW, .bound = 5}},
    {"syn_retransmits==0", {.metric = METRIC_SYN_RETRANSMITS, .comparison = EQUAL}},
    {"stalls<=3", {.metric = METRIC_STALLS, .comparison = AT_MOST, .bound = 3}},
};

static void an_assertion_is_a_metric_a_comparison_and_a_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(assertions); i++) {
        const struct assertion *expected = &assertions[i].expected;
        struct assertion got;

        if (assertion_parse(assertions[i].text, &got, error) != 0)
            fail_msg("'%s': %s", assertions[i].text, error);
        if (got.metric != expected->metric || got.failure != expected->failure ||
            got.timing != expected->timing || got.statistic != expected->statistic ||
            got.percentile != expected->percentile || got.comparison != expected->comparison ||
            got.is_share != expected->is_share || got.bound != expected->bound)
            fail_msg("'%s' is understood as metric %d, failure %d, timing %d, statistic %d %g, "
                     "comparison %d, bound %.17g",
                     assertions[i].text, (int)got.metric, (int)got.failure, (int)got.timing,
                     (int)got.statistic, got.percentile, (int)got.comparison, got.bound);
        if (expected->family == NULL)
            assert_null(got.family);
        else
            assert_string_equal(expected->family, got.family);
    }
}

static void every_kind_of_failure_is_a_metric(void **state)
{
    (void)state;
    for (unsigned result = RESULT_OK + 1; result < RESULT_COUNT; result++) {
        struct assertion assertion;
        char text[64];

        snprintf(text, sizeof(text), "%s<1%%", result_name((enum result)result));
        assert_int_equal(0, assertion_parse(text, &assertion, error));
        assert_int_equal(METRIC_FAILURE, assertion.metric);
        assert_int_equal(result, assertion.failure);
        assert_true(assertion_is_of_errors(&assertion));
    }
}

static void what_is_no_assertion_is_refused_with_an_example(void **state)
{
    static const struct {
        const char *said; /* among other things */
        const char *text;
    } rows[] = {
        {"needs a comparison", ""},
        {"needs a comparison", "p99"},
        {"needs a comparison", "p99=5ms"},
        {"needs a comparison", "p99 5ms"},
        {"no such metric", "<5ms"},
        {"no such metric", "p<5ms"},
        {"no such metric", "p101<5ms"},
        {"no such metric", "p99.<5ms"},
        {"no such metric", "p99k<5ms"},
        {"no such metric", "p-1<5ms"},
        {"no such metric", "p99.1234567<5ms"},
        {"no such metric", "P99<5ms"},
        {"no such metric", "99<5ms"},
        {"no such metric", "median<5ms"},
        {"no such metric", "connect<5ms"},
        {"no such metric", "connect.<5ms"},
        {"no such metric", "connect.rate>5"},
        {"no such metric", "connect.ipv6.p99<5ms"},
        {"no such metric", "connect.close.p99<5ms"},
        {"no such metric", "ipv5.p99<5ms"},
        {"no such metric", "ipv4.ipv6.p99<5ms"},
        {"no such metric", "p 99<5ms"},
        {"no such metric", "failures==0"},
        {"p99 must be compared with a duration with its unit, such as p99<5ms", "p99<5"},
        {"such as connect.p99.9<=5ms", "connect.p99.9 <= fast"},
        {"a duration", "p99<"},
        {"a duration", "p99<5 ms"},
        {"a duration", "p99<<5ms"},
        {"needs a comparison", "p99=<5ms"},
        {"a duration", "p99<-5ms"},
        {"a duration", "p99<1%"},
        {"a duration", "p99<5ms,errors==0"},
        {"a duration", "p99<9999999999h"},
        {"rate must be compared with a rate, such as rate>=20k/s", "rate>=fast"},
        {"a rate", "rate>20k/x"},
        {"a rate", "rate>5ms"},
        {"a rate", "rate>"},
        {"errors must be compared with a number or a percentage, such as errors<1%", "errors<x"},
        {"a number or a percentage", "errors<101%"},
        {"a number or a percentage", "errors<%"},
        {"a number or a percentage", "errors<1 %"},
        {"a number or a percentage", "errors<1%%"},
        {"a number or a percentage", "errors<1k%"},
        {"a number or a percentage", "errors<0.0000001%"},
        {"a number or a percentage", "errors<1.5"},
        {"a number or a percentage", "refused==0ms"},
        {"started must be compared with a number, such as started>10", "started>50%"},
        {"stalls must be compared with a number, such as stalls<10", "stalls<1%"},
        {"a number", "retransmits<1%"},
        {"omit the family, such as stalls==0", "ipv4.stalls==0"},
        {"omit the family, such as syn_retransmits==0", "ipv6.syn_retransmits<5"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char named[160];

        memset(error, '\0', sizeof(error));
        if (assertion_check(rows[i].text, error) != -EINVAL)
            fail_msg("'%s' is taken for an assertion", rows[i].text);
        snprintf(named, sizeof(named), "--assert '%s': ", rows[i].text);
        if (strncmp(error, named, strlen(named)) != 0 || strstr(error, rows[i].said) == NULL ||
            strstr(error, "such as") == NULL || strchr(error, '\n') != NULL)
            fail_msg("'%s': expected '%s' to be said of it, got: %s", rows[i].text, rows[i].said,
                     error);
    }
}

static void an_assertion_has_at_most_127_characters(void **state)
{
    char text[200];

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, "p99<5ms", 7);
    text[127] = '\0';
    assert_int_equal(0, assertion_check(text, error));
    text[127] = ' ';
    text[128] = '\0';
    assert_int_equal(-EINVAL, assertion_check(text, error));
    assert_non_null(strstr(error, "127 characters"));
}

static void the_error_is_one_line_whatever_was_typed(void **state)
{
    (void)state;
    assert_int_equal(-EINVAL, assertion_check("p\n\x1b\xff<5ms", error));
    assert_non_null(strstr(error, "'p\\n\\x1b\\xff<5ms'"));
}

/* When an assertion holds. */

static int sample_begin(void **state)
{
    *state = report_sample_new(3); /* ipv4, ipv6, ipv4 */
    return 0;
}

static int sample_end(void **state)
{
    report_sample_free(*state);
    return 0;
}

/* Evaluate one assertion; its outcome is valid until the next call. */
static const struct document_assertion *evaluated(struct report_sample *sample, const char *text)
{
    sample->asserted.count = 1;
    sample->asserted.items[0] = text;
    assertions_evaluate(&sample->document, &sample->asserted);
    assert_string_equal(text, sample->document.assertions[0].text);
    return &sample->document.assertions[0];
}

/* The metric is `value` in this sample: check each comparison with it and its neighbours. */
static void check_comparisons(struct report_sample *sample, const char *metric, uint64_t value,
                              const char *unit)
{
    static const struct {
        const char *comparison;
        bool expected[3]; /* for a value below, at and above the bound */
    } rows[] = {
        {"<", {true, false, false}}, {"<=", {true, true, false}},  {">", {false, false, true}},
        {">=", {false, true, true}}, {"==", {false, true, false}}, {"!=", {true, false, true}},
    };

    assert_true(value > 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (uint64_t at = 0; at < 3; at++) {
            char text[128];

            snprintf(text, sizeof(text), "%s %s %" PRIu64 "%s", metric, rows[i].comparison,
                     value + 1 - at, unit);
            const struct document_assertion *one = evaluated(sample, text);
            if (one->holds != rows[i].expected[at])
                fail_msg("'%s' %s, with the value %s", text, one->holds ? "holds" : "does not hold",
                         one->value);
        }
    }
}

static void durations_are_compared_to_the_nanosecond(void **state)
{
    struct report_sample *sample = *state;
    const struct histogram *timings = sample->all.timings;

    check_comparisons(sample, "p50", histogram_percentile(&timings[TIMING_TOTAL], 50), "ns");
    check_comparisons(sample, "total.p99.99", histogram_percentile(&timings[TIMING_TOTAL], 99.99),
                      "ns");
    check_comparisons(sample, "connect.p99.9", histogram_percentile(&timings[TIMING_CONNECT], 99.9),
                      "ns");
    check_comparisons(sample, "greeting.min", timings[TIMING_GREETING].min_ns, "ns");
    check_comparisons(sample, "close.max", timings[TIMING_CLOSE].max_ns, "ns");
    report_sample_open_loop(sample);
    check_comparisons(sample, "lateness.p99", histogram_percentile(&timings[TIMING_LATENESS], 99),
                      "ns");
}

static void a_mean_is_compared_as_it_is(void **state)
{
    struct report_sample *sample = *state;
    struct histogram *histogram = &sample->all.timings[TIMING_CONNECT];

    histogram_clear(histogram);
    histogram_record(histogram, 3000);
    histogram_record(histogram, 4000);
    check_comparisons(sample, "connect.mean", 3500, "ns");
    histogram_record(histogram, 3501);
    assert_true(evaluated(sample, "connect.mean>3.5us")->holds);
    assert_true(evaluated(sample, "connect.mean<3501ns")->holds);
}

static void counts_are_compared_one_by_one(void **state)
{
    struct report_sample *sample = *state;

    report_sample_open_loop(sample);
    report_sample_failures(sample);
    report_sample_troubles(sample);
    check_comparisons(sample, "started", sample->all.started, "");
    check_comparisons(sample, "ok", sample->all.ok, "");
    check_comparisons(sample, "errors", tally_failed(&sample->all), "");
    check_comparisons(sample, "late", sample->all.late, "");
    check_comparisons(sample, "dropped", sample->all.dropped, "");
    check_comparisons(sample, "retransmits", 19, "");
    check_comparisons(sample, "syn_retransmits", 12, "");
    check_comparisons(sample, "stalls", 60, "");
    for (unsigned result = RESULT_OK + 1; result < RESULT_COUNT; result++)
        check_comparisons(sample, result_name((enum result)result),
                          tally_failed_as(&sample->all, (enum result)result), "");
}

static void rates_are_compared_per_second(void **state)
{
    struct report_sample *sample = *state;

    sample->document.all.connections_per_s = 20000;
    check_comparisons(sample, "rate", 20000, "/s");
    assert_true(evaluated(sample, "rate==20k")->holds);
    assert_true(evaluated(sample, "rate==1.2M/m")->holds);
    sample->document.all.connections_per_s = 19999.96;
    assert_false(evaluated(sample, "rate>=20k/s")->holds);
    assert_string_equal("19999.96/s", evaluated(sample, "rate>=20k/s")->value);
}

static void percentages_are_exact_at_the_bound(void **state)
{
    static const struct {
        bool expected;
        uint64_t failed, started;
        const char *text;
    } rows[] = {
        {false, 1, 1000, "errors<0.1%"},
        {true, 1, 1000, "errors<=0.1%"},
        {true, 1, 1001, "errors<0.1%"},
        {false, 1, 999, "errors<=0.1%"},
        {true, 3, 1000, "errors==0.3%"},
        {true, 7, 1000, "errors==0.7%"},
        {true, 29, 100, "errors==29%"},
        {true, 57, 1000, "errors==5.7%"},
        {false, 1, 100000000, "errors<0.000001%"},
        {true, 1, 100000000, "errors<=0.000001%"},
        {false, 10000001, 1000000000, "errors<=1%"},
        {true, 10000000, 1000000000, "errors<=1%"},
        {true, 5, 5, "errors==100%"},
        {true, 0, 5, "errors==0%"},
        {true, 1, 1000, "refused==0.1%"},
        {true, 1, 1000, "ok==99.9%"},
    };
    struct report_sample *sample = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        sample->all.started = rows[i].started;
        sample->all.ok = rows[i].started - rows[i].failed;
        sample->all.failed[PHASE_CONNECT][RESULT_REFUSED] = rows[i].failed;
        const struct document_assertion *one = evaluated(sample, rows[i].text);
        if (one->holds != rows[i].expected)
            fail_msg("'%s' %s, with the value %s", rows[i].text,
                     one->holds ? "holds" : "does not hold", one->value);
    }
}

static void dropped_is_a_share_of_what_was_intended(void **state)
{
    struct report_sample *sample = *state;

    sample->all.started = 75;
    sample->all.dropped = 25;
    sample->all.late = 15;
    assert_true(evaluated(sample, "dropped==25%")->holds);
    assert_true(evaluated(sample, "late==20%")->holds);
}

static void a_family_is_evaluated_by_all_targets_of_it_and_no_other(void **state)
{
    struct report_sample *sample = *state;
    const struct tally *tallies = sample->tallies;
    struct histogram *both = test_calloc(1, sizeof(*both));

    report_sample_failures(sample);
    sample->tallies[2].failed[PHASE_CONNECT][RESULT_REFUSED] = 5;
    histogram_add(both, &tallies[0].timings[TIMING_CONNECT]);
    histogram_add(both, &tallies[2].timings[TIMING_CONNECT]);
    check_comparisons(sample, "ipv4.connect.p99", histogram_percentile(both, 99), "ns");
    check_comparisons(sample, "ipv4.refused", 15, "");
    check_comparisons(sample, "ipv4.started", tallies[0].started + tallies[2].started, "");
    check_comparisons(sample, "ipv6.p50",
                      histogram_percentile(&tallies[1].timings[TIMING_TOTAL], 50), "ns");
    assert_true(evaluated(sample, "ipv6.errors==0")->holds);
    assert_false(evaluated(sample, "errors==0")->holds);
    sample->document.targets[0].connections_per_s = 1000;
    sample->document.targets[1].connections_per_s = 20;
    sample->document.targets[2].connections_per_s = 3;
    assert_true(evaluated(sample, "ipv4.rate==1003")->holds);
    assert_true(evaluated(sample, "ipv6.rate==20")->holds);
    test_free(both);
}

static void nothing_holds_of_a_family_without_a_target(void **state)
{
    struct report_sample *sample = *state;

    sample->document.target_count = 1;
    assert_true(evaluated(sample, "ipv4.errors==0")->holds);
    const struct document_assertion *one = evaluated(sample, "ipv6.errors==0");
    assert_false(one->holds);
    assert_string_equal("no ipv6 target", one->value);
}

static void nothing_holds_of_durations_that_were_not_measured(void **state)
{
    static const char *const texts[] = {"p99<1h",  "p99>0",       "p99!=5ms",       "min>=0",
                                        "mean==0", "ipv6.max<1h", "lateness.p99<1h"};
    struct report_sample *sample = *state;

    for (int timing = 0; timing < TIMING_COUNT; timing++) {
        histogram_clear(&sample->all.timings[timing]);
        histogram_clear(&sample->tallies[1].timings[timing]);
    }
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_false(evaluated(sample, texts[i])->holds);
        assert_string_equal("no samples", sample->document.assertions[0].value);
    }
}

static void a_share_of_nothing_does_not_hold(void **state)
{
    struct report_sample *sample = *state;

    sample->all.started = 0;
    sample->all.ok = 0;
    assert_false(evaluated(sample, "errors<1%")->holds);
    assert_string_equal("nothing started", sample->document.assertions[0].value);
    assert_true(evaluated(sample, "errors==0")->holds);
}

static void nothing_holds_of_a_count_that_the_kernel_does_not_report(void **state)
{
    struct report_sample *sample = *state;

    sample->document.usage.retransmits = FACT_UNKNOWN;
    assert_false(evaluated(sample, "retransmits==0")->holds);
    assert_string_equal("unknown", sample->document.assertions[0].value);
}

static void what_is_not_understood_does_not_hold(void **state)
{
    struct report_sample *sample = *state;

    assert_false(evaluated(sample, "speed>9000")->holds);
    assert_string_equal("not understood", sample->document.assertions[0].value);
}

static void the_value_is_shown_with_its_unit(void **state)
{
    static const struct {
        const char *expected;
        uint64_t ns;
        const char *text;
    } rows[] = {
        {"3.2ms", 3200000, "max<5ms"},
        {"3.215ms", 3214999, "max<5ms"},
        {"999ns", 999, "max<5ms"},
        {"1us", 1000, "max<5ms"},
        {"1.5s", 1500000000, "max<5ms"},
        {"61.25s", UINT64_C(61250000000), "max<5ms"},
        {"5ms", 5000000, "max<5ms"},
        {"5.0004ms", 5000400, "max<5ms"},
        {"5.000001ms", 5000001, "max<5ms"},
        {"1.000000001s", 1000000001, "max<=1s"},
        {"0ns", 0, "max<5ms"},
    };
    struct report_sample *sample = *state;
    struct histogram *histogram = &sample->all.timings[TIMING_TOTAL];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        histogram_clear(histogram);
        histogram_record(histogram, rows[i].ns);
        assert_string_equal(rows[i].expected, evaluated(sample, rows[i].text)->value);
    }
    sample->all.started = 1000;
    sample->all.ok = 998;
    sample->all.failed[PHASE_CLOSE][RESULT_RESET] = 2;
    assert_string_equal("2", evaluated(sample, "errors==0")->value);
    assert_string_equal("0.2%", evaluated(sample, "reset<1%")->value);
    assert_string_equal("99.8%", evaluated(sample, "ok>=99%")->value);
    sample->all.started = 1000000;
    sample->all.failed[PHASE_CLOSE][RESULT_RESET] = 10001;
    assert_string_equal("1.0001%", evaluated(sample, "reset<=1%")->value);
    sample->document.all.connections_per_s = 7987.25;
    assert_string_equal("7987.2/s", evaluated(sample, "rate>1")->value);
}

/* Which assertions are evaluated. */

static void errors_must_be_none_unless_said_otherwise(void **state)
{
    static const struct {
        bool is_said;
        const char *text;
    } rows[] = {
        {false, "p99<1h"},    {false, "rate>0"},        {false, "dropped==0"}, {false, "late<5"},
        {false, "started>0"}, {false, "stalls<1000"},   {true, "errors<1%"},   {true, "ok>0"},
        {true, "refused==0"}, {true, "ipv6.errors==0"},
    };
    struct report_sample *sample = *state;

    report_sample_failures(sample);
    sample->all.failed[PHASE_CONNECT][RESULT_REFUSED] = 0;
    sample->all.started *= 1000;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct document *document = &sample->document;

        assert_true(evaluated(sample, rows[i].text)->holds);
        assert_int_equal(rows[i].is_said ? 1 : 3, document->assertion_count);
        if (!rows[i].is_said)
            assert_string_equal("errors==0", document->assertions[1].text);
        if (!rows[i].is_said)
            assert_string_equal("ok>0", document->assertions[2].text);
        assert_int_equal(rows[i].is_said,
                         assertions_evaluate(&sample->document, &sample->asserted));
    }
}

static void an_open_loop_must_keep_its_schedule_unless_said_otherwise(void **state)
{
    static const struct {
        bool is_said;
        const char *text;
    } rows[] = {
        {false, "p99<1h"},      {false, "ok>0"},           {false, "connect.p99<1h"},
        {false, "stalls<1000"}, {true, "dropped<50%"},     {true, "late<50%"},
        {true, "rate>0"},       {true, "lateness.p50<1h"}, {true, "ipv4.dropped<50%"},
    };
    struct report_sample *sample = *state;

    report_sample_open_loop(sample);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct document *document = &sample->document;
        uint32_t last;

        evaluated(sample, rows[i].text);
        last = document->assertion_count - 1;
        assert_int_equal(rows[i].is_said,
                         strcmp(ASSERTION_LATENESS, document->assertions[last].text) != 0);
        if (!rows[i].is_said)
            assert_string_equal("dropped==0", document->assertions[last - 1].text);
    }
}

static void all_hold_if_each_does(void **state)
{
    struct report_sample *sample = *state;
    struct option_texts *texts = &sample->asserted;

    assert_true(assertions_evaluate(&sample->document, &sample->asserted));
    assert_int_equal(2, sample->document.assertion_count);
    assert_string_equal("errors==0", sample->document.assertions[0].text);
    assert_string_equal("0", sample->document.assertions[0].value);

    *texts = (struct option_texts){.count = 3, .items = {"p50<1h", "ok>0", "rate>0"}};
    assert_true(assertions_evaluate(&sample->document, &sample->asserted));
    assert_int_equal(3, sample->document.assertion_count);
    for (uint32_t i = 0; i < 3; i++) {
        const char *fine = texts->items[i];

        texts->items[i] = "p50>1h";
        assert_false(assertions_evaluate(&sample->document, &sample->asserted));
        texts->items[i] = fine;
    }
}

static void as_many_as_can_be_given_are_evaluated(void **state)
{
    struct report_sample *sample = *state;

    for (uint32_t i = 0; i < OPTION_TEXTS_MAX; i++)
        sample->asserted.items[i] = "p99<1h";
    sample->asserted.count = OPTION_TEXTS_MAX;
    assert_true(assertions_evaluate(&sample->document, &sample->asserted));
    assert_int_equal(OPTION_TEXTS_MAX + 2, sample->document.assertion_count);
}

static void a_run_in_which_nothing_ended_well_does_not_pass(void **state)
{
    struct report_sample *sample = *state;

    sample->all.ok = 0;
    assert_false(assertions_evaluate(&sample->document, &sample->asserted));
    assert_true(sample->document.assertions[0].holds);
    assert_string_equal("ok>0", sample->document.assertions[1].text);
    assert_false(sample->document.assertions[1].holds);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, sample_begin, sample_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assertion_is_a_metric_a_comparison_and_a_value),
        cmocka_unit_test(every_kind_of_failure_is_a_metric),
        cmocka_unit_test(what_is_no_assertion_is_refused_with_an_example),
        cmocka_unit_test(an_assertion_has_at_most_127_characters),
        cmocka_unit_test(the_error_is_one_line_whatever_was_typed),
        WITH_SAMPLE(durations_are_compared_to_the_nanosecond),
        WITH_SAMPLE(a_mean_is_compared_as_it_is),
        WITH_SAMPLE(counts_are_compared_one_by_one),
        WITH_SAMPLE(rates_are_compared_per_second),
        WITH_SAMPLE(percentages_are_exact_at_the_bound),
        WITH_SAMPLE(dropped_is_a_share_of_what_was_intended),
        WITH_SAMPLE(a_family_is_evaluated_by_all_targets_of_it_and_no_other),
        WITH_SAMPLE(nothing_holds_of_a_family_without_a_target),
        WITH_SAMPLE(nothing_holds_of_durations_that_were_not_measured),
        WITH_SAMPLE(a_share_of_nothing_does_not_hold),
        WITH_SAMPLE(nothing_holds_of_a_count_that_the_kernel_does_not_report),
        WITH_SAMPLE(what_is_not_understood_does_not_hold),
        WITH_SAMPLE(the_value_is_shown_with_its_unit),
        WITH_SAMPLE(errors_must_be_none_unless_said_otherwise),
        WITH_SAMPLE(an_open_loop_must_keep_its_schedule_unless_said_otherwise),
        WITH_SAMPLE(all_hold_if_each_does),
        WITH_SAMPLE(as_many_as_can_be_given_are_evaluated),
        WITH_SAMPLE(a_run_in_which_nothing_ended_well_does_not_pass),
    };
    return cmocka_run_group_tests_name("assertion", tests, NULL, NULL);
}
