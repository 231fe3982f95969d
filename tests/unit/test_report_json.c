/* The numbers of the document are those of the report, and unknown values are written as null. What
 * the document looks like is checked by test_report_schema.py. */
#include "base/fact.h"
#include "base/units.h"
#include "engine/engine_feature.h"
#include "rendering.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The document of a report; free it with json_decref. */
static json_t *document_of(const struct document *document)
{
    char *text = rendering_json(document);
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL)
        fail_msg("not JSON: line %d: %s", error.line, error.text);
    free(text);
    return json;
}

/* The member at a path such as "result.all.ok" or "result.targets.0.ok", where / stands for a dot
 * in a name. */
static const json_t *member_at(const json_t *value, const char *path)
{
    while (*path != '\0') {
        char name[64];
        size_t length = strcspn(path, ".");

        assert_true(length < sizeof(name));
        memcpy(name, path, length);
        name[length] = '\0';
        for (char *at = strchr(name, '/'); at != NULL; at = strchr(at, '/'))
            *at = '.';
        value = json_is_array(value) ? json_array_get(value, strtoul(name, NULL, 10))
                                     : json_object_get(value, name);
        if (value == NULL)
            fail_msg("no member '%s'", path);
        path += length + (path[length] == '.');
    }
    return value;
}

static void expect_number(uint64_t expected, const json_t *document, const char *path)
{
    const json_t *member = member_at(document, path);

    assert_true(json_is_integer(member));
    assert_int_equal(expected, json_integer_value(member));
}

static void expect_real(double expected, const json_t *document, const char *path)
{
    const json_t *member = member_at(document, path);

    assert_true(json_is_real(member));
    assert_true(fabs(json_real_value(member) - expected) <= 1e-12 * fabs(expected));
}

static void expect_text(const char *expected, const json_t *document, const char *path)
{
    assert_string_equal(expected, json_string_value(member_at(document, path)));
}

static void expect_null(const json_t *document, const char *path)
{
    assert_true(json_is_null(member_at(document, path)));
}

static int sample_begin(void **state)
{
    *state = report_sample_new(2);
    return 0;
}

static int sample_end(void **state)
{
    report_sample_free(*state);
    return 0;
}

static void the_run_is_written_with_the_options_in_force(void **state)
{
    struct report_sample *sample = *state;

    report_sample_open_loop(sample);
    sample->document.options.rate = (struct option_rate){.starts = 90, .period_ns = 60 * NS_PER_S};
    sample->document.options.connect_timeout_ns = 7;
    json_t *document = document_of(&sample->document);
    expect_text("2025-10-09T08:53:20.123456Z", document, "run.start");
    expect_text("[::1]:1848", document, "run.targets.1");
    expect_real(5, document, "run.window_s");
    expect_real(6.012, document, "run.elapsed_s");
    expect_real(1.5, document, "run.options.rate_per_s");
    expect_text("poisson", document, "run.options.arrivals");
    expect_text("both", document, "run.options.family");
    expect_text("fin", document, "run.options.close");
    expect_text("none", document, "run.options.proxy_protocol");
    expect_text("hello\\n", document, "run.options.expect");
    expect_number(LOAD_OPEN_LOOP, document, "run.options.connections");
    expect_number(7, document, "run.options.connect_timeout_ns");
    expect_number(5 * NS_PER_S, document, "run.options.duration_ns");
    expect_null(document, "run.options.count");
    expect_null(document, "run.options.source");
    json_decref(document);
}

static void the_targets_are_written_number_by_number(void **state)
{
    struct report_sample *sample = *state;
    const struct tally *tally = &sample->tallies[0];
    const struct histogram *connect = &tally->timings[TIMING_CONNECT];

    report_sample_failures(sample);
    report_sample_open_loop(sample);
    json_t *document = document_of(&sample->document);
    const json_t *target = member_at(document, "result.targets.0");
    expect_text("127.0.0.1:1848", target, "name");
    expect_text("ipv4", target, "family");
    expect_real((double)tally->ok_in_window / 5, target, "connections_per_s");
    expect_number(tally->started, target, "started");
    expect_number(tally->ok, target, "ok");
    expect_number(tally->ok_in_window, target, "ok_in_window");
    expect_number(tally->late, target, "late");
    expect_number(7, target, "dropped");
    expect_number(tally->warmup, target, "warmup");
    expect_number(10 * RESULT_REFUSED, target, "errors.connect.refused");
    expect_number(10 * RESULT_RESET + 1, target, "errors.greeting.reset");
    expect_number(10 * RESULT_EXTRA + 2, target, "errors.close.extra");
    expect_number(tally->other[EHOSTDOWN], target, "other_errors.EHOSTDOWN");
    expect_number(tally->other[0], target, "other_errors.unknown");
    expect_number(connect->count, target, "timings.connect.count");
    expect_number(connect->min_ns, target, "timings.connect.min_ns");
    expect_number(connect->max_ns, target, "timings.connect.max_ns");
    expect_real(histogram_mean(connect), target, "timings.connect.mean_ns");
    expect_number(histogram_percentile(connect, 50), target, "timings.connect.percentiles_ns.50");
    expect_number(histogram_percentile(connect, 99.9), target,
                  "timings.connect.percentiles_ns.99/9");
    expect_number(histogram_percentile(connect, 99.99), target,
                  "timings.connect.percentiles_ns.99/99");
    expect_text("ipv6", document, "result.targets.1.family");
    expect_number(2, document, "result.targets.1.weight");
    expect_null(document, "result.all.family");
    json_decref(document);
}

static void an_errno_without_a_name_goes_by_its_number(void **state)
{
    struct report_sample *sample = *state;

    sample->tallies[0].other[41] = 3; /* Linux left 41 and 58 out */
    json_t *document = document_of(&sample->document);
    expect_number(3, document, "result.targets.0.other_errors.errno 41");
    json_decref(document);
}

static void the_machine_is_written_in_nanoseconds(void **state)
{
    struct report_sample *sample = *state;

    report_sample_troubles(sample);
    snprintf(sample->document.machine.clock_source, sizeof(sample->document.machine.clock_source),
             "%s", "");
    json_t *document = document_of(&sample->document);
    expect_number(5 * NS_PER_MS, document, "machine.quota_ns");
    expect_number(80 * NS_PER_MS, document, "machine.quota_period_ns");
    expect_null(document, "machine.clock_source");
    expect_text("4096", document, "machine.settings.net/core/somaxconn");
    expect_number(12, document, "usage.syn_retransmits");
    expect_number(3750 * NS_PER_MS, document, "usage.throttled_ns");
    expect_number(60, document, "stalls.count");
    expect_number(75 * NS_PER_MS, document, "stalls.kept.59.length_ns");
    expect_real(0.030, document, "threads.1.busy_share");
    expect_real(0.03125, document, "threads.1.allowed_share");
    expect_number(12, document, "series.intervals.0.stalls.count");
    json_decref(document);
}

static void what_the_engine_got_is_named(void **state)
{
    struct report_sample *sample = *state;
    json_t *document;

    sample->document.engine_features = ENGINE_DEFER_TASKRUN | ENGINE_ACCEPT_POLL_FIRST;
    document = document_of(&sample->document);
    assert_int_equal(2, json_array_size(member_at(document, "run.engine_features")));
    expect_text("defer_taskrun", document, "run.engine_features.0");
    expect_text("accept_poll_first", document, "run.engine_features.1");
    json_decref(document);
    sample->document.engine_features = 0;
    document = document_of(&sample->document);
    assert_int_equal(0, json_array_size(member_at(document, "run.engine_features")));
    json_decref(document);
}

static void expect_switch(bool expected, const json_t *document, const char *path)
{
    assert_true(json_is_boolean(member_at(document, path)));
    assert_int_equal(expected, json_is_true(member_at(document, path)));
}

static void what_the_device_of_a_target_does_is_written_or_unknown(void **state)
{
    struct report_sample *sample = *state;

    sample->document.targets[0].offloads =
        (struct offloads){.gro = 0, .gso = 1, .tso = FACT_UNKNOWN};
    sample->document.targets[1].offloads =
        (struct offloads){.gro = FACT_UNKNOWN, .gso = 0, .tso = 1};
    json_t *document = document_of(&sample->document);
    expect_switch(false, document, "result.targets.0.gro");
    expect_switch(true, document, "result.targets.0.gso");
    expect_null(document, "result.targets.0.tso");
    expect_null(document, "result.targets.1.gro");
    expect_switch(false, document, "result.targets.1.gso");
    expect_switch(true, document, "result.targets.1.tso");
    expect_null(document, "result.all.gso");
    json_decref(document);
}

static void tracked_connections_are_counted_or_unknown(void **state)
{
    struct report_sample *sample = *state;
    json_t *document = document_of(&sample->document);

    expect_number(0, document, "machine.tracked_connections");
    json_decref(document);
    sample->document.tracked_connections = 12345;
    document = document_of(&sample->document);
    expect_number(12345, document, "machine.tracked_connections");
    json_decref(document);
    sample->document.tracked_connections = FACT_UNKNOWN;
    document = document_of(&sample->document);
    expect_null(document, "machine.tracked_connections");
    json_decref(document);
}

static void the_first_unexpected_answers_are_written_by_target(void **state)
{
    struct report_sample *sample = *state;
    json_t *document = document_of(&sample->document);

    expect_null(document, "result.wrong_answer");
    expect_null(document, "result.targets.0.wrong_answer");
    expect_null(document, "result.targets.0.short_answer");
    json_decref(document);
    report_sample_wrong_answer(sample, 0, 9, 4, "!\n");
    report_sample_wrong_answer(sample, 1, 8, 0, "moin");
    report_sample_short_answer(sample, 1, 7, 3);
    document = document_of(&sample->document);
    expect_number(0, document, "result.wrong_answer.offset_bytes"); /* the earlier one */
    expect_text("moin", document, "result.wrong_answer.got");
    expect_number(4, document, "result.targets.0.wrong_answer.offset_bytes");
    expect_text("!\\n", document, "result.targets.0.wrong_answer.got");
    expect_text("moin", document, "result.targets.1.wrong_answer.got");
    expect_null(document, "result.targets.0.short_answer");
    expect_number(6, document, "result.targets.1.short_answer.expected_bytes");
    expect_number(3, document, "result.targets.1.short_answer.came_bytes");
    expect_text("hel", document, "result.targets.1.short_answer.got");
    expect_null(document, "result.all.wrong_answer");
    expect_null(document, "result.all.short_answer");
    json_decref(document);
}

static void what_was_not_timed_is_null_and_not_0(void **state)
{
    struct report_sample *sample = *state;
    json_t *document = document_of(&sample->document);

    expect_number(0, document, "result.all.timings.lateness.count");
    expect_null(document, "result.all.timings.lateness.mean_ns");
    expect_null(document, "result.all.timings.lateness.percentiles_ns.50");
    expect_null(document, "series.intervals.0.all.timings.total.p50_ns");
    expect_null(document, "series.intervals.1.all.timings.lateness.p50_ns");
    expect_number(sample->intervals[1].all.p50_ns[TIMING_TOTAL], document,
                  "series.intervals.1.all.timings.total.p50_ns");
    json_decref(document);
}

/* Each value is different, so that none can replace another. */
static void each_second_is_written_number_by_number(void **state)
{
    struct report_sample *sample = *state;
    struct document_interval *interval = &sample->intervals[2];
    struct document_point *point = &interval->targets[1];

    report_sample_failures(sample);
    point->failed_as[RESULT_REFUSED] = 1001;
    point->failed_as[RESULT_OTHER] = 1002;
    point->p90_ns[TIMING_CLOSE] = 1003;
    point->p99_9_ns[TIMING_CLOSE] = 1004;
    interval->usage = (struct usage){1, 2, 3, 4, 14, 5, 6, 7, 8, 9, 10, 11, 12, FACT_UNKNOWN};
    json_t *document = document_of(&sample->document);
    const json_t *written = member_at(document, "series.intervals.2");
    expect_number(1001, written, "targets.1.errors.refused");
    expect_number(1002, written, "targets.1.errors.other");
    expect_number(interval->all.failed_as[RESULT_NO_PORT], written, "all.errors.no_port");
    expect_number(1003, written, "targets.1.timings.close.p90_ns");
    expect_number(1004, written, "targets.1.timings.close.p99_9_ns");
    expect_number(point->max_ns[TIMING_CLOSE], written, "targets.1.timings.close.max_ns");
    expect_number(1, written, "usage.length_ns");
    expect_number(2, written, "usage.process_ns");
    expect_number(3, written, "usage.busy_ns");
    expect_number(4, written, "usage.softirq_ns");
    expect_number(5, written, "usage.steal_ns");
    expect_number(6, written, "usage.throttled_count");
    expect_number(7, written, "usage.throttled_ns");
    expect_number(8, written, "usage.active_opens");
    expect_number(9, written, "usage.passive_opens");
    expect_number(10, written, "usage.syn_retransmits");
    expect_number(11, written, "usage.retransmits");
    expect_number(12, written, "usage.listen_overflows");
    expect_number(14, written, "usage.idle_ns");
    expect_null(written, "usage.listen_drops");
    json_decref(document);
}

static void numbers_that_json_does_not_have_are_replaced(void **state)
{
    struct report_sample *sample = *state;

    sample->document.all.connections_per_s = (double)NAN;
    sample->document.targets[0].connections_per_s = (double)INFINITY;
    sample->tallies[0].timings[TIMING_CONNECT].max_ns = UINT64_MAX;
    json_t *document = document_of(&sample->document);
    expect_null(document, "result.all.connections_per_s");
    expect_null(document, "result.targets.0.connections_per_s");
    expect_number(INT64_MAX, document, "result.targets.0.timings.connect.max_ns");
    json_decref(document);
}

static void a_full_file_is_an_error(void **state)
{
    struct report_sample *sample = *state;
    FILE *full = fopen("/dev/full", "we");

    assert_non_null(full);
    assert_int_equal(-ENOSPC, document_write(&sample->document, full));
    fclose(full);
}

static size_t allocations_left;

static void *allocate_while_there_is_memory(size_t bytes)
{
    if (allocations_left == 0) {
        errno = ENOMEM;
        return NULL;
    }
    allocations_left--;
    return malloc(bytes);
}

static void no_memory_for_any_part_is_an_error(void **state)
{
    struct report_sample *sample = *state;
    FILE *out = tmpfile();
    size_t allocations = 0;
    int result = -ENOMEM;

    assert_non_null(out);
    sample->document.interval_count = 1;
    memset(sample->tallies, 0,
           sizeof(sample->tallies)); /* histograms take time, and one is enough */
    memset(&sample->all, 0, sizeof(sample->all));
    histogram_record(&sample->tallies[0].timings[TIMING_TOTAL], 5);
    json_set_alloc_funcs(allocate_while_there_is_memory, free);
    for (; result == -ENOMEM && allocations < 100000; allocations++) {
        allocations_left = allocations;
        result = document_write(&sample->document, out);
    }
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(0, result);
    assert_true(allocations > 1000);
    fclose(out);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, sample_begin, sample_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SAMPLE(the_run_is_written_with_the_options_in_force),
        WITH_SAMPLE(the_targets_are_written_number_by_number),
        WITH_SAMPLE(an_errno_without_a_name_goes_by_its_number),
        WITH_SAMPLE(the_machine_is_written_in_nanoseconds),
        WITH_SAMPLE(what_the_engine_got_is_named),
        WITH_SAMPLE(what_the_device_of_a_target_does_is_written_or_unknown),
        WITH_SAMPLE(tracked_connections_are_counted_or_unknown),
        WITH_SAMPLE(the_first_unexpected_answers_are_written_by_target),
        WITH_SAMPLE(what_was_not_timed_is_null_and_not_0),
        WITH_SAMPLE(each_second_is_written_number_by_number),
        WITH_SAMPLE(numbers_that_json_does_not_have_are_replaced),
        WITH_SAMPLE(a_full_file_is_an_error),
        WITH_SAMPLE(no_memory_for_any_part_is_an_error),
    };
    return cmocka_run_group_tests_name("document_write", tests, NULL, NULL);
}
