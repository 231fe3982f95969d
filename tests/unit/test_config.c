/* The option tables of both programs, and how the responder settles what was said in two places. */
#include "base/units.h"
#include "load/config.h"
#include "option_table_check.h"
#include "server/config.h"

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

static struct server_config server;
static struct load_config load;
static char error[OPTION_ERROR_BYTES];

/* The command line: the program's name and up to two arguments, which stay until the next one. */
static char *const *command_line(const char *first, const char *second, int *ret_argc)
{
    static char program[] = "program", words[2][128];
    static char *argv[4];

    argv[0] = program;
    *ret_argc = 1;
    for (int i = 0; i < 2; i++) {
        const char *word = i == 0 ? first : second;

        if (!word)
            continue;
        snprintf(words[i], sizeof(words[i]), "%s", word);
        argv[(*ret_argc)++] = words[i];
    }
    argv[*ret_argc] = NULL;
    return argv;
}

static int read_server(const char *first, const char *second)
{
    int argc;
    char *const *argv = command_line(first, second, &argc);

    return server_config_read(&server, argc, argv, error);
}

static int read_load(const char *first, const char *second)
{
    int argc;
    char *const *argv = command_line(first, second, &argc);

    return load_config_read(&load, argc, argv, error);
}

/* Each test starts without any of the variables it may set. */
static int clear_environment(void **state)
{
    (void)state;
    unsetenv("PORT");
    unsetenv("HELLO_LISTEN");
    unsetenv("HELLO_GREETING");
    unsetenv("HELLO_GREETING_FILE");
    return 0;
}

static void tables_are_sound(void **state)
{
    (void)state;
    option_table_check(&server_options, sizeof(struct server_config));
    option_table_check(&load_options, sizeof(struct load_config));
}

static void defaults_are_what_the_readme_says(void **state)
{
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    assert_int_equal(0, read_server(NULL, NULL));
    assert_string_equal("[::]:1848", address_format(&server.listen.address, text));
    assert_int_equal(6, server.greeting.bytes);
    assert_memory_equal("hello\n", server.greeting.data, 6);
    assert_int_equal(SERVER_CLOSE_LINGER, server.close);
    assert_int_equal(2 * NS_PER_S, server.linger_timeout_ns);
    assert_int_equal(5 * NS_PER_S, server.shutdown_timeout_ns);
    assert_int_equal(0, server.workers);
}

/* The port that holds, by what is said where: PORT on the command line, --listen, $PORT,
 * $HELLO_LISTEN. */
static void port_said_more_directly_holds(void **state)
{
    const struct {
        uint16_t expected;
        const char *argument, *listen, *port_variable, *listen_variable;
    } rows[] = {
        {1848, NULL, NULL, NULL, NULL},         {7, "7", NULL, NULL, NULL},
        {8, NULL, "-l127.0.0.1:8", NULL, NULL}, {9, NULL, NULL, "9", NULL},
        {10, NULL, NULL, NULL, "[::1]:10"},     {7, "7", NULL, "9", "[::1]:10"},
        {7, "7", "-l127.0.0.1", "9", NULL},     {7, "7", "-l127.0.0.1:7", NULL, NULL},
        {8, NULL, "-l127.0.0.1:8", "9", NULL},  {10, NULL, NULL, "9", "[::1]:10"},
        {9, NULL, "-l127.0.0.1", "9", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clear_environment(state);
        if (rows[i].port_variable)
            setenv("PORT", rows[i].port_variable, 1);
        if (rows[i].listen_variable)
            setenv("HELLO_LISTEN", rows[i].listen_variable, 1);
        if (rows[i].argument && rows[i].listen)
            assert_int_equal(0, read_server(rows[i].listen, rows[i].argument));
        else
            assert_int_equal(
                0, read_server(rows[i].argument ? rows[i].argument : rows[i].listen, NULL));
        assert_int_equal(rows[i].expected, address_port(&server.listen.address));
        assert_int_equal(rows[i].expected, server.port);
    }
}

static void two_ports_contradict(void **state)
{
    (void)state;
    assert_int_equal(-EINVAL, read_server("-l127.0.0.1:8", "7"));
    assert_non_null(strstr(error, "'7'"));
}

static void more_workers_than_connections_contradict(void **state)
{
    (void)state;
    assert_int_equal(-EINVAL, read_server("-w4", "--max-connections=3"));
    assert_non_null(strstr(error, "'4'"));
}

/* Write a file of this many bytes. Returns the option that names it. */
static const char *greeting_file_of(uint32_t bytes)
{
    static char option[64];
    char path[] = "/tmp/hello-greeting-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(0, ftruncate(fd, bytes));
    close(fd);
    snprintf(option, sizeof(option), "--greeting-file=%s", path);
    return option;
}

static void greeting_file_may_have_64_kib_and_no_more(void **state)
{
    const char *option = greeting_file_of(64 << 10);

    (void)state;
    assert_int_equal(0, read_server(option, NULL));
    assert_int_equal(64 << 10, server.greeting.bytes);
    unlink(strchr(option, '/'));
    option = greeting_file_of((64 << 10) + 1);
    assert_int_equal(-EFBIG, read_server(option, NULL));
    unlink(strchr(option, '/'));
    assert_int_equal(-ENOENT, read_server(option, NULL));
    assert_non_null(strstr(error, strchr(option, '/')));
}

static void greeting_said_more_directly_holds(void **state)
{
    const char *option = greeting_file_of(3);

    (void)state;
    setenv("HELLO_GREETING", "variable", 1);
    assert_int_equal(0, read_server(option, NULL));
    assert_int_equal(3, server.greeting.bytes);
    assert_int_equal(-EINVAL, read_server(option, "--greeting=both"));
    setenv("HELLO_GREETING_FILE", strchr(option, '/'), 1);
    assert_int_equal(0, read_server("--greeting=flag", NULL));
    assert_int_equal(4, server.greeting.bytes);
    unlink(strchr(option, '/'));
}

static void load_wants_a_host_and_no_contradictions(void **state)
{
    (void)state;
    assert_int_equal(-EINVAL, read_load(NULL, NULL));
    assert_int_equal(-EINVAL, read_load("-46", "localhost"));
    assert_int_equal(-EINVAL, read_load("-t2", "-c1"));
    assert_int_equal(0, read_load("-4", "localhost"));
    assert_int_equal(LOAD_DURATION_NS, load.duration_ns);
}

static void load_flag_wins_over_the_environment(void **state)
{
    (void)state;
    setenv("HELLO_COUNT", "5", 1);
    setenv("HELLO_IPV6", "1", 1);
    assert_int_equal(0, read_load("-d1s", "localhost"));
    assert_int_equal(0, load.count);
    assert_int_equal(NS_PER_S, load.duration_ns);
    assert_int_equal(0, read_load("-4", "localhost"));
    assert_true(load.ipv4 && !load.ipv6);
    setenv("HELLO_DURATION", "1s", 1);
    assert_int_equal(-EINVAL, read_load("localhost", NULL));
    unsetenv("HELLO_COUNT");
    unsetenv("HELLO_DURATION");
    unsetenv("HELLO_IPV6");
}

static void load_target_may_be_written_in_each_of_these_ways(void **state)
{
    const struct {
        const char *expected; /* NULL: refused */
        const char *target;
    } rows[] = {
        {"127.0.0.1:1848", "127.0.0.1"},
        {"127.0.0.1:5", "127.0.0.1:5"},
        {"[::1]:1848", "::1"},
        {"[::1]:1848", "[::1]"},
        {"[::1]:5", "[::1]:5"},
        {NULL, "127.0.0.1:0"},
        {NULL, ":5"},
        {NULL, "127.0.0.1:70000"},
        {NULL, "a:b:c"},
    };
    struct address address;
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(0, read_load(rows[i].target, NULL));
        if (rows[i].expected) {
            assert_int_equal(0, load_config_resolve(&load, &address, error));
            assert_string_equal(rows[i].expected, address_format(&address, text));
        } else {
            assert_int_equal(-EINVAL, load_config_resolve(&load, &address, error));
            assert_non_null(strstr(error, rows[i].target));
        }
    }
    assert_int_equal(0, read_load("-6", "127.0.0.1"));
    assert_int_equal(-EINVAL, load_config_resolve(&load, &address, error));
}

#define CONFIG(test) cmocka_unit_test_setup(test, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG(tables_are_sound),
        CONFIG(defaults_are_what_the_readme_says),
        CONFIG(port_said_more_directly_holds),
        CONFIG(two_ports_contradict),
        CONFIG(more_workers_than_connections_contradict),
        CONFIG(greeting_file_may_have_64_kib_and_no_more),
        CONFIG(greeting_said_more_directly_holds),
        CONFIG(load_wants_a_host_and_no_contradictions),
        CONFIG(load_flag_wins_over_the_environment),
        CONFIG(load_target_may_be_written_in_each_of_these_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
