/* A document survives write, read and write: byte for byte, and with the same report. */
#include "base/escape.h"
#include "printed.h"
#include "rendering.h"
#include "report/report.h"
#include "report_sample.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char *rendering_csv(const struct document *document)
{
    struct printed printed;
    FILE *out = printed_begin(&printed);

    report_csv(document, out);
    report_line(document, out, true);
    return printed_end(&printed);
}

static int read_text(const char *text, struct document *document, char error[DOCUMENT_ERROR_BYTES])
{
    char *copy = strdup(text);
    FILE *in = fmemopen(copy, strlen(text), "r");
    int result;

    assert_non_null(in);
    result = document_read(document, in, error);
    fclose(in);
    free(copy);
    return result;
}

/* Read a text into a document; the caller frees it with forget(). */
static struct document *read_back(const char *text)
{
    struct document *document = calloc(1, sizeof(*document));
    char error[DOCUMENT_ERROR_BYTES] = "";

    assert_non_null(document);
    if (read_text(text, document, error) < 0)
        fail_msg("cannot read what was written: %s", error);
    return document;
}

static void forget(struct document *document)
{
    document_release(document);
    free(document);
}

static void is_healthy(struct report_sample *sample)
{
    (void)sample;
}

static void has_all(struct report_sample *sample)
{
    report_sample_all(sample);
    report_sample_wrong_answer(sample, 0, 1, 2, "a\\\x01");
    report_sample_short_answer(sample, 1, 2, 3);
    sample->document.thread[1].cpu = -1;
}

/* What no clock of this machine says exactly in decimals. */
static void has_odd_durations(struct report_sample *sample)
{
    struct histogram *total = &sample->tallies[0].timings[TIMING_TOTAL];

    sample->document.window_s = 4.987654321;
    sample->document.rate_s = 5.000000001;
    sample->document.elapsed_s = 1.0 / 3;
    histogram_record(total, 3);
    histogram_record(total, HISTOGRAM_MAX_NS + 12345);
    histogram_record(total, 123456789123);
}

static const struct {
    uint32_t targets;
    void (*change)(struct report_sample *sample);
} samples[] = {
    {1, is_healthy},
    {5, is_healthy},
    {2, has_all},
    {1, has_odd_durations},
    {2, report_sample_cut_short},
};

static void what_is_read_back_is_written_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct report_sample *sample = report_sample_new(samples[i].targets);
        char *first, *second;
        struct document *document;

        samples[i].change(sample);
        first = rendering_json(&sample->document);
        document = read_back(first);
        second = rendering_json(document);
        assert_string_equal(first, second);
        forget(document);
        free(first);
        free(second);
        report_sample_free(sample);
    }
}

static void what_is_read_back_is_reported_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct report_sample *sample = report_sample_new(samples[i].targets);
        char *text, *expected, *actual;
        struct document *document;

        samples[i].change(sample);
        text = rendering_json(&sample->document);
        document = read_back(text);
        expected = rendering_text(&sample->document, false, 100);
        actual = rendering_text(document, false, 100);
        assert_string_equal(expected, actual);
        free(expected);
        free(actual);
        expected = rendering_csv(&sample->document);
        actual = rendering_csv(document);
        assert_string_equal(expected, actual);
        free(expected);
        free(actual);
        free(text);
        forget(document);
        report_sample_free(sample);
    }
}

static void what_is_not_a_document_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "is not JSON: line 1, column 0: '[' or '{' expected near end of file"},
        {"{\"schema\":", "is not JSON: line 1, column 10: unexpected token near end of file"},
        {"{}", "is not a result of hello-load: its schema is '', not 'hello-load/3'"},
        {"{\"schema\":\"other/3\"}",
         "is not a result of hello-load: its schema is 'other/3', not 'hello-load/3'"},
        {"{\"schema\":\"hello-load/2\"}",
         "is of another version of hello-load: its schema is 'hello-load/2', not 'hello-load/3'"},
        {"{\"schema\":\"hello-load/3\"}", "'program' in 'document' is missing"},
        {"{\"schema\":\"hello-load/3\",\"program\":{\"version\":\"1\"},\"run\":7}",
         "'run' in 'document' is not an object"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct document *document = calloc(1, sizeof(*document));
        char error[DOCUMENT_ERROR_BYTES] = "";

        assert_non_null(document);
        assert_int_equal(-EINVAL, read_text(rows[i].text, document, error));
        assert_string_equal(rows[i].error, error);
        forget(document);
    }
}

/* Read the document without this member of an object in it: the error must name it, or it must
 * follow from the others, so that it is written again. */
static void check_without(json_t *root, json_t *object, const char *name, const char *whole)
{
    json_t *value = json_incref(json_object_get(object, name));
    struct document *document = calloc(1, sizeof(*document));
    char error[DOCUMENT_ERROR_BYTES] = "", quoted[80];
    char *text, *again = NULL;
    int result;

    assert_non_null(document);
    json_object_del(object, name);
    text = json_dumps(root, JSON_COMPACT);
    result = read_text(text, document, error);
    snprintf(quoted, sizeof(quoted), strcmp(name, "schema") == 0 ? "its %s" : "'%s' in ", name);
    if (result == 0)
        again = rendering_json(document);
    if (again ? strcmp(again, whole) != 0 : result != -EINVAL || !strstr(error, quoted))
        fail_msg("without '%s': %d: %s", name, result, error);
    json_object_set_new(object, name, value);
    free(again);
    free(text);
    forget(document);
}

/* Each member of the value, and of all that is in it but the members of lists after the first. */
static void check_members(json_t *root, json_t *value, const char *whole)
{
    static const char *const free_names[] = {"settings", "other_errors", "percentiles_ns"};
    json_t *names = json_array();
    json_t *member;
    const char *name;

    if (json_is_array(value) && json_array_size(value) > 0)
        check_members(root, json_array_get(value, 0), whole);
    json_object_foreach(value, name, member) json_array_append_new(names, json_string(name));
    for (size_t i = 0; i < json_array_size(names); i++) { /* taking one out moves it to the end */
        bool has_free_names = false;

        name = json_string_value(json_array_get(names, i));
        for (size_t k = 0; k < COUNT_OF(free_names); k++)
            has_free_names = has_free_names || strcmp(free_names[k], name) == 0;
        if (!has_free_names)
            check_members(root, json_object_get(value, name), whole);
        check_without(root, value, name, whole);
    }
    json_decref(names);
}

static void each_member_is_missed_by_its_name(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    json_t *root;
    char *text;

    (void)state;
    memset(sample->tallies, 0, sizeof(sample->tallies));
    memset(&sample->all, 0, sizeof(sample->all));
    histogram_record(&sample->tallies[0].timings[TIMING_TOTAL], 5);
    report_sample_verdicts(sample);
    report_sample_assertions(sample);
    sample->document.interval_count = 1;
    text = rendering_json(&sample->document);
    root = json_loads(text, 0, NULL);
    assert_non_null(root);
    check_members(root, root, text);
    json_decref(root);
    free(text);
    report_sample_free(sample);
}

static void a_maximum_that_the_histogram_does_not_have_is_refused(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct document *document = calloc(1, sizeof(*document));
    char error[DOCUMENT_ERROR_BYTES] = "";
    char *text;

    (void)state;
    assert_non_null(document);
    sample->tallies[0].timings[TIMING_CONNECT].max_ns /= 2;
    text = rendering_json(&sample->document);
    assert_int_equal(-EINVAL, read_text(text, document, error));
    free(text);
    forget(document);
    report_sample_free(sample);
}

static void a_count_that_the_histogram_does_not_hold_is_refused(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct document *document = calloc(1, sizeof(*document));
    char error[DOCUMENT_ERROR_BYTES] = "";
    char *text, *count;

    (void)state;
    assert_non_null(document);
    text = rendering_json(&sample->document);
    count = strstr(text, "\"count\": 40000");
    assert_non_null(count);
    count[strlen("\"count\": 4000")] = '1';
    assert_int_equal(-EINVAL, read_text(text, document, error));
    assert_string_equal("'histogram' in 'result' does not hold as many values as 'count' says",
                        error);
    free(text);
    forget(document);
    report_sample_free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_back_is_written_alike),
        cmocka_unit_test(what_is_read_back_is_reported_alike),
        cmocka_unit_test(what_is_not_a_document_is_refused_with_its_reason),
        cmocka_unit_test(each_member_is_missed_by_its_name),
        cmocka_unit_test(a_maximum_that_the_histogram_does_not_have_is_refused),
        cmocka_unit_test(a_count_that_the_histogram_does_not_hold_is_refused),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
