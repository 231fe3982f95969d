/* --assert accepts everything that --help lists for it. */
#include "generator/config.h"
#include "printed.h"
#include "result/assertion.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The output of a function; the caller frees it. */
static char *written(void (*write)(FILE *out))
{
    struct printed printed;

    write(printed_begin(&printed));
    return printed_end(&printed);
}

static void program_help(FILE *out)
{
    option_help(&load_options, out);
}

static bool is_named(const char *text, const char *word)
{
    size_t bytes = strlen(word);

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        bool begins = at == text || isspace((unsigned char)at[-1]);

        if (begins && !isalnum((unsigned char)at[bytes]) && at[bytes] != '_')
            return true;
    }
    return false;
}

static void every_metric_is_in_the_help(void **state)
{
    static const char *const words[] = {
        "rate", "started", "ok",          "errors",          "late", "dropped", "min", "mean",
        "max",  "stalls",  "retransmits", "syn_retransmits", "p0",   "p100"};
    char *text = written(assertion_help), *help = written(program_help);
    struct assertion assertion;
    char error[OPTION_ERROR_BYTES], typed[80];

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bool is_time = *words[i] == 'p' || *words[i] == 'm';

        snprintf(typed, sizeof(typed), "%s<%s", words[i], is_time ? "5ms" : "5");
        assert_int_equal(0, assertion_parse(typed, &assertion, error));
        if (!is_named(text, words[i]) || !is_named(help, words[i]))
            fail_msg("'%s' is not in: %s", words[i], text);
    }
    for (unsigned result = RESULT_OK + 1; result < RESULT_COUNT; result++)
        assert_true(is_named(text, result_name((enum result)result)));
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++)
        assert_true(is_named(text, timing_name((enum timing)timing)));
    free(text);
    free(help);
}

/* The names between "together: " and the semicolon. */
static void every_metric_of_the_help_is_accepted(void **state)
{
    char *text = written(assertion_help), *rest = strstr(text, "together: "), *save;
    struct assertion assertion;
    char error[OPTION_ERROR_BYTES], typed[80];
    size_t count = 0;

    (void)state;
    assert_non_null(rest);
    rest += strlen("together: ");
    rest[strcspn(rest, ";")] = '\0';
    for (char *word = strtok_r(rest, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
        snprintf(typed, sizeof(typed), "%s<5", word);
        if (assertion_parse(typed, &assertion, error) < 0)
            fail_msg("%s", error);
        count++;
    }
    assert_in_range(count, 9, 30);
    free(text);
}

static void an_unknown_metric_is_answered_with_the_same_names(void **state)
{
    char error[OPTION_ERROR_BYTES];

    (void)state;
    assert_true(assertion_check("latency<5ms", error) < 0);
    assert_non_null(strstr(error, "there are rate, started, ok, errors, late, dropped, "));
    assert_non_null(strstr(error, "; such as p99<5ms"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_is_in_the_help),
        cmocka_unit_test(every_metric_of_the_help_is_accepted),
        cmocka_unit_test(an_unknown_metric_is_answered_with_the_same_names),
    };

    return cmocka_run_group_tests_name("assertion_help", tests, NULL, NULL);
}
