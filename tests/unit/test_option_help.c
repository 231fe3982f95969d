/* What --help says of a table, and that a slip in a table is found. */
#include "option_sample.h"
#include "option_table_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_help_has_an_entry_for_every_row(void **state)
{
    static const char expected[] =
        "Shows what a table can say\n"
        "Usage: sample [OPTIONS] [PORT]\n"
        "\n"
        "  PORT                           port to answer on (default 1848; $HELLO_SAMPLE_PORT, "
        "$PORT)\n"
        "  -l, --listen ADDR              address to bind (default [::]; $HELLO_SAMPLE_LISTEN)\n"
        "  -g, --greeting TEXT            what is said (default hello\\n; $HELLO_SAMPLE_GREETING)\n"
        "      --greeting-file FILE       the same from a file ($HELLO_SAMPLE_GREETING_FILE)\n"
        "  -e, --engine NAME              what to use (default auto; $HELLO_SAMPLE_ENGINE)\n"
        "  -w, --workers N                how many threads (default auto: one per CPU; "
        "$HELLO_SAMPLE_WORKERS)\n"
        "      --linger-timeout DURATION  how long to wait (default 2s; "
        "$HELLO_SAMPLE_LINGER_TIMEOUT)\n"
        "      --pause DURATION           how long to do nothing\n"
        "      --rate N                   how many in a second\n"
        "\n"
        "More:\n"
        "  -t, --tag TEXT                 what to remember ($HELLO_SAMPLE_TAG)\n"
        "      --pace RATE                how often (default 10/m; $HELLO_SAMPLE_PACE)\n"
        "      --pulse RATE               how often, without a limit\n"
        "      --ports LOW-HIGH           where ($HELLO_SAMPLE_PORTS)\n"
        "      --say TEXT|@FILE|any       what else is said ($HELLO_SAMPLE_SAY)\n"
        "      --print-config             print every setting\n"
        "  -q, --quiet                    say less ($HELLO_SAMPLE_QUIET)\n"
        "  -h, --help                     print this help, and exit\n"
        "  -V, --version                  print the version, and exit\n"
        "\n"
        "Environment: the short $HELLO_... is read too, where $HELLO_SAMPLE_... is not set; but "
        "not\n"
        "$HELLO_QUIET, which could be meant for example too\n"
        "\n"
        "Exit codes: 0 done.\n";
    char *text = option_table_help(&sample_table);

    (void)state;
    assert_string_equal(expected, text);
    free(text);
}

static void a_long_help_is_wrapped_within_100_columns(void **state)
{
    static const struct option_row rows[] = {
        {.long_name = "a-name-too-long-to-stand-beside-its-help",
         .argument = "N",
         .kind = &option_count,
         .environment = "",
         .help = "short"},
        {.long_name = "wordy",
         .short_name = 'w',
         .kind = &option_switch,
         .offset = 8,
         .environment = "",
         .help = "many words: aaaaa bbbbb ccccc ddddd eeeee fffff ggggg hhhhh iiiii "
                 "jjjjj kkkkk lllll m nnnnn ooooo"},
        {.long_name = "one",
         .kind = &option_switch,
         .offset = 9,
         .environment = "",
         .help = "many words: aaaaa bbbbb ccccc ddddd eeeee fffff ggggg hhhhh iiiii jjjjj kkkkk "
                 "llllllll"},
    };
    static const struct option_table table = {.program = "wordy",
                                              .summary = "Says much",
                                              .usage = "[OPTIONS]",
                                              .rows = rows,
                                              .row_count = 3};
    char *text = option_table_help(&table);

    (void)state;
    assert_string_equal(
        "Says much\n"
        "Usage: wordy [OPTIONS]\n"
        "\n"
        "      --a-name-too-long-to-stand-beside-its-help N\n"
        "               short\n"
        "  -w, --wordy  many words: aaaaa bbbbb ccccc ddddd eeeee fffff ggggg hhhhh iiiii "
        "jjjjj kkkkk lllll m\n"
        "               nnnnn ooooo\n"
        "      --one    many words: aaaaa bbbbb ccccc ddddd eeeee fffff ggggg "
        "hhhhh iiiii jjjjj kkkkk\n"
        "               llllllll\n",
        text);
    free(text);
}

static void environment_names_follow_the_long_name(void **state)
{
    static const struct option_table table = {.prefix = "HELLO_SAMPLE_"};
    static const struct {
        const char *expected, *expected_short;
        struct option_row row;
    } names[] = {
        {"HELLO_SAMPLE_LINGER_TIMEOUT", "HELLO_LINGER_TIMEOUT", {.long_name = "linger-timeout"}},
        {"HELLO_SAMPLE_V2", "HELLO_V2", {.long_name = "v2"}},
        {"HELLO_SAMPLE_CLOSE", "", {.long_name = "close", .own_environment = true}},
        {"HELLO_SAMPLE_PORT", "PORT", {.argument = "PORT", .environment = "PORT"}},
        {"HELLO_SAMPLE_NAME", "OTHER", {.long_name = "name", .environment = "OTHER"}},
        {"", "", {.long_name = "name", .environment = ""}},
        {"", "", {.argument = "HOST[:PORT]"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char name[OPTION_NAME_BYTES];

        assert_ptr_equal(name, option_environment_name(&table, &names[i].row, name));
        assert_string_equal(names[i].expected, name);
        assert_ptr_equal(name, option_short_name(&names[i].row, name));
        assert_string_equal(names[i].expected_short, name);
    }
}

static void a_table_with_a_slip_is_found_out(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const auto_choice[] = {"auto", NULL};
    static const struct option_row good = {.long_name = "good",
                                           .short_name = 'g',
                                           .argument = "N",
                                           .kind = &option_count,
                                           .min = 1,
                                           .max = 10,
                                           .default_text = "5",
                                           .help = "all is well"};
    struct option_row two[2] = {good, good};
    const struct option_table both = {.program = "slip",
                                      .summary = "Slips",
                                      .usage = "[OPTIONS]",
                                      .prefix = "HELLO_SLIP_",
                                      .rows = two,
                                      .row_count = 2};
    char problem[OPTION_TABLE_PROBLEM_BYTES];

#define SLIP(expected, change)                                   \
    do {                                                         \
        two[0] = good;                                           \
        two[1] = (struct option_row){.long_name = "other",       \
                                     .argument = "N",            \
                                     .kind = &option_count,      \
                                     .offset = 8,                \
                                     .help = "also well"};       \
        assert_true(option_table_is_sound(&both, 16, problem));  \
        change;                                                  \
        assert_false(option_table_is_sound(&both, 16, problem)); \
        assert_string_equal(expected, problem);                  \
    } while (0)

    (void)state;
    SLIP("good: the name is taken by another row", two[1].long_name = "good");
    SLIP("other: the short name is taken by another row", two[1].short_name = 'g');
    SLIP("other: the environment name is taken by another row", two[1].environment = "HELLO_GOOD");
    SLIP("other: the environment name is taken by another row",
         two[1].environment = "HELLO_SLIP_GOOD");
    SLIP("other: the field lies over that of another row", two[1].offset = 7);
    SLIP("other: the field lies outside of the configuration", two[1].offset = 9);
    SLIP("good: must be 1 to 10", two[0].default_text = "11");
    SLIP("good: min is above max", two[0].min = 11);
    SLIP("good: 0 stands for auto, so min must be above 0",
         (two[0].min = 0, two[0].choices = auto_choice));
    SLIP("good: has no choices", (two[0].kind = &option_choice, two[0].choices = none));
    SLIP("good: an argument name goes with a value, and a value with it", two[0].argument = NULL);
    SLIP("good: an argument name goes with a value, and a value with it",
         two[0].kind = &option_switch);
    SLIP("good: the help must be one line, lower case, no full stop", two[0].help = "ends.");
    SLIP("good: the help must be one line, lower case, no full stop", two[0].help = "Upper");
    SLIP("good: the help must be one line, lower case, no full stop", two[0].help = NULL);
    SLIP("Good: the long name must be lower case, digits and dashes, <= 40",
         two[0].long_name = "Good");
    SLIP("good: the short name must be a letter or a digit", two[0].short_name = ':');
    SLIP("good: the environment name must be upper case, digits and _",
         two[0].environment = "good");
    SLIP("version: must not be settable by environment", two[0].long_name = "version");
    SLIP("N: a positional has an argument name and no short name", two[0].long_name = NULL);
    SLIP("good: has no kind", two[0].kind = NULL);
#undef SLIP
}

static void the_sample_table_is_sound(void **state)
{
    (void)state;
    option_table_check(&sample_table, sizeof(struct sample));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_help_has_an_entry_for_every_row),
        cmocka_unit_test(a_long_help_is_wrapped_within_100_columns),
        cmocka_unit_test(environment_names_follow_the_long_name),
        cmocka_unit_test(the_sample_table_is_sound),
        cmocka_unit_test(a_table_with_a_slip_is_found_out),
    };
    return cmocka_run_group_tests_name("option_help", tests, NULL, NULL);
}
