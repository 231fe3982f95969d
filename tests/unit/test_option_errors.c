/* What is said of a wrong value or a wrong option: one line that names it and says what to do. */
#include "option_sample.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define NO_NUMBER   "not a whole number (k, M, G allowed); "
#define NO_DURATION "not a duration, such as 500ms or 2s; "
#define NO_RATE     "not a rate, such as 500, 20k/s, 100/m or 7/h; "
#define KNOWN       "; known are \\n \\r \\t \\\\ \\xHH"
#define FORMS                                                                                 \
    "must be ADDR, ADDR:PORT or [V6]:PORT, such as 127.0.0.1:1848 or [::1]; a name may stand" \
    " for ADDR"

#define READ(reading, ...)                            \
    sample_read(reading, (struct sample_variable){0}, \
                (const char *const[SAMPLE_ARGUMENTS_MAX]){__VA_ARGS__})

static void the_error_for_a_wrong_count_names_the_range(void **state)
{
    static const struct sample_refusal rows[] = {
        {"--workers '0': must be 1 to 1024, or auto", {"--workers", "0"}},
        {"--workers '1025': must be 1 to 1024, or auto", {"-w1025"}},
        {"--workers 'x': " NO_NUMBER "must be 1 to 1024, or auto", {"-qwx"}},
        {"--workers '': " NO_NUMBER "must be 1 to 1024, or auto", {"--workers="}},
        {"PORT '70000': must be 0 to 65535", {"70000"}},
        {"PORT 'auto': " NO_NUMBER "must be 0 to 65535", {"auto"}},
        {"PORT '70000': must be 0 to 65535", {"--", "70000"}},
        {"PORT '-': " NO_NUMBER "must be 0 to 65535", {"-"}},
        {"PORT '--help': " NO_NUMBER "must be 0 to 65535", {"--", "--help"}},
        {"--rate '4': must be at least 5", {"--rate=4"}},
        {"--rate '18446744073709551616': must be at least 5", {"--rate=18446744073709551616"}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void the_error_for_a_wrong_duration_names_the_range_or_asks_for_a_unit(void **state)
{
    static const struct sample_refusal rows[] = {
        {"--linger-timeout '5': needs a unit, such as 500ms or 2s", {"--linger-timeout=5"}},
        {"--linger-timeout '0.5': needs a unit, such as 500ms or 2s", {"--linger-timeout=0.5"}},
        {"--linger-timeout '0': must be 1ms to 1h", {"--linger-timeout=0"}},
        {"--linger-timeout '999us': must be 1ms to 1h", {"--linger-timeout=999us"}},
        {"--linger-timeout '2h': must be 1ms to 1h", {"--linger-timeout=2h"}},
        {"--linger-timeout 'x': " NO_DURATION "must be 1ms to 1h", {"--linger-timeout=x"}},
        {"--linger-timeout '': " NO_DURATION "must be 1ms to 1h", {"--linger-timeout="}},
        {"--pause '1ns': must be at least 1us", {"--pause=1ns"}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void the_error_for_a_wrong_choice_names_the_choices(void **state)
{
    static const struct sample_refusal rows[] = {
        {"--engine 'kqueue': must be auto, uring or epoll", {"-e", "kqueue"}},
        {"--engine 'epol': must be auto, uring or epoll", {"--engine=epol"}},
        {"--engine '': must be auto, uring or epoll", {"--engine="}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void the_error_for_a_wrong_rate_names_the_forms_or_the_range(void **state)
{
    static const struct sample_refusal rows[] = {
        {"--pace 'x': " NO_RATE "must be 1/h to 20k/s", {"--pace=x"}},
        {"--pace '': " NO_RATE "must be 1/h to 20k/s", {"--pace="}},
        {"--pace '5/d': " NO_RATE "must be 1/h to 20k/s", {"--pace=5/d"}},
        {"--pace '0': must be 1/h to 20k/s", {"--pace=0"}},
        {"--pace '20001': must be 1/h to 20k/s", {"--pace=20001"}},
        {"--pace '1200001/m': must be 1/h to 20k/s", {"--pace=1200001/m"}},
        {"--pace '99999999999G': must be 1/h to 20k/s", {"--pace=99999999999G"}},
        {"--pulse '0/h': must be at least 1/h", {"--pulse=0/h"}},
        {"--pulse '0.5': " NO_RATE "must be at least 1/h", {"--pulse=0.5"}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void the_error_for_a_wrong_range_of_ports_names_the_form(void **state)
{
#define LOW_HIGH ": must be LOW-HIGH or one port, 1 to 65535, such as 20000-29999"
    static const struct sample_refusal rows[] = {
        {"--ports ''" LOW_HIGH, {"--ports="}},
        {"--ports '0'" LOW_HIGH, {"--ports=0"}},
        {"--ports '0-5'" LOW_HIGH, {"--ports=0-5"}},
        {"--ports '65536'" LOW_HIGH, {"--ports=65536"}},
        {"--ports '1-65536'" LOW_HIGH, {"--ports=1-65536"}},
        {"--ports '5-4'" LOW_HIGH, {"--ports=5-4"}},
        {"--ports '5-'" LOW_HIGH, {"--ports=5-"}},
        {"--ports '-5'" LOW_HIGH, {"--ports=-5"}},
        {"--ports '5--6'" LOW_HIGH, {"--ports=5--6"}},
        {"--ports '5-+6'" LOW_HIGH, {"--ports=5-+6"}},
        {"--ports ' 5'" LOW_HIGH, {"--ports= 5"}},
        {"--ports '5-6-7'" LOW_HIGH, {"--ports=5-6-7"}},
        {"--ports '5k'" LOW_HIGH, {"--ports=5k"}},
        {"--ports '18446744073709551617'" LOW_HIGH, {"--ports=18446744073709551617"}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void the_error_for_a_wrong_address_names_the_forms(void **state)
{
#define BRACKETS " an IPv6 address needs brackets before a port"
    static const struct sample_refusal rows[] = {
        {"--listen '::1:70000:': " FORMS, {"-l::1:70000:"}},
        {"--listen '': " FORMS, {"--listen="}},
        {"--listen '1.2.3': " FORMS, {"-l1.2.3"}},
        {"--listen '127.0.0.256:80': " FORMS, {"-l127.0.0.256:80"}},
        {"--listen '[::1': " FORMS, {"-l[::1"}},
        {"--listen '[localhost]:80': " FORMS, {"-l[localhost]:80"}},
        {"--listen ':80x': " FORMS, {"-l:80x"}},
        {"--listen 'localhost:80x': " FORMS, {"-llocalhost:80x"}},
        {"--listen 'localhost:': " FORMS, {"-llocalhost:"}},
        {"--listen 'tcp://localhost:80': " FORMS, {"-ltcp://localhost:80"}},
        {"--listen 'localhost:65536': the port must be 0 to 65535", {"-llocalhost:65536"}},
        {"--listen '::1:1848': did you mean '[::1]:1848'?" BRACKETS, {"--listen=::1:1848"}},
        {"--listen ':8080': is a port without an address; did you mean '127.0.0.1:8080', or "
         "'[::]:8080', which is every address?",
         {"-l:8080"}},
        {"--listen '8080': is a port without an address; did you mean '127.0.0.1:8080', or "
         "'[::]:8080', which is every address?",
         {"-l8080"}},
        {"--listen '127.0.0.1:70000': the port must be 0 to 65535", {"-l", "127.0.0.1:70000"}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void a_wrong_escape_is_shown_with_its_place(void **state)
{
    static const struct sample_refusal rows[] = {
        {"--greeting: bad escape '\\q' at character 7" KNOWN, {"--greeting", "hello \\q"}},
        {"--greeting: bad escape '\\q' at character 2" KNOWN, {"--greeting", "\xc3\xa9\\q"}},
        {"--greeting: bad escape '\\x4' at character 1" KNOWN, {"-g\\x4"}},
        {"--greeting: bad escape '\\xzz' at character 1" KNOWN, {"-g\\xzzz"}},
        {"--greeting: bad escape '\\' at character 1" KNOWN, {"-g\\"}},
        {"--greeting: must be 1 to 8 bytes long", {"-g", "123456789"}},
        {"--greeting: must be 1 to 8 bytes long", {"--greeting="}},
        {"--say: must be 1 to 8 bytes long", {"--say=any longer"}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void the_error_for_an_unknown_option_names_the_nearest_known_one(void **state)
{
    static const struct sample_refusal rows[] = {
        {"unknown option '--grteting'; did you mean '--greeting'? see --help", {"--grteting", "x"}},
        {"unknown option '--grteting'; did you mean '--greeting'? see --help", {"--grteting=x"}},
        {"unknown option '--worker'; did you mean '--workers'? see --help", {"--worker", "2"}},
        {"unknown option '--linger'; did you mean '--linger-timeout'? see --help", {"--linger=2s"}},
        {"unknown option '--greeting-fle'; did you mean '--greeting-file'? see --help",
         {"--greeting-fle=x"}},
        {"unknown option '--Quiet'; did you mean '--quiet'? see --help", {"--Quiet"}},
        {"unknown option '--LINGERTIMEOUT'; did you mean '--linger-timeout'? see --help",
         {"--LINGERTIMEOUT=1s"}},
        {"unknown option '--wokrers'; did you mean '--workers'? see --help", {"--wokrers"}},
        {"unknown option '--ports_low'; did you mean '--ports'? see --help", {"--ports_low"}},
        {"unknown option '--zzzzzzzz'; see --help", {"--zzzzzzzz"}},
        {"unknown option '--'; see --help", {"--=x"}},
        {"unknown option '---'; see --help", {"---"}},
        {"unknown option '--a\\nb'; see --help", {"--a\nb"}},
        {"unknown option '-z'; see --help", {"-z"}},
        {"unknown option '-z'; see --help", {"-qz"}},
        {"unknown option '-\\xff'; see --help", {"-\xff"}},
        {"unknown option '-:'; see --help", {"-:"}},
        {"unknown option '-?'; see --help", {"-?"}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void a_value_too_many_or_too_few_is_reported(void **state)
{
    static const struct sample_refusal rows[] = {
        {"--quiet takes no value; leave out '='", {"--quiet=1"}},
        {"--quiet takes no value; leave out '='", {"--quiet="}},
        {"--greeting needs a value TEXT", {"--greeting"}},
        {"--greeting needs a value TEXT", {"-qg"}},
        {"unexpected argument 'foo'; usage: sample [OPTIONS] [PORT]", {"7000", "foo"}},
        {"unexpected argument 'foo'; usage: sample [OPTIONS] [PORT]", {"7000", "--", "foo"}},
        {"unexpected argument ''; usage: sample [OPTIONS] [PORT]", {"7000", ""}},
    };
    (void)state;
    sample_check_refusals(rows, COUNT_OF(rows));
}

static void an_error_is_one_short_printable_line_whatever_was_typed(void **state)
{
    static struct sample_reading reading;
    char text[4096];

    (void)state;
    memset(text, '\n', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    READ(&reading, "--engine", text);
    assert_int_equal(-EINVAL, reading.result);
    assert_in_range(strlen(reading.error), 1, 200);
    assert_null(strchr(reading.error, '\n'));
    assert_non_null(strstr(reading.error, "...': must be auto, uring or epoll"));

    memcpy(text, "--", 2);
    READ(&reading, text);
    assert_int_equal(-EINVAL, reading.result);
    assert_in_range(strlen(reading.error), 1, 200);
    assert_null(strchr(reading.error, '\n'));
}

static void a_wrong_value_from_the_environment_is_named_as_such(void **state)
{
    static const struct {
        const char *expected;
        struct sample_variable variable;
    } refused[] = {
        {"HELLO_WORKERS='0': must be 1 to 1024, or auto", {"HELLO_WORKERS", "0"}},
        {"PORT='70000': must be 0 to 65535", {"PORT", "70000"}},
        {"HELLO_SAMPLE_WORKERS='0': must be 1 to 1024, or auto", {"HELLO_SAMPLE_WORKERS", "0"}},
        {"HELLO_SAMPLE_PORT='70000': must be 0 to 65535", {"HELLO_SAMPLE_PORT", "70000"}},
        {"HELLO_SAMPLE_QUIET='2': must be 1 or 0, yes or no, true or false, on or off",
         {"HELLO_SAMPLE_QUIET", "2"}},
        {"HELLO_GREETING: must be 1 to 8 bytes long", {"HELLO_GREETING", "123456789"}},
        {"HELLO_LINGER_TIMEOUT='5': needs a unit, such as 500ms or 2s",
         {"HELLO_LINGER_TIMEOUT", "5"}},
    };
    static const char *const nothing[SAMPLE_ARGUMENTS_MAX] = {NULL};
    static struct sample_reading reading;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        sample_read(&reading, refused[i].variable, nothing);
        assert_int_equal(-EINVAL, reading.result);
        assert_string_equal(refused[i].expected, reading.error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_for_a_wrong_count_names_the_range),
        cmocka_unit_test(the_error_for_a_wrong_duration_names_the_range_or_asks_for_a_unit),
        cmocka_unit_test(the_error_for_a_wrong_choice_names_the_choices),
        cmocka_unit_test(the_error_for_a_wrong_rate_names_the_forms_or_the_range),
        cmocka_unit_test(the_error_for_a_wrong_range_of_ports_names_the_form),
        cmocka_unit_test(the_error_for_a_wrong_address_names_the_forms),
        cmocka_unit_test(a_wrong_escape_is_shown_with_its_place),
        cmocka_unit_test(the_error_for_an_unknown_option_names_the_nearest_known_one),
        cmocka_unit_test(a_value_too_many_or_too_few_is_reported),
        cmocka_unit_test(an_error_is_one_short_printable_line_whatever_was_typed),
        cmocka_unit_test(a_wrong_value_from_the_environment_is_named_as_such),
    };
    return cmocka_run_group_tests_name("option_errors", tests, NULL, NULL);
}
