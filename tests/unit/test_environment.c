/* The environment that both programs share: in one container or Machine each finds what was meant
 * for the other. */
#include "load/config.h"
#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct option_table *const tables[] = {&server_options, &load_options};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static struct server_config server;
static struct load_config load;
static char error[OPTION_ERROR_BYTES];

static int clear_environment(void **state)
{
    (void)state;
    return clearenv();
}

static int read_server(void)
{
    static char program[] = "hello-server";
    static char *argv[] = {program, NULL};

    return server_config_read(&server, 1, argv, error);
}

static int read_load(void)
{
    static char program[] = "hello-load", host[] = "localhost";
    static char *argv[] = {program, host, NULL};

    return load_config_read(&load, 2, argv, error);
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
    assert_int_equal(LOAD_CLOSE_FIN, load.close);
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
    assert_int_equal(LOAD_CLOSE_RST, load.close);
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
        assert_int_equal(LOAD_CLOSE_FIN, load.close);
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
    };

    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
