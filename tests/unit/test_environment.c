/* The environment that both programs share: in one container or Machine each finds what was meant
 * for the other. */
#include "generator/config.h"
#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct option_table *const tables[] = {&server_options, &load_options};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static struct server_config server;
static struct load_config load;
static struct failure failure;

static int clear_environment(void **state)
{
    (void)state;
    return clearenv();
}

static int read_server(void)
{
    static char program[] = "hello-server";
    static char *argv[] = {program, NULL};

    return server_config_read(&server, 1, argv, &failure);
}

static int read_load(void)
{
    static char program[] = "hello-load", host[] = "localhost";
    static char *argv[] = {program, host, NULL};

    return load_config_read(&load, 2, argv, &failure);
}

static bool same_text(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool same_choices(const char *const *one, const char *const *other)
{
    size_t i = 0;

    if (one == NULL || other == NULL)
        return one == other;
    while (one[i] != NULL && same_text(one[i], other[i]))
        i++;
    return one[i] == NULL && other[i] == NULL;
}

/* Do two rows take the same values, and say that they mean the same? */
static bool rows_agree(const struct option_row *one, const struct option_row *other)
{
    return one->kind == other->kind && one->min == other->min && one->max == other->max &&
           one->takes_file == other->takes_file && same_choices(one->choices, other->choices) &&
           same_text(one->default_text, other->default_text) && same_text(one->help, other->help);
}

static const struct option_row *row_named(const struct option_table *table, const char *long_name)
{
    for (size_t i = 0; i < table->row_count; i++) {
        if (same_text(table->rows[i].long_name, long_name))
            return &table->rows[i];
    }
    return NULL;
}

static void a_short_name_is_read_by_both_programs_only_if_it_means_the_same_to_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < server_options.row_count; i++) {
        const struct option_row *one = &server_options.rows[i];
        const struct option_row *other =
            one->long_name != NULL ? row_named(&load_options, one->long_name) : NULL;
        char name[OPTION_NAME_BYTES], other_name[OPTION_NAME_BYTES];

        if (other == NULL || !*option_environment_name(&server_options, one, name))
            continue;
        option_short_name(one, name);
        option_short_name(other, other_name);
        if (strcmp(name, other_name) != 0)
            fail_msg("--%s: one program reads '%s', the other '%s'; set own_environment in both",
                     one->long_name, name, other_name);
        if (*name != '\0' && !rows_agree(one, other))
            fail_msg("--%s differs between the programs, so that %s means two things; set "
                     "own_environment in both rows",
                     one->long_name, name);
    }
}

static void no_name_of_one_program_is_one_of_the_other(void **state)
{
    (void)state;
    for (size_t t = 0; t < TABLES; t++) {
        const char *other_prefix = tables[1 - t]->prefix;

        for (size_t i = 0; i < tables[t]->row_count; i++) {
            char name[OPTION_NAME_BYTES];

            option_environment_name(tables[t], &tables[t]->rows[i], name);
            assert_true(*name == '\0' || strncmp(name, other_prefix, strlen(other_prefix)) != 0);
            option_short_name(&tables[t]->rows[i], name);
            assert_true(strncmp(name, other_prefix, strlen(other_prefix)) != 0);
        }
    }
}

/* Set a variable for each option of one program, to what its other cannot even read. */
static void set_all_of(const struct option_table *table)
{
    for (size_t i = 0; i < table->row_count; i++) {
        char name[OPTION_NAME_BYTES];

        option_environment_name(table, &table->rows[i], name);
        if (*name != '\0')
            assert_int_equal(0, setenv(name, "\\nonsense", 1));
    }
}

static void a_value_for_the_other_program_stops_nobody(void **state)
{
    (void)state;
    set_all_of(&load_options);
    assert_int_equal(0, read_server());
    assert_int_equal(SERVER_CLOSE_LINGER, server.close);
    clear_environment(state);
    set_all_of(&server_options);
    assert_int_equal(0, read_load());
    assert_int_equal(LOAD_CLOSE_FIN, load.options.close);
}

static void each_program_reads_its_own_name_where_both_have_the_option(void **state)
{
    (void)state;
    setenv("HELLO_SERVER_CLOSE", "swift", 1);
    setenv("HELLO_LOAD_CLOSE", "rst", 1);
    setenv("HELLO_SERVER_QUIET", "1", 1);
    assert_int_equal(0, read_server());
    assert_int_equal(0, read_load());
    assert_int_equal(SERVER_CLOSE_SWIFT, server.close);
    assert_int_equal(LOAD_CLOSE_RST, load.options.close);
    assert_true(server.quiet);
    assert_false(load.quiet);
}

static void what_means_two_things_is_read_by_none(void **state)
{
    static const char *const values[] = {"linger", "swift", "fin", "rst", "nonsense"};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        clear_environment(state);
        setenv("HELLO_CLOSE", values[i], 1);
        setenv("HELLO_QUIET", i % 2 == 0 ? "1" : "nonsense", 1);
        assert_int_equal(0, read_server());
        assert_int_equal(0, read_load());
        assert_int_equal(SERVER_CLOSE_LINGER, server.close);
        assert_int_equal(LOAD_CLOSE_FIN, load.options.close);
        assert_false(server.quiet || load.quiet);
    }
}

static void what_means_the_same_is_read_by_both(void **state)
{
    (void)state;
    setenv("HELLO_ENGINE", "epoll", 1);
    assert_int_equal(0, read_server());
    assert_int_equal(0, read_load());
    assert_int_equal(server.engine, load.engine);
    assert_int_not_equal(0, server.engine);
    setenv("HELLO_LOAD_ENGINE", "auto", 1);
    assert_int_equal(0, read_load());
    assert_int_equal(0, load.engine);
}

/* The warnings about variables that are set: lines, each with its newline. */
static char warnings[8 * OPTION_ERROR_BYTES];

static void remember(void *context, const char *line)
{
    size_t used = strlen(warnings);

    (void)context;
    assert_true(used + strlen(line) + 2 < sizeof(warnings));
    snprintf(warnings + used, sizeof(warnings) - used, "%s\n", line);
}

static const char *warnings_of_server(void)
{
    warnings[0] = '\0';
    assert_int_equal(0, read_server());
    option_strays_report(&server_options, server.sources, environ, remember, NULL);
    return warnings;
}

static const char *warnings_of_load(void)
{
    warnings[0] = '\0';
    assert_int_equal(0, read_load());
    option_strays_report(&load_options, load.sources, environ, remember, NULL);
    return warnings;
}

#define NOTHING_SO(name, meant) \
    "warning: " name " sets nothing; did you mean " meant "? see --help\n"

static void a_misspelt_variable_is_named_by_the_program_it_was_meant_for(void **state)
{
    static const struct {
        const char *by_server, *by_load, *name;
    } rows[] = {
        {NOTHING_SO("HELLO_GREETNG", "HELLO_SERVER_GREETING"), "", "HELLO_GREETNG"},
        {NOTHING_SO("HELLO_SERVER_GREETNIG", "HELLO_SERVER_GREETING"), "", "HELLO_SERVER_GREETNIG"},
        {NOTHING_SO("HELLO_WORKER", "HELLO_SERVER_WORKERS"), "", "HELLO_WORKER"},
        {NOTHING_SO("HELLO_MAXCONN", "HELLO_SERVER_MAX_CONNECTIONS"), "", "HELLO_MAXCONN"},
        {NOTHING_SO("HELLO_LINGER", "HELLO_SERVER_LINGER_TIMEOUT"), "", "HELLO_LINGER"},
        {NOTHING_SO("HELLO_LINGERTIMEOUT", "HELLO_SERVER_LINGER_TIMEOUT"), "",
         "HELLO_LINGERTIMEOUT"},
        {NOTHING_SO("HELLO_PORT", "HELLO_SERVER_PORT"), "", "HELLO_PORT"},
        {"", NOTHING_SO("HELLO_DURATOIN", "HELLO_LOAD_DURATION"), "HELLO_DURATOIN"},
        {"", NOTHING_SO("HELLO_LOAD_RAT", "HELLO_LOAD_RATE"), "HELLO_LOAD_RAT"},
        {"", NOTHING_SO("HELLO_TIMEOUT_MS", "HELLO_LOAD_TIMEOUT"), "HELLO_TIMEOUT_MS"},
        {"",
         "warning: HELLO_LOAD_CONCURRENCY sets nothing; the connections in flight are "
         "--connections, "
         "such as -c 64; threads are --threads\n",
         "HELLO_LOAD_CONCURRENCY"},
        {"", "warning: HELLO_LOAD_RPS sets nothing; the rate is --rate, such as -r 500\n",
         "HELLO_LOAD_RPS"},
        {"warning: HELLO_SERVER_COLOUR sets nothing; see --help\n", "", "HELLO_SERVER_COLOUR"},
        {"", "warning: HELLO_LOAD_COLOUR sets nothing; see --help\n", "HELLO_LOAD_COLOUR"},
        {"warning: HELLO_SERVER_HELP sets nothing; see --help\n", "", "HELLO_SERVER_HELP"},
        {"warning: HELLO_SERVER_\\x1b[31m\\n sets nothing; see --help\n", "",
         "HELLO_SERVER_\x1b[31m\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clear_environment(state);
        setenv(rows[i].name, "7", 1);
        assert_string_equal(rows[i].by_server, warnings_of_server());
        assert_string_equal(rows[i].by_load, warnings_of_load());
        setenv(rows[i].name, "", 1); /* from a template in which nothing was filled in */
        assert_string_equal("", warnings_of_server());
        assert_string_equal("", warnings_of_load());
    }
}

static void
a_short_name_that_both_have_is_named_by_the_program_that_understands_its_value(void **state)
{
#define AMBIGUOUS(name, other, own) \
    "warning: " name " sets nothing, since it could be meant for " other " too; name it " own "\n"
    static const char by_server[] = AMBIGUOUS("HELLO_CLOSE", "hello-load", "HELLO_SERVER_CLOSE");
    static const char by_load[] = AMBIGUOUS("HELLO_CLOSE", "hello-server", "HELLO_LOAD_CLOSE");

    (void)state;
    setenv("HELLO_CLOSE", "swift", 1);
    assert_string_equal(by_server, warnings_of_server());
    assert_string_equal("", warnings_of_load());
    setenv("HELLO_CLOSE", "rst", 1);
    assert_string_equal("", warnings_of_server());
    assert_string_equal(by_load, warnings_of_load());
    setenv("HELLO_CLOSE", "neither", 1);
    assert_string_equal("", warnings_of_server());
    assert_string_equal("", warnings_of_load());

    /* What is said otherwise holds, and needs no warning. */
    setenv("HELLO_CLOSE", "swift", 1);
    setenv("HELLO_SERVER_CLOSE", "linger", 1);
    assert_string_equal("", warnings_of_server());
}

/* In a cluster with services called hello, hello-server, hello-load and the like. */
static void variables_that_kubernetes_sets_for_services_are_not_named(void **state)
{
    static const char *const services[] = {"HELLO", "HELLO_SERVER", "HELLO_LOAD",
                                           "HELLO_SERVER_GREETING", "HELLO_SERVER_LISTENER"};
    static const char *const links[][2] = {
        {"_SERVICE_HOST", "10.0.0.1"},
        {"_SERVICE_PORT", "1848"},
        {"_SERVICE_PORT_GREETINGS", "1848"},
        {"_PORT", "tcp://10.0.0.1:1848"},
        {"_PORT_1848_TCP", "tcp://10.0.0.1:1848"},
        {"_PORT_1848_TCP_PROTO", "tcp"},
        {"_PORT_1848_TCP_PORT", "1848"},
        {"_PORT_1848_TCP_ADDR", "10.0.0.1"},
        {"_PORT_53_UDP", "udp://[fd00::1]:53"},
    };
    char name[80];

    (void)state;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        for (size_t j = 0; j < sizeof(links) / sizeof(links[0]); j++) {
            snprintf(name, sizeof(name), "%s%s", services[i], links[j][0]);
            setenv(name, links[j][1], 1);
        }
    }
    assert_string_equal("", warnings_of_server());
    assert_string_equal("", warnings_of_load());
    assert_int_equal(1848, server.port);
}

/* A name of one program must not look like a slip in that of the other, or it would be reported. */
static void what_the_other_program_reads_is_not_named(void **state)
{
    for (size_t t = 0; t < TABLES; t++) {
        const struct option_table *table = tables[t];

        for (size_t i = 0; i < table->row_count; i++) {
            char name[OPTION_NAME_BYTES];
            const char *lines;

            clear_environment(state);
            if (*option_short_name(&table->rows[i], name) && table->rows[i].long_name &&
                !row_named(tables[1 - t], table->rows[i].long_name))
                setenv(name, "x", 1);
            lines = t == 0 ? warnings_of_load() : warnings_of_server();
            if (*lines)
                fail_msg("%s is of %s: %s", name, table->program, lines);
        }
    }
}

static void what_has_nothing_to_do_with_the_programs_is_not_named(void **state)
{
    (void)state;
    setenv("HELLO_KITTY", "1", 1);
    setenv("HELLO_VERSION", "1", 1);
    setenv("HELLO_LOG_LEVEL", "debug", 1);
    setenv("HELLO_SERVER", "/usr/bin/hello-server", 1);
    setenv("HELLO_LOAD", "/usr/bin/hello-load", 1);
    setenv("GREETING", "1", 1);
    assert_string_equal("", warnings_of_server());
    assert_string_equal("", warnings_of_load());
}

static void many_slips_are_counted_not_listed(void **state)
{
    char name[40];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "HELLO_SERVER_NO%d", i);
        setenv(name, "1", 1);
    }
    assert_non_null(strstr(warnings_of_server(), "warning: 96 more variables set nothing\n"));
    assert_string_equal("", warnings_of_load());
}

static void a_very_long_name_is_shortened(void **state)
{
    char name[4096] = "HELLO_SERVER_";

    (void)state;
    memset(name + strlen(name), 'A', sizeof(name) - strlen(name) - 1);
    name[sizeof(name) - 1] = '\0';
    setenv(name, "1", 1);
    assert_in_range(strlen(warnings_of_server()), 1, 200);
}

#define ENVIRONMENT(test) cmocka_unit_test_setup(test, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENVIRONMENT(a_short_name_is_read_by_both_programs_only_if_it_means_the_same_to_both),
        ENVIRONMENT(no_name_of_one_program_is_one_of_the_other),
        ENVIRONMENT(a_value_for_the_other_program_stops_nobody),
        ENVIRONMENT(each_program_reads_its_own_name_where_both_have_the_option),
        ENVIRONMENT(what_means_two_things_is_read_by_none),
        ENVIRONMENT(what_means_the_same_is_read_by_both),
        ENVIRONMENT(a_misspelt_variable_is_named_by_the_program_it_was_meant_for),
        ENVIRONMENT(a_short_name_that_both_have_is_named_by_the_program_that_understands_its_value),
        ENVIRONMENT(variables_that_kubernetes_sets_for_services_are_not_named),
        ENVIRONMENT(what_the_other_program_reads_is_not_named),
        ENVIRONMENT(what_has_nothing_to_do_with_the_programs_is_not_named),
        ENVIRONMENT(many_slips_are_counted_not_listed),
        ENVIRONMENT(a_very_long_name_is_shortened),
    };

    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
