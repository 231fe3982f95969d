/* How a table is read: from the command line, else the environment, else the default. */
#include "option_sample.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define READ(reading, ...)                            \
    sample_read(reading, (struct sample_variable){0}, \
                (const char *const[SAMPLE_ARGUMENTS_MAX]){__VA_ARGS__})

static void without_arguments_every_field_has_its_default(void **state)
{
    static struct sample_reading reading;

    (void)state;
    READ(&reading, NULL);
    assert_int_equal(0, reading.result);
    char *text = option_table_settings(&sample_table, &reading.sample);
    assert_string_equal("port=1848\n"
                        "listen=[::]\n"
                        "greeting=hello\\n\n"
                        "greeting-file=\n"
                        "engine=auto\n"
                        "workers=auto\n"
                        "linger-timeout=2s\n"
                        "pause=0s\n"
                        "rate=0\n"
                        "tag=\n"
                        "pace=10/m\n"
                        "pulse=\n"
                        "ports=\n"
                        "say=\n"
                        "quiet=0\n",
                        text);
    free(text);
    for (size_t i = 0; i < sample_table.row_count; i++)
        assert_int_equal(OPTION_FROM_DEFAULT, reading.sources[i]);
    assert_null(reading.sample.file);
    assert_false(reading.sample.help);
}

static void values_are_taken_from_the_command_line(void **state)
{
    static const struct {
        const char *expected; /* as option_print has it */
        const char *arguments[SAMPLE_ARGUMENTS_MAX];
    } accepted[] = {
        {"port=7000", {"7000"}},
        {"port=0", {"0"}},
        {"port=10000", {"10k"}},
        {"port=7000", {"-q", "7000", "--workers=2"}},
        {"port=7000", {"--", "7000"}},
        {"workers=2", {"--workers=2"}},
        {"workers=2", {"--workers", "2"}},
        {"workers=2", {"-w2"}},
        {"workers=2", {"-w", "2"}},
        {"workers=2", {"-qw2"}},
        {"workers=1024", {"-w1024"}},
        {"workers=auto", {"-w2", "--workers=auto"}},
        {"workers=3", {"-w2", "7000", "-w3"}},
        {"quiet=1", {"-q"}},
        {"quiet=1", {"7000", "--quiet"}},
        {"quiet=1", {"-qw", "2"}},
        {"listen=127.0.0.1", {"-l127.0.0.1"}},
        {"listen=127.0.0.1:0", {"--listen", "127.0.0.1:0"}},
        {"listen=[::1]:80", {"--listen=[::1]:80"}},
        {"listen=[::1]", {"-l", "::1"}},
        {"greeting=hi\\r\\n", {"-g", "hi\\r\\n"}},
        {"greeting=a=b", {"--greeting=a=b"}},
        {"greeting=--quiet", {"--greeting", "--quiet"}},
        {"greeting=\\x00\\xff", {"--greeting=\\x00\\xFF"}},
        {"greeting-file=", {"--greeting-file="}},
        {"greeting-file=a b", {"--greeting-file", "a b"}},
        {"engine=epoll", {"-e", "epoll"}},
        {"linger-timeout=1500ms", {"--linger-timeout=1.5s"}},
        {"linger-timeout=1ms", {"--linger-timeout", "1ms"}},
        {"linger-timeout=1h", {"--linger-timeout", "60m"}},
        {"pause=2h", {"--pause=2h"}},
        {"rate=9223372036854775808", {"--rate=9223372036854775808"}},
        {"tag=one", {"-t", "one"}},
        {"tag=one two three", {"-tone", "7000", "--tag=two", "--tag", "three"}},
        {"tag= x", {"--tag=", "--tag=x"}},
        {"pace=500/s", {"--pace=500"}},
        {"pace=20k/s", {"--pace", "20k/s"}},
        {"pace=100/m", {"--pace=100/m"}},
        {"pace=7/h", {"--pace=7/h"}},
        {"pace=1500/s", {"--pace=1.5k"}},
        {"pace=72M/h", {"--pace=72M/h"}},
        {"pulse=9223372036854775808/h", {"--pulse=9223372036854775808/h"}},
        {"ports=20000-29999", {"--ports=20000-29999"}},
        {"ports=1-65535", {"--ports", "1-65535"}},
        {"ports=20000", {"--ports=20000"}},
        {"ports=7", {"--ports=7-7"}},
        {"say=any", {"--say=any"}},
        {"say=any", {"--say=hello", "--say=any"}},
        {"say=hello", {"--say=any", "--say=hello"}},
        {"say=\\x61ny", {"--say=\\x61ny"}},
        {"say=anyway", {"--say=anyway"}},
        {"say=\\x40home", {"--say=\\x40home"}},
        {"say=me@home", {"--say=me@home"}},
        {"greeting=@home", {"--greeting=@home"}},
        {"greeting=any", {"--greeting=any"}},
    };
    static struct sample_reading reading;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        sample_read(&reading, (struct sample_variable){0}, accepted[i].arguments);
        if (reading.result != 0)
            fail_msg("%s: refused: %s", accepted[i].expected, reading.error);
        assert_string_equal(accepted[i].expected, sample_setting(&reading, accepted[i].expected));
    }
}

static void a_name_in_place_of_an_address_is_kept_and_not_looked_up(void **state)
{
    static const struct {
        const char *expected, *name, *typed;
        uint16_t port;
    } rows[] = {
        {"listen=fly-local-6pn", "fly-local-6pn", "-lfly-local-6pn", 0},
        {"listen=No.such_name:80", "No.such_name", "-lNo.such_name:80", 80},
        {"listen=localhost:0", "localhost", "--listen=localhost:0", 0},
    };
    static struct sample_reading reading;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct option_address *listen = &reading.sample.listen;

        sample_read(&reading, (struct sample_variable){0},
                    (const char *const[SAMPLE_ARGUMENTS_MAX]){rows[i].typed});
        assert_int_equal(0, reading.result);
        assert_string_equal(rows[i].expected, sample_setting(&reading, "listen="));
        assert_int_equal(strlen(rows[i].name), listen->name_bytes);
        assert_memory_equal(rows[i].name, listen->name, listen->name_bytes);
        assert_int_equal(AF_UNSPEC, listen->address.sa.sa_family);
        assert_int_equal(rows[i].port, address_port(&listen->address));
    }
}

#define OWN   OPTION_FROM_ENVIRONMENT
#define SHORT OPTION_FROM_SHORT_ENVIRONMENT

static void
a_flag_wins_over_the_own_variable_that_over_the_short_one_and_that_over_the_default(void **state)
{
    static const struct {
        const char *expected;
        enum option_source expected_source;
        struct sample_variable variables[SAMPLE_VARIABLES_MAX];
        const char *arguments[SAMPLE_ARGUMENTS_MAX];
    } settings[] = {
        {"workers=auto", OPTION_FROM_DEFAULT, {{"HELLO_OTHER", "3"}}, {NULL}},
        {"workers=3", SHORT, {{"HELLO_WORKERS", "3"}}, {NULL}},
        {"workers=3", OWN, {{"HELLO_SAMPLE_WORKERS", "3"}}, {NULL}},
        {"workers=3", OWN, {{"HELLO_SAMPLE_WORKERS", "3"}, {"HELLO_WORKERS", "4"}}, {NULL}},
        {"workers=3", OWN, {{"HELLO_SAMPLE_WORKERS", "3"}, {"HELLO_WORKERS", "x"}}, {NULL}},
        {"workers=4", SHORT, {{"HELLO_SAMPLE_WORKERS", ""}, {"HELLO_WORKERS", "4"}}, {NULL}},
        {"workers=2", OPTION_FROM_COMMAND_LINE, {{"HELLO_WORKERS", "3"}}, {"-w2"}},
        {"workers=2", OPTION_FROM_COMMAND_LINE, {{"HELLO_WORKERS", "0"}}, {"-w2"}},
        {"workers=2", OPTION_FROM_COMMAND_LINE, {{"HELLO_SAMPLE_WORKERS", "0"}}, {"-w2"}},
        {"workers=auto", OPTION_FROM_DEFAULT, {{"HELLO_WORKERS", ""}}, {NULL}},
        {"workers=auto", OPTION_FROM_DEFAULT, {{"HELLO_OTHER_WORKERS", "3"}}, {NULL}},
        {"workers=auto", SHORT, {{"HELLO_WORKERS", "auto"}}, {NULL}},
        {"port=7000", SHORT, {{"PORT", "7000"}}, {NULL}},
        {"port=7000", OWN, {{"HELLO_SAMPLE_PORT", "7000"}, {"PORT", "8000"}}, {NULL}},
        {"port=8000", OPTION_FROM_COMMAND_LINE, {{"PORT", "7000"}}, {"8000"}},
        {"port=1848", OPTION_FROM_DEFAULT, {{"HELLO_PORT", "7000"}}, {NULL}},
        {"pause=0s", OPTION_FROM_DEFAULT, {{"HELLO_PAUSE", "7s"}}, {NULL}},
        {"pause=0s", OPTION_FROM_DEFAULT, {{"HELLO_SAMPLE_PAUSE", "7s"}}, {NULL}},
        {"linger-timeout=3s", SHORT, {{"HELLO_LINGER_TIMEOUT", "3s"}}, {NULL}},
        {"linger-timeout=3s", OWN, {{"HELLO_SAMPLE_LINGER_TIMEOUT", "3s"}}, {NULL}},
        {"tag=one two", SHORT, {{"HELLO_TAG", "one two"}}, {NULL}},
        {"tag=one", OWN, {{"HELLO_SAMPLE_TAG", "one"}, {"HELLO_TAG", "two"}}, {NULL}},
        {"tag=mine", OPTION_FROM_COMMAND_LINE, {{"HELLO_TAG", "other"}}, {"-t", "mine"}},
        {"pace=3/s", SHORT, {{"HELLO_PACE", "3"}}, {NULL}},
        {"quiet=0", OPTION_FROM_DEFAULT, {{"HELLO_QUIET", "1"}}, {NULL}},
        {"quiet=0", OPTION_FROM_DEFAULT, {{"HELLO_QUIET", "nonsense"}}, {NULL}},
        {"quiet=1", OWN, {{"HELLO_SAMPLE_QUIET", "1"}}, {NULL}},
        {"quiet=1", OWN, {{"HELLO_SAMPLE_QUIET", "1"}, {"HELLO_QUIET", "0"}}, {NULL}},
        {"quiet=1", OWN, {{"HELLO_SAMPLE_QUIET", "yes"}}, {NULL}},
        {"quiet=1", OWN, {{"HELLO_SAMPLE_QUIET", "True"}}, {NULL}},
        {"quiet=1", OWN, {{"HELLO_SAMPLE_QUIET", "on"}}, {NULL}},
        {"quiet=0", OWN, {{"HELLO_SAMPLE_QUIET", "0"}}, {NULL}},
        {"quiet=0", OWN, {{"HELLO_SAMPLE_QUIET", "no"}}, {NULL}},
        {"quiet=0", OWN, {{"HELLO_SAMPLE_QUIET", "false"}}, {NULL}},
        {"quiet=0", OWN, {{"HELLO_SAMPLE_QUIET", "OFF"}}, {NULL}},
        {"quiet=1", OPTION_FROM_COMMAND_LINE, {{"HELLO_SAMPLE_QUIET", "0"}}, {"-q"}},
    };
    static struct sample_reading reading;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        char name[32];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(settings[i].expected, "="),
                 settings[i].expected);
        size_t row = option_row_find(&sample_table, strcmp(name, "port") == 0 ? "PORT" : name);

        sample_read_with(&reading, settings[i].variables, settings[i].arguments);
        if (reading.result != 0)
            fail_msg("%s: refused: %s", settings[i].expected, reading.error);
        assert_string_equal(settings[i].expected, sample_setting(&reading, settings[i].expected));
        assert_int_equal(settings[i].expected_source, reading.sources[row]);
    }
}

/* Kubernetes sets these in each container, here for services called sample and hello-sample. */
static void variables_that_kubernetes_sets_for_a_service_are_no_settings(void **state)
{
    static const struct sample_variable links[] = {
        {"HELLO_SAMPLE_PORT", "tcp://10.0.0.1:80"}, {"HELLO_SAMPLE_PORT", "udp://[fd00::1]:80"},
        {"HELLO_SAMPLE_PORT", "sctp://10.0.0.1:1"}, {"HELLO_SAMPLE_SERVICE_HOST", "10.0.0.1"},
        {"HELLO_SAMPLE_SERVICE_PORT", "80"},        {"HELLO_SAMPLE_PORT_80_TCP_PORT", "80"},
        {"HELLO_PORT", "tcp://10.0.0.1:80"},        {"PORT", "tcp://10.0.0.1:80"},
    };
    static const char *const nothing[SAMPLE_ARGUMENTS_MAX] = {NULL};
    static struct sample_reading reading;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(links) - 1; i++) {
        sample_read(&reading, links[i], nothing);
        assert_int_equal(0, reading.result);
        assert_int_equal(1848, reading.sample.port);
    }
    /* PORT is set by no service: whoever set it so meant this program, and reads why it is wrong.
     */
    sample_read(&reading, links[COUNT_OF(links) - 1], nothing);
    assert_int_equal(-EINVAL, reading.result);
}

static void no_abbreviation_is_taken_even_if_it_is_unique(void **state)
{
    static struct sample_reading reading;

    (void)state;
    READ(&reading, "--qui");
    assert_int_equal(-EINVAL, reading.result);
    READ(&reading, "--work=2");
    assert_int_equal(-EINVAL, reading.result);
    READ(&reading, "7000", "--qui");
    assert_int_equal(-EINVAL, reading.result);
}

static void help_is_to_be_had_whatever_else_is_wrong(void **state)
{
    static const struct {
        bool expected_help;
        bool expected_version;
        const char *arguments[SAMPLE_ARGUMENTS_MAX];
    } asked[] = {
        {true, false, {"--help", "--workers=0"}},
        {true, false, {"-h", "--nonsense"}},
        {true, false, {"-qhz"}},
        {true, false, {"--help", "a", "b", "c"}},
        {true, false, {"--help", "--", "a"}},
        {false, true, {"--version", "--workers=0"}},
        {false, true, {"-V", "--help"}},
    };
    static const struct sample_variable bad = {"HELLO_WORKERS", "0"};
    static struct sample_reading reading;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        sample_read(&reading, bad, asked[i].arguments);
        assert_int_equal(0, reading.result);
        assert_int_equal(asked[i].expected_help, reading.sample.help);
        assert_int_equal(asked[i].expected_version, reading.sample.version);
        assert_int_equal(1848, reading.sample.port);
    }
    READ(&reading, "--workers=0", "--help");
    assert_int_equal(-EINVAL, reading.result);
}

static void long_values_are_printed_whole(void **state)
{
    static const struct option_row row = {.long_name = "greeting", .kind = &option_bytes};
    static const struct option_table one = {.rows = &row, .row_count = 1};
    static struct option_bytes greeting = {.bytes = 300};
    static char expected[2048];
    char *to = stpcpy(expected, "greeting=");

    (void)state;
    for (size_t i = 0; i < greeting.bytes; i++) {
        greeting.data[i] = i % 2 == 0 ? 'a' : 0xff;
        to = stpcpy(to, i % 2 == 0 ? "a" : "\\xff");
    }
    stpcpy(to, "\n");
    char *text = option_table_settings(&one, &greeting);
    assert_string_equal(expected, text);
    free(text);
}

static void a_positional_is_printed_by_its_bare_name(void **state)
{
    static const struct option_row row = {.argument = "HOST-2[:PORT]", .kind = &option_text};
    static const struct option_table one = {.rows = &row, .row_count = 1};
    const char *host = "::1";

    (void)state;
    char *text = option_table_settings(&one, &host);
    assert_string_equal("host-2=::1\n", text);
    free(text);
}

/* Write a file into a folder that all users have. Returns "--say=@PATH". */
static const char *file_of(const char *text, size_t bytes)
{
    static char option[64];
    char path[] = "/tmp/hello-option-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(bytes, write(fd, text, bytes));
    close(fd);
    snprintf(option, sizeof(option), "--say=@%s", path);
    return option;
}

static void bytes_may_be_what_a_file_holds(void **state)
{
    static const struct {
        const char *expected;
        const char *text;
        size_t bytes;
    } files[] = {
        {"say=hello\\n", "hello\n", 6},
        {"say=\\\\n\\x00\\xff", "\\n\0\xff", 4}, /* raw: no escape in it is decoded */
        {"say=12345678", "12345678", 8},
        {"say=\\x40there", "@there", 6},
        {"say=\\x61ny", "any", 3},
    };
    static struct sample_reading reading;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *option = file_of(files[i].text, files[i].bytes);

        READ(&reading, option);
        assert_int_equal(0, unlink(strchr(option, '/')));
        if (reading.result != 0)
            fail_msg("%s: refused: %s", files[i].expected, reading.error);
        assert_string_equal(files[i].expected, sample_setting(&reading, files[i].expected));
        assert_false(reading.sample.say.any);
        assert_int_equal(files[i].bytes, reading.sample.say.bytes);
        assert_memory_equal(files[i].text, reading.sample.say.data, files[i].bytes);
    }
}

static void a_file_that_cannot_be_taken_is_named(void **state)
{
    static struct sample_reading reading;
    char expected[OPTION_ERROR_BYTES];

    (void)state;
    for (size_t bytes = 0; bytes <= 9; bytes += 9) {
        const char *option = file_of("123456789", bytes);

        READ(&reading, option);
        assert_int_equal(0, unlink(strchr(option, '/')));
        snprintf(expected, sizeof(expected), "--say: file '%s' must be 1 to 8 bytes long",
                 strchr(option, '/'));
        assert_int_equal(-EINVAL, reading.result);
        assert_string_equal(expected, reading.error);
    }
    READ(&reading, "--say=@/no/such/file");
    assert_int_equal(-EINVAL, reading.result);
    assert_string_equal("--say: cannot read file '/no/such/file': No such file or directory; name "
                        "a readable file",
                        reading.error);
    READ(&reading, "--say=@/");
    assert_int_equal(-EINVAL, reading.result);
    assert_string_equal("--say: cannot read file '/': Is a directory; name a readable file",
                        reading.error);
    READ(&reading, "--say=@");
    assert_int_equal(-EINVAL, reading.result);
}

static void the_last_positional_may_take_all_the_rest(void **state)
{
    struct settings {
        const char *first;
        struct option_texts rest;
    } settings;
    static const struct option_row rows[] = {
        {.argument = "FIRST", .kind = &option_text, .offset = offsetof(struct settings, first)},
        {.argument = "REST", .kind = &option_texts, .offset = offsetof(struct settings, rest)},
    };
    static const struct option_table table = {.rows = rows, .row_count = 2};
    static char words[OPTION_TEXTS_MAX + 3][8];
    static char *argv[OPTION_TEXTS_MAX + 4];
    enum option_source sources[OPTION_ROWS_MAX];
    char error[OPTION_ERROR_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        snprintf(words[i], sizeof(words[i]), i == 3 ? "--" : "w%zu", i);
        argv[i] = words[i];
    }
    assert_int_equal(0, option_parse(&table, 2, argv, &settings, sources, error));
    assert_string_equal("w1", settings.first);
    assert_int_equal(0, settings.rest.count);

    assert_int_equal(0, option_parse(&table, 6, argv, &settings, sources, error));
    assert_int_equal(3, settings.rest.count);
    char *text = option_table_settings(&table, &settings);
    assert_string_equal("first=w1\nrest=w2 w4 w5\n", text);
    free(text);

    assert_int_equal(0,
                     option_parse(&table, OPTION_TEXTS_MAX + 3, argv, &settings, sources, error));
    assert_int_equal(OPTION_TEXTS_MAX, settings.rest.count);
    argv[OPTION_TEXTS_MAX + 3] = words[1];
    assert_int_equal(-EINVAL,
                     option_parse(&table, OPTION_TEXTS_MAX + 4, argv, &settings, sources, error));
    assert_string_equal("REST 'w1': is one too many; give at most 64", error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_arguments_every_field_has_its_default),
        cmocka_unit_test(values_are_taken_from_the_command_line),
        cmocka_unit_test(a_name_in_place_of_an_address_is_kept_and_not_looked_up),
        cmocka_unit_test(
            a_flag_wins_over_the_own_variable_that_over_the_short_one_and_that_over_the_default),
        cmocka_unit_test(variables_that_kubernetes_sets_for_a_service_are_no_settings),
        cmocka_unit_test(no_abbreviation_is_taken_even_if_it_is_unique),
        cmocka_unit_test(long_values_are_printed_whole),
        cmocka_unit_test(bytes_may_be_what_a_file_holds),
        cmocka_unit_test(a_file_that_cannot_be_taken_is_named),
        cmocka_unit_test(the_last_positional_may_take_all_the_rest),
        cmocka_unit_test(a_positional_is_printed_by_its_bare_name),
        cmocka_unit_test(help_is_to_be_had_whatever_else_is_wrong),
    };
    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
