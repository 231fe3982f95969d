/* A document with a member that is not what it should be is refused, and the error names the
 * member. */
#include "host/stalls.h"
#include "rendering.h"

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

/* A healthy document as JSON, to be spoilt. */
static json_t *sample_tree(void)
{
    struct report_sample *sample = report_sample_new(1);
    char *text = rendering_json(&sample->document);
    json_t *tree = json_loads(text, 0, NULL);

    assert_non_null(tree);
    free(text);
    report_sample_free(sample);
    return tree;
}

static void check_refused(const char *expected, const json_t *tree)
{
    struct document *document = calloc(1, sizeof(*document));
    char error[DOCUMENT_ERROR_BYTES] = "";
    char *text = json_dumps(tree, JSON_COMPACT);
    FILE *in;

    assert_non_null(document);
    assert_non_null(text);
    in = fmemopen(text, strlen(text), "r");
    assert_non_null(in);
    assert_int_equal(-EINVAL, document_read(document, in, error));
    assert_string_equal(expected, error);
    fclose(in);
    free(text);
    document_release(document);
    free(document);
}

/* The object that the path leads to ("run/options", "result/targets/0"), and the name of its
 * member.
 */
static json_t *find_object(json_t *tree, const char *path, const char **ret_name)
{
    const char *slash;

    for (; (slash = strchr(path, '/')); path = slash + 1) {
        char name[64];

        snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
        tree = json_is_array(tree) ? json_array_get(tree, strtoul(name, NULL, 10))
                                   : json_object_get(tree, name);
        assert_non_null(tree);
    }
    *ret_name = path;
    return tree;
}

/* Put this in the place of a member that is there. */
static void replace(json_t *tree, const char *path, json_t *value)
{
    const char *name;
    json_t *object = find_object(tree, path, &name);

    assert_non_null(json_object_get(object, name));
    assert_int_equal(0, json_object_set_new(object, name, value));
}

#define LETTERS_16 "aaaaaaaaaaaaaaaa"
#define LETTERS_256                                                                         \
    LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 \
        LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16

static void a_member_of_another_kind_is_named(void **state)
{
    static const struct {
        const char *path, *value, *error;
    } rows[] = {
        {"run/targets", "[7]", "'targets' in 'run' is not a list of texts, or has too many"},
        {"run/options/threads", "4294967295", "'threads' in 'run' is larger than possible"},
        {"run/options/send", "\"\\\\q\"", "'send' in 'run' has an invalid escape"},
        {"run/options/close", "\"slam\"", "'close' in 'run' is not one of the allowed words"},
        {"run/window_s", "-1", "'window_s' in 'run' is not a number of seconds"},
        {"run/window_s", "null", "'window_s' in 'run' is not a number of seconds"},
        {"run/window_s", "\"5\"", "'window_s' in 'run' is not a number"},
        {"run/cut_short", "1", "'cut_short' in 'run' is not true or false"},
        {"run/engine", "7", "'engine' in 'run' is not text"},
        {"run/engine", "\"" LETTERS_256 "\"", "'engine' in 'run' is too long"},
        {"run/engine_features", "{}", "'engine_features' in 'run' is not an array"},
        {"run/sockets/opened", "-1", "'opened' in 'run' is not a whole number of 0 or more"},
        {"run/sockets/opened", "1.5", "'opened' in 'run' is not a whole number of 0 or more"},
        {"result/targets", "[]", "'targets' in 'result' has none, or too many"},
        {"result/targets/0/other_errors", "{\"ENOTHING\":1}",
         "'ENOTHING' in 'result' is not the name of an error"},
        {"result/targets/0/timings/connect/histogram", "\"HISTFAAA\"",
         "'histogram' in 'result' is not HdrHistogram's V2 encoding with 3 digits and lowest value "
         "1"},
        {"threads", "[]",
         "'threads' in 'threads' does not have as many members as the options have threads"},
        {"series/intervals/0/targets", "[]",
         "'targets' in 'series' does not have as many members as the result"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *tree = sample_tree();

        replace(tree, rows[i].path, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        check_refused(rows[i].error, tree);
        json_decref(tree);
    }
}

static void a_start_that_is_no_time_is_named(void **state)
{
    static const char *const starts[] = {
        "yesterday",
        "2025-10-09T08:53:20",
        "2025-10-09T08:53:20.123456",
        "2025-10-09T08:53:20.123456Zulu",
        "2025-13-09T08:53:20.123456Z",
        "2025-02-30T08:53:20.123456Z",
        "1969-12-31T23:59:59.000000Z",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        json_t *tree = sample_tree();

        replace(tree, "run/start", json_string(starts[i]));
        check_refused("'start' in 'run' is not a time of day in UTC with microseconds", tree);
        json_decref(tree);
    }
}

static void what_has_too_many_members_is_named(void **state)
{
    static const struct {
        const char *path, *member; /* this many times; in an object, under different names */
        size_t count;
        const char *error;
    } rows[] = {
        {"run/targets", "\"::1\"", OPTION_TEXTS_MAX + 1,
         "'targets' in 'run' is not a list of texts, or has too many"},
        {"machine/settings", "\"1\"", MACHINE_SETTINGS_MAX + 1,
         "'settings' in 'machine' has too many members"},
        {"stalls/kept", "{\"start_ns\":1,\"length_ns\":1}", STALLS_KEPT_MAX + 1,
         "'kept' in 'stalls' has too many members"},
        {"verdicts", "{\"name\":\"a\",\"severity\":\"note\",\"limit\":\"none\",\"text\":\"b\"}",
         DOCUMENT_VERDICTS_MAX + 1, "'verdicts' in 'verdicts' has too many members"},
        {"assertions",
         "{\"text\":\"a\",\"value_text\":\"1\",\"value\":1,\"unit\":\"count\",\"holds\":true}",
         DOCUMENT_ASSERTIONS_MAX + 1, "'assertions' in 'assertions' has too many members"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *tree = sample_tree(), *many;
        const char *name;
        json_t *object = find_object(tree, rows[i].path, &name);

        many = json_is_object(json_object_get(object, name)) ? json_object() : json_array();
        for (size_t k = 0; k < rows[i].count; k++) {
            json_t *member = json_loads(rows[i].member, JSON_DECODE_ANY, NULL);
            char key[24];

            snprintf(key, sizeof(key), "%zu", k);
            if (json_is_object(many))
                json_object_set_new(many, key, member);
            else
                json_array_append_new(many, member);
        }
        replace(tree, rows[i].path, many);
        check_refused(rows[i].error, tree);
        json_decref(tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_of_another_kind_is_named),
        cmocka_unit_test(a_start_that_is_no_time_is_named),
        cmocka_unit_test(what_has_too_many_members_is_named),
    };
    return cmocka_run_group_tests_name("document_wrong", tests, NULL, NULL);
}
