/* The option tables of both programs, and which value wins if it is set in two places. */
#include "base/units.h"
#include "generator/config.h"
#include "option_table_check.h"
#include "server/config.h"
#include "server/server.h"

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

static struct server_config server;
static struct load_config load;
static struct failure failure;

#define WORDS_MAX 70

/* The command line of a program, from up to the first NULL of its arguments; both stay until the
 * next one. Returns their number. */
static int command_line(const char *const *words, char ***ret_argv)
{
    static char program[] = "program", copies[WORDS_MAX][160];
    static char *argv[WORDS_MAX + 2];
    int argc = 1;

    argv[0] = program;
    for (; *words; words++) {
        assert_true(argc <= WORDS_MAX);
        snprintf(copies[argc - 1], sizeof(copies[0]), "%s", *words);
        argv[argc] = copies[argc - 1];
        argc++;
    }
    argv[argc] = NULL;
    *ret_argv = argv;
    return argc;
}

static int read_server(const char *first, const char *second)
{
    const char *words[] = {first, first ? second : NULL, NULL};
    char **argv;
    int argc = command_line(words, &argv);

    return server_config_read(&server, argc, argv, &failure);
}

static int read_load_words(const char *const *words)
{
    char **argv;
    int argc = command_line(words, &argv);

    return load_config_read(&load, argc, argv, &failure);
}

#define READ_LOAD(...) read_load_words((const char *const[]){__VA_ARGS__, NULL})

/* Each test starts without any of the variables it may set. */
static int clear_environment(void **state)
{
    (void)state;
    return clearenv();
}

static void tables_are_sound(void **state)
{
    (void)state;
    option_table_check(&server_options, sizeof(struct server_config));
    option_table_check(&load_options, sizeof(struct load_config));
}

static void defaults_are_what_its_page_says(void **state)
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

static void connections_follow_from_the_options(void **state)
{
    struct connection_settings settings;

    (void)state;
    assert_int_equal(0, read_server("--greeting=hi", "--linger-timeout=1s"));
    settings = server_connection_settings(&server);
    assert_int_equal(2, settings.greeting_bytes);
    assert_memory_equal("hi", settings.greeting, 2);
    assert_true(settings.linger);
    assert_int_equal(NS_PER_S, settings.linger_timeout_ns);
    assert_int_equal(CONNECTION_LEAVE_NS, settings.leave_ns);
    assert_int_equal(0, settings.leave_slack_ns);

    /* Clients do not get longer than the timeout, except for a tenth. */
    assert_int_equal(0, read_server("--close=swift", "--linger-timeout=999ms"));
    settings = server_connection_settings(&server);
    assert_false(settings.linger);
    assert_int_equal(0, settings.leave_ns);
    assert_int_equal(0, settings.leave_slack_ns);
    assert_int_equal(0, read_server("--close=linger", "--linger-timeout=1500ms"));
    settings = server_connection_settings(&server);
    assert_int_equal(CONNECTION_LEAVE_NS, settings.leave_ns);
    assert_int_equal(50 * NS_PER_MS, settings.leave_slack_ns);
    assert_int_equal(0, read_server("--close=linger", "--linger-timeout=2s"));
    settings = server_connection_settings(&server);
    assert_int_equal(CONNECTION_LEAVE_NS, settings.leave_slack_ns);
    assert_int_equal(0, read_server("--close=linger", "--linger-timeout=1h"));
    settings = server_connection_settings(&server);
    assert_int_equal(CONNECTION_LEAVE_NS, settings.leave_slack_ns);
}

/* The port in force, by the place where it is set: PORT on the command line, --listen, and
 * variables. */
static void port_said_more_directly_holds(void **state)
{
#define PORT   "PORT"
#define LISTEN "HELLO_LISTEN"
#define OWN    "HELLO_SERVER_"
    const struct {
        uint16_t expected;
        const char *argument, *listen;
        const char *variables[4]; /* each with its value after it */
    } rows[] = {
        {1848, NULL, NULL, {NULL}},
        {7, "7", NULL, {NULL}},
        {8, NULL, "-l127.0.0.1:8", {NULL}},
        {9, NULL, NULL, {PORT, "9"}},
        {10, NULL, NULL, {LISTEN, "[::1]:10"}},
        {7, "7", NULL, {PORT, "9", LISTEN, "[::1]:10"}},
        {7, "7", "-l127.0.0.1", {PORT, "9"}},
        {7, "7", "-l127.0.0.1:7", {NULL}},
        {8, NULL, "-l127.0.0.1:8", {PORT, "9"}},
        {10, NULL, NULL, {PORT, "9", LISTEN, "[::1]:10"}},
        {9, NULL, "-l127.0.0.1", {PORT, "9"}},
        {9, NULL, NULL, {OWN PORT, "9"}},
        {9, NULL, NULL, {OWN PORT, "9", PORT, "11"}},
        {9, NULL, NULL, {OWN PORT, "9", LISTEN, "[::1]:10"}},
        {10, NULL, NULL, {OWN "LISTEN", "[::1]:10", PORT, "9"}},
        {10, NULL, NULL, {OWN "LISTEN", "[::1]:10", LISTEN, "[::1]:9"}},
        {8, NULL, "-l127.0.0.1:8", {OWN PORT, "9"}},
        {7, "7", NULL, {OWN PORT, "9", OWN "LISTEN", "[::1]:10"}},
        {1848, NULL, NULL, {OWN PORT, "tcp://10.0.0.1:1849"}},
    };
#undef PORT
#undef LISTEN
#undef OWN

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clear_environment(state);
        for (size_t j = 0; j < 4 && rows[i].variables[j]; j += 2)
            setenv(rows[i].variables[j], rows[i].variables[j + 1], 1);
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
    assert_non_null(strstr(failure.line, "'7'"));
    setenv("HELLO_SERVER_PORT", "7", 1);
    setenv("HELLO_SERVER_LISTEN", "[::1]:8", 1);
    assert_int_equal(-EINVAL, read_server(NULL, NULL));
    assert_non_null(strstr(failure.line, "'7'"));
}

static void more_workers_than_connections_contradict(void **state)
{
    (void)state;
    assert_int_equal(-EINVAL, read_server("-w4", "--max-connections=3"));
    assert_non_null(strstr(failure.line, "'4'"));
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
    failure.class = FAILURE_USAGE;
    assert_int_equal(-EFBIG, read_server(option, NULL));
    assert_int_equal(FAILURE_SYSTEM, failure.class);
    unlink(strchr(option, '/'));
    assert_int_equal(-ENOENT, read_server(option, NULL));
    assert_non_null(strstr(failure.line, strchr(option, '/')));
}

/* The exit code follows from the class, whatever the errno: here -EINVAL is of usage, but read(2)
 * returns it for some files. */
static void what_is_wrong_with_the_command_line_and_what_with_the_machine_are_apart(void **state)
{
    static const struct {
        enum failure_class expected;
        const char *first, *second;
    } rows[] = {
        {FAILURE_USAGE, "--close=never", NULL},
        {FAILURE_USAGE, "--no-such-option", NULL},
        {FAILURE_USAGE, "-l127.0.0.1:8", "7"},
        {FAILURE_USAGE, "-w4", "--max-connections=3"},
        {FAILURE_USAGE, "--cpus=nonsense", NULL},
        {FAILURE_USAGE, "--listen=no-such-name.invalid", NULL},
        {FAILURE_USAGE, "--greeting=a", "--greeting-file=b"},
        {FAILURE_SYSTEM, "--greeting-file=/nonexistent", NULL},
        {FAILURE_SYSTEM, "--greeting-file=/", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        failure.class = FAILURE_STOPPED;
        assert_true(read_server(rows[i].first, rows[i].second) < 0);
        if (failure.class != rows[i].expected)
            fail_msg("%s: class %d, not %d", rows[i].first, failure.class, rows[i].expected);
    }
    assert_int_equal(-EINVAL, READ_LOAD("--no-such-option", "a"));
    assert_int_equal(FAILURE_USAGE, failure.class);
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
    assert_null(server.greeting_file);
    assert_int_equal(OPTION_FROM_DEFAULT,
                     server.sources[option_row_find(&server_options, "greeting-file")]);
    unlink(strchr(option, '/'));
}

static const char *load_setting(const char *expected)
{
    static char line[OPTION_TABLE_LINE_BYTES];

    return option_table_setting(&load_options, &load, expected, line);
}

static void load_defaults_are_what_the_help_says(void **state)
{
    (void)state;
    assert_int_equal(0, READ_LOAD("localhost"));
    assert_int_equal(1, load.options.targets.count);
    assert_string_equal("localhost", load.options.targets.items[0]);
    assert_int_equal(0, load.connections);
    assert_int_equal(0, load.options.rate.starts);
    assert_int_equal(LOAD_CONSTANT, load.options.arrivals);
    assert_int_equal(LOAD_DURATION_NS, load.options.duration_ns);
    assert_int_equal(0, load.options.count + load.options.warmup_ns + load.options.ramp_ns);
    assert_int_equal(LOAD_FAMILY_ANY, load.options.family);
    assert_null(load.options.source);
    assert_int_equal(0, load.options.source_ports.low);
    assert_int_equal(LOAD_PROXY_NONE, load.options.proxy_protocol);
    assert_int_equal(0, load.options.send.bytes);
    assert_int_equal(6, load.options.expect.bytes);
    assert_memory_equal("hello\n", load.options.expect.data, 6);
    assert_false(load.options.expect.any);
    assert_int_equal(LOAD_CLOSE_FIN, load.options.close);
    assert_int_equal(0, load.options.connect_timeout_ns);
    assert_int_equal(10 * NS_PER_S, load.options.timeout_ns);
    assert_int_equal(1, load.threads);
    assert_int_equal(0, load.assertions.count);
    assert_null(load.hlog);
    assert_false(load.json || load.csv || load.no_live || load.quiet);
}

static const struct {
    const char *expected; /* as option_print writes it */
    const char *words[4];
    const char *variable, *value; /* the same by the environment; NULL: it cannot be */
} load_settings[] = {
    {"host=a b:5=2 [::1]:7", {"a", "b:5=2", "[::1]:7"}, NULL, NULL},
    {"connections=10000", {"-c10k"}, "HELLO_CONNECTIONS", "10k"},
    {"connections=auto", {"--connections=auto"}, "HELLO_CONNECTIONS", "auto"},
    {"rate=20k/s", {"-r", "20k/s"}, "HELLO_RATE", "20000"},
    {"rate=10M/s", {"--rate=10M"}, "HELLO_RATE", "10M/s"},
    {"rate=100/m", {"--rate", "100/m"}, "HELLO_RATE", "100/m"},
    {"arrivals=poisson", {"--arrivals=poisson", "-r1"}, NULL, NULL},
    {"seed=7", {"--seed", "7"}, "HELLO_SEED", "7"},
    {"duration=3s", {"-d3s"}, "HELLO_DURATION", "3s"},
    {"duration=720h", {"--duration=720h"}, "HELLO_DURATION", "720h"},
    {"count=1000000", {"-n", "1M"}, "HELLO_COUNT", "1000000"},
    {"warmup=1h", {"--warmup=60m"}, "HELLO_WARMUP", "1h"},
    {"ramp=500ms", {"--ramp=500ms"}, "HELLO_RAMP", "500ms"},
    {"ipv4=1", {"-4"}, "HELLO_IPV4", "yes"},
    {"family=ipv4", {"--ipv4"}, "HELLO_IPV4", "1"},
    {"ipv6=1", {"-6"}, "HELLO_IPV6", "on"},
    {"family=ipv6", {"--ipv6"}, "HELLO_IPV6", "1"},
    {"family=both", {"--family=both"}, "HELLO_FAMILY", "both"},
    {"source=127.0.0.2,127.1.0.0/16",
     {"--source=127.0.0.2,127.1.0.0/16"},
     "HELLO_SOURCE",
     "127.0.0.2,127.1.0.0/16"},
    {"source-ports=20000-29999",
     {"--source-ports", "20000-29999"},
     "HELLO_SOURCE_PORTS",
     "20000-29999"},
    {"proxy-protocol=v1", {"--proxy-protocol=v1"}, "HELLO_PROXY_PROTOCOL", "v1"},
    {"proxy-protocol=v2", {"--proxy-protocol=v2"}, "HELLO_PROXY_PROTOCOL", "v2"},
    {"send=GET\\r\\n", {"--send=GET\\r\\n"}, "HELLO_SEND", "GET\\r\\n"},
    {"send=", {"--send=@/dev/null"}, "HELLO_SEND", "@/dev/null"},
    {"send=any", {"--send=any"}, "HELLO_SEND", "any"},
    {"expect=hi", {"--expect=hi"}, "HELLO_EXPECT", "hi"},
    {"expect=", {"--expect=@/dev/null"}, "HELLO_EXPECT", "@/dev/null"},
    {"expect=any", {"--expect=any"}, "HELLO_EXPECT", "any"},
    {"close=rst", {"--close", "rst"}, "HELLO_LOAD_CLOSE", "rst"},
    {"reuse-sockets=no", {"--reuse-sockets", "no"}, "HELLO_REUSE_SOCKETS", "no"},
    {"connect-timeout=10s", {"--connect-timeout=10s"}, "HELLO_CONNECT_TIMEOUT", "10s"},
    {"timeout=1ms", {"--timeout=1ms"}, "HELLO_TIMEOUT", "1ms"},
    {"cpus=none", {"--cpus", "none"}, "HELLO_LOAD_CPUS", "none"},
    {"threads=2", {"-t2"}, "HELLO_THREADS", "2"},
    {"threads=auto", {"--threads=auto"}, "HELLO_THREADS", "auto"},
    {"engine=epoll", {"-e", "epoll"}, "HELLO_ENGINE", "epoll"},
    {"assert=p99<5ms errors==0", {"--assert=p99<5ms", "--assert", "errors==0"}, NULL, NULL},
    {"assert=p99<5ms", {"--assert=p99<5ms"}, "HELLO_ASSERT", "p99<5ms"},
    {"json=1", {"--json"}, "HELLO_JSON", "1"},
    {"csv=1", {"--csv"}, "HELLO_CSV", "1"},
    {"hlog=run.hlog", {"--hlog=run.hlog"}, "HELLO_HLOG", "run.hlog"},
    {"no-live=1", {"--no-live"}, "HELLO_NO_LIVE", "1"},
    {"quiet=1", {"-q"}, "HELLO_LOAD_QUIET", "1"},
};

static void load_takes_every_setting_from_the_command_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(load_settings); i++) {
        const char *words[6];
        size_t count = 0;

        for (; count < 4 && load_settings[i].words[count]; count++)
            words[count] = load_settings[i].words[count];
        words[count] = strncmp(load_settings[i].expected, "host=", 5) == 0 ? NULL : "localhost";
        words[count + 1] = NULL;
        if (read_load_words(words) != 0)
            fail_msg("%s: refused: %s", load_settings[i].expected, failure.line);
        assert_string_equal(load_settings[i].expected, load_setting(load_settings[i].expected));
    }
}

static void load_takes_settings_from_the_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(load_settings); i++) {
        if (!load_settings[i].variable)
            continue;
        clear_environment(state);
        setenv(load_settings[i].variable, load_settings[i].value, 1);
        if (READ_LOAD("localhost") != 0)
            fail_msg("%s: refused: %s", load_settings[i].expected, failure.line);
        assert_string_equal(load_settings[i].expected, load_setting(load_settings[i].expected));
    }
}

static void every_setting_of_load_is_tried_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < load_options.row_count; i++) {
        const char *name = load_options.rows[i].long_name;
        bool tried = !name || strcmp(name, "help") == 0 || strcmp(name, "version") == 0;

        for (size_t j = 0; !tried && j < COUNT_OF(load_settings); j++) {
            size_t bytes = strcspn(load_settings[j].expected, "=");
            tried = strlen(name) == bytes && memcmp(name, load_settings[j].expected, bytes) == 0;
        }
        if (!tried)
            fail_msg("--%s has no row in load_settings", name);
    }
}

static void load_gives_help_without_a_host(void **state)
{
    (void)state;
    setenv("HELLO_RATE", "nonsense", 1);
    assert_int_equal(0, READ_LOAD("--help"));
    assert_true(load.help);
    assert_int_equal(0, READ_LOAD("-V"));
    assert_true(load.version);
}

static void load_says_what_is_wrong_in_one_line(void **state)
{
#define RATE "not a rate, such as 500, 20k/s, 100/m or 7/h; must be 1/h to 10M/s"
    static const struct {
        const char *expected;
        const char *words[5];
    } rows[] = {
        {"no HOST given; name a target, see --help", {NULL}},
        {"no HOST given; name a target, see --help", {"-c3"}},
        {"--connections '0': must be 1 to 1000000, or auto", {"-c0", "a"}},
        {"--rate '0': must be 1/h to 10M/s", {"-r0", "a"}},
        {"--rate '10000001': must be 1/h to 10M/s", {"-r10000001", "a"}},
        {"--rate '5/d': " RATE, {"--rate=5/d", "a"}},
        {"--arrivals 'even': must be constant or poisson", {"--arrivals=even", "a"}},
        {"--arrivals 'poisson' needs a rate; add --rate, such as --rate 500/s",
         {"--arrivals=poisson", "a"}},
        {"--duration '5': needs a unit, such as 500ms or 2s", {"-d5", "a"}},
        {"--duration '0': must be 1ms to 720h", {"-d0", "a"}},
        {"--count '0': must be 1 to 1000000000000", {"-n0", "a"}},
        {"--count and --duration contradict; give one of them", {"-n5", "-d5s", "a"}},
        {"--warmup '25h': must be 0s to 24h", {"--warmup=25h", "a"}},
        {"--ramp '25h': must be 0s to 24h", {"--ramp=25h", "a"}},
        {"--ramp '6s' is longer than --warmup and --duration together, '5s'; shorten it, or let "
         "the run last longer",
         {"--ramp=6s", "a"}},
        {"--ramp '4001ms' is longer than --warmup and --duration together, '4s'; shorten it, or "
         "let the run last longer",
         {"--ramp=4001ms", "--warmup=1s", "-d3s", "a"}},
        {"--ipv4 and --ipv6 contradict; give one of them", {"-46", "a"}},
        {"--ipv4 and --family contradict; give one of them", {"-4", "--family=ipv6", "a"}},
        {"--ipv4 and --family contradict; give one of them", {"-4", "--family=any", "a"}},
        {"--ipv6 and --family contradict; give one of them", {"--family=both", "-6", "a"}},
        {"--family 'ipx': must be any, ipv4, ipv6 or both", {"--family=ipx", "a"}},
        {"--source-ports '5-4': must be LOW-HIGH or one port, 1 to 65535, such as 20000-29999",
         {"--source-ports=5-4", "a"}},
        {"--proxy-protocol 'v3': must be none, v1 or v2", {"--proxy-protocol=v3", "a"}},
        {"--send: cannot read file '/no/file': No such file or directory; name a readable file",
         {"--send=@/no/file", "a"}},
        {"--expect: cannot read file '/': Is a directory; name a readable file",
         {"--expect=@/", "a"}},
        {"--expect: file '/dev/zero' must be 0 to 65536 bytes (64 KiB) long",
         {"--expect=@/dev/zero", "a"}},
        {"--close 'gently': must be fin or rst", {"--close=gently", "a"}},
        {"--timeout '0s': must be 1ms to 1h", {"--timeout=0s", "a"}},
        {"--connect-timeout '2h': must be 1ms to 1h", {"--connect-timeout=2h", "a"}},
        {"--connect-timeout '11s' is longer than --timeout '10s', which counts from the same "
         "start; raise that, or lower this",
         {"--connect-timeout=11s", "a"}},
        {"--threads '0': must be 1 to 1024, or auto", {"-t0", "a"}},
        {"--threads '3' is more than --connections '2'; each thread needs at least one",
         {"-t3", "-c2", "a"}},
        {"--json and --csv contradict; give one of them", {"--json", "--csv", "a"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(-EINVAL, read_load_words(rows[i].words));
        assert_string_equal(rows[i].expected, failure.line);
    }
#undef RATE
}

/* Debug builds know more engines than those that are shipped. */
static void load_names_the_engines_that_there_are(void **state)
{
    static const char expected[] = "--engine 'kqueue': must be auto, uring";

    (void)state;
    assert_int_equal(-EINVAL, read_load_words((const char *const[]){"-ekqueue", "a", NULL}));
    assert_memory_equal(expected, failure.line, strlen(expected));
    for (size_t i = 0; engine_choices[i]; i++)
        assert_non_null(strstr(failure.line, engine_choices[i]));
}

static void load_takes_at_most_64_targets(void **state)
{
    const char *words[OPTION_TEXTS_MAX + 2] = {NULL};

    (void)state;
    for (size_t i = 0; i < OPTION_TEXTS_MAX; i++)
        words[i] = "localhost";
    assert_int_equal(0, read_load_words(words));
    words[OPTION_TEXTS_MAX] = "localhost";
    assert_int_equal(-EINVAL, read_load_words(words));
    assert_string_equal("HOST[:PORT][=WEIGHT] 'localhost': is one too many; give at most 64",
                        failure.line);
}

static void load_checks_how_each_assertion_is_written(void **state)
{
    (void)state;
    assert_int_equal(-EINVAL, READ_LOAD("--assert=errors==0", "--assert=nonsense", "a"));
    assert_non_null(strstr(failure.line, "nonsense"));
    setenv("HELLO_ASSERT", "rubbish", 1);
    assert_int_equal(-EINVAL, READ_LOAD("a"));
    assert_non_null(strstr(failure.line, "rubbish"));
}

static void load_allows_what_only_looks_wrong(void **state)
{
    static const char *const rows[][5] = {
        {"-t1024", "a"},           /* as many connections as that takes */
        {"-t3", "-cauto", "a"},    /* likewise */
        {"-t2", "-c2", "a"},       /* one for each */
        {"-n5", "--ramp=1h", "a"}, /* until the count is reached */
        {"--ramp=5s", "a"},        /* all of the run */
        {"--ramp=4s", "--warmup=3s", "-d1s", "a"},
        {"--connect-timeout=5s", "--timeout=5s", "a"},
        {"-4", "--family=ipv4", "a"}, /* the same said twice */
        {"--family=ipv6", "-6", "a"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (read_load_words(rows[i]) != 0)
            fail_msg("refused: %s", failure.line);
    }
}

/* Of settings that contradict, what is said on the command line holds. */
static void load_flag_wins_over_the_environment(void **state)
{
    static const struct {
        const char *expected[2]; /* as option_print writes it */
        const char *words[3];
        const char *variables[4]; /* each with its value after it */
    } rows[] = {
        {{"count=0", "duration=1s"}, {"-d1s", "a"}, {"HELLO_COUNT", "5"}},
        {{"count=5", "duration=0s"}, {"-n5", "a"}, {"HELLO_DURATION", "1s"}},
        {{"family=ipv4", "ipv6=0"}, {"-4", "a"}, {"HELLO_IPV6", "1"}},
        {{"family=ipv6", "ipv4=0"}, {"-6", "a"}, {"HELLO_IPV4", "1", "HELLO_FAMILY", "both"}},
        {{"family=both", "ipv4=0"}, {"--family=both", "a"}, {"HELLO_IPV4", "1"}},
        {{"family=any", "ipv6=0"}, {"--family=any", "a"}, {"HELLO_IPV6", "1"}},
        {{"family=ipv6", "ipv4=0"}, {"a"}, {"HELLO_IPV4", "0", "HELLO_IPV6", "1"}},
        {{"json=0", "csv=1"}, {"--csv", "a"}, {"HELLO_JSON", "1"}},
        {{"json=1", "csv=0"}, {"--json", "a"}, {"HELLO_CSV", "1"}},
        {{"json=0", "csv=1"}, {"--csv", "a"}, {"HELLO_JSON", "0"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        clear_environment(state);
        for (size_t j = 0; j < 4 && rows[i].variables[j]; j += 2)
            setenv(rows[i].variables[j], rows[i].variables[j + 1], 1);
        if (read_load_words(rows[i].words) != 0)
            fail_msg("%s: refused: %s", rows[i].expected[0], failure.line);
        for (size_t j = 0; j < 2; j++)
            assert_string_equal(rows[i].expected[j], load_setting(rows[i].expected[j]));
    }
}

static void load_variables_may_contradict_each_other(void **state)
{
    static const struct {
        const char *expected;
        const char *variables[4];
    } rows[] = {
        {"--count and --duration contradict; give one of them",
         {"HELLO_COUNT", "5", "HELLO_DURATION", "1s"}},
        {"--ipv4 and --ipv6 contradict; give one of them", {"HELLO_IPV4", "1", "HELLO_IPV6", "1"}},
        {"--ipv6 and --family contradict; give one of them",
         {"HELLO_IPV6", "1", "HELLO_FAMILY", "ipv4"}},
        {"--json and --csv contradict; give one of them", {"HELLO_JSON", "1", "HELLO_CSV", "1"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        clear_environment(state);
        for (size_t j = 0; j < 4; j += 2)
            setenv(rows[i].variables[j], rows[i].variables[j + 1], 1);
        assert_int_equal(-EINVAL, READ_LOAD("a"));
        assert_string_equal(rows[i].expected, failure.line);
    }
}

#define CONFIG(test) cmocka_unit_test_setup(test, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG(tables_are_sound),
        CONFIG(defaults_are_what_its_page_says),
        CONFIG(connections_follow_from_the_options),
        CONFIG(port_said_more_directly_holds),
        CONFIG(two_ports_contradict),
        CONFIG(more_workers_than_connections_contradict),
        CONFIG(greeting_file_may_have_64_kib_and_no_more),
        CONFIG(what_is_wrong_with_the_command_line_and_what_with_the_machine_are_apart),
        CONFIG(greeting_said_more_directly_holds),
        CONFIG(load_defaults_are_what_the_help_says),
        CONFIG(load_takes_every_setting_from_the_command_line),
        CONFIG(load_takes_settings_from_the_environment),
        CONFIG(every_setting_of_load_is_tried_here),
        CONFIG(load_gives_help_without_a_host),
        CONFIG(load_says_what_is_wrong_in_one_line),
        CONFIG(load_names_the_engines_that_there_are),
        CONFIG(load_takes_at_most_64_targets),
        CONFIG(load_checks_how_each_assertion_is_written),
        CONFIG(load_allows_what_only_looks_wrong),
        CONFIG(load_flag_wins_over_the_environment),
        CONFIG(load_variables_may_contradict_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
