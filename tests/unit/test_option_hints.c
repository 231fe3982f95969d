/* What both programs say of the options of other programs: it is true of their own. */
#include "generator/config.h"
#include "option/option_nearest.h"
#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct option_table *const tables[] = {&server_options, &load_options};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Does the table know this option, "--port" or "-p"? */
static bool is_known(const struct option_table *table, const char *name, size_t bytes)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];

        if (bytes == 2 && row->short_name != 0 && row->short_name == name[1])
            return true;
        if (row->long_name && bytes == strlen(row->long_name) + 2 &&
            memcmp(row->long_name, name + 2, bytes - 2) == 0)
            return true;
    }
    return false;
}

/* The options that a text names, one after the other: returns the next and its length. */
static const char *option_in(const char *text, size_t *ret_bytes)
{
    for (const char *at = strchr(text, '-'); at; at = strchr(at + 1, '-')) {
        size_t bytes = at[1] == '-' ? 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-") : 2;

        if (at > text && at[-1] != ' ')
            continue;
        if (bytes > 2 || (at[1] >= 'a' && at[1] <= 'z')) {
            *ret_bytes = bytes;
            return at;
        }
    }
    return NULL;
}

static void what_is_hinted_at_is_unknown_and_known_only_once(void **state)
{
    (void)state;
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct option_hint *hint = tables[t]->hints; hint->names; hint++) {
            size_t bytes;

            for (const char *at = hint->names; *at; at += bytes + strspn(at + bytes, " ")) {
                bytes = strcspn(at, " ");
                if (is_known(tables[t], at, bytes))
                    fail_msg("%s knows %.*s itself", tables[t]->program, (int)bytes, at);
                assert_ptr_equal(hint->advice, option_hint_find(tables[t], at, bytes));
            }
        }
    }
}

static void what_is_advised_is_known(void **state)
{
    (void)state;
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct option_hint *hint = tables[t]->hints; hint->names; hint++) {
            size_t bytes = 0;

            for (const char *at = hint->advice; (at = option_in(at, &bytes)); at += bytes) {
                if (!is_known(tables[t], at, bytes))
                    fail_msg("%s has no %.*s", tables[t]->program, (int)bytes, at);
            }
        }
    }
}

static int read_options(size_t t, const char *first, const char *second, struct failure *failure)
{
    static struct server_config server;
    static struct load_config load;
    static char words[3][80];
    char *argv[] = {words[0], words[1], second ? words[2] : NULL, NULL};
    int argc = second ? 3 : 2;

    snprintf(words[0], sizeof(words[0]), "program");
    snprintf(words[1], sizeof(words[1]), "%s", first);
    snprintf(words[2], sizeof(words[2]), "%s", second ? second : "");
    return t == 0 ? server_config_read(&server, argc, argv, failure)
                  : load_config_read(&load, argc, argv, failure);
}

static void the_error_for_an_option_of_another_program_names_the_option_here(void **state)
{
    static const struct {
        const char *expected;
        size_t table; /* 0: of hello-server, 1: of hello-load */
        const char *first, *second;
    } rows[] = {
        {"unknown option '--port'; the port is an argument: hello-server 7000", 0, "--port",
         "7000"},
        {"unknown option '--port'; the port is an argument: hello-server 7000", 0, "--port=7",
         NULL},
        {"unknown option '-p'; the port is an argument: hello-server 7000", 0, "-p", "7000"},
        {"unknown option '-p'; the port is an argument: hello-server 7000", 0, "-p7000", NULL},
        {"unknown option '-p'; the port is an argument: hello-server 7000", 0, "-vp7000", NULL},
        {"unknown option '--bind'; the address is --listen, such as -l 127.0.0.1", 0, "--bind",
         "::1"},
        {"unknown option '-greeting'; did you mean '--greeting'?", 0, "-greeting=hi", NULL},
        {"unknown option '--prot'; see --help", 0, "--prot", "80"},
        {"unknown option '-p'; the port belongs to the target: localhost:7000", 1, "-p", "7000"},
        {"unknown option '--rps'; the rate is --rate, such as -r 500", 1, "--rps", "1000"},
        {"unknown option '-z'; how long to measure is --duration, such as -d 10s", 1, "-z", "5s"},
        {"unknown option '-rate'; did you mean '--rate'?", 1, "-rate=100", "a"},
        {"unknown option '-duration'; did you mean '--duration'?", 1, "-duration", "5s"},
        {"unknown option '--tls'; it speaks no TLS, but plain TCP", 1, "--tls", "a"},
        {"unknown option '--latency'; latencies are always reported", 1, "--latency", "a"},
    };
    struct failure failure;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(read_options(rows[i].table, rows[i].first, rows[i].second, &failure) < 0);
        assert_string_equal(rows[i].expected, failure.line);
    }
}

static void the_habits_of_wrk_that_work_are_left_alone(void **state)
{
    struct failure failure;

    (void)state;
    assert_int_equal(0, read_options(1, "-d30s", "a", &failure));
    assert_int_equal(0, read_options(1, "-c100", "a", &failure));
    assert_int_equal(0, read_options(1, "-t2", "a", &failure));
    assert_int_equal(0, read_options(0, "-gclose", NULL, &failure));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_hinted_at_is_unknown_and_known_only_once),
        cmocka_unit_test(what_is_advised_is_known),
        cmocka_unit_test(the_error_for_an_option_of_another_program_names_the_option_here),
        cmocka_unit_test(the_habits_of_wrk_that_work_are_left_alone),
    };

    return cmocka_run_group_tests_name("option_hints", tests, NULL, NULL);
}
