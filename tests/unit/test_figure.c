/* Numbers for people: what each is written as. */
#include "base/units.h"
#include "report/figure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void a_duration_has_three_digits_and_a_unit(void **state)
{
    static const struct {
        const char *expected;
        uint64_t ns;
    } rows[] = {
        {"0ns", 0},
        {"1ns", 1},
        {"999ns", 999},
        {"1.00us", 1000},
        {"9.99us", 9994},
        {"10.0us", 9995},
        {"42.1us", 42149},
        {"99.9us", 99949},
        {"100us", 99950},
        {"999us", 999499},
        {"1.00ms", 999500},
        {"1.32ms", 1320000},
        {"1.00s", NS_PER_S},
        {"61.2s", 61200 * NS_PER_MS},
        {"3600s", 3600 * NS_PER_S},
        {"9999s", 9999 * NS_PER_S},
        {"2.78h", 10000 * NS_PER_S},
        {"27.8h", 100000 * NS_PER_S},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[FIGURE_TEXT_BYTES];

        assert_ptr_equal(text, figure_duration(rows[i].ns, text));
        assert_string_equal(rows[i].expected, text);
    }
}

static void a_duration_takes_no_more_than_six_columns(void **state)
{
    (void)state;
    for (uint64_t ns = 1; ns < 900 * 3600 * NS_PER_S; ns += 1 + ns / 97) {
        char text[FIGURE_TEXT_BYTES];

        assert_in_range(strlen(figure_duration(ns, text)), 3, 6);
    }
}

static void the_longest_duration_fits(void **state)
{
    char text[FIGURE_TEXT_BYTES];

    (void)state;
    assert_string_equal("5124096h", figure_duration(UINT64_MAX, text));
}

static void a_count_has_commas(void **state)
{
    char text[FIGURE_TEXT_BYTES];

    (void)state;
    assert_string_equal("0", figure_count(0, text));
    assert_string_equal("999", figure_count(999, text));
    assert_string_equal("1,000", figure_count(1000, text));
    assert_string_equal("79,000", figure_count(79000, text));
    assert_string_equal("1,234,567", figure_count(1234567, text));
    assert_string_equal("18,446,744,073,709,551,615", figure_count(UINT64_MAX, text));
}

static void a_rate_keeps_three_digits_when_it_is_low(void **state)
{
    char text[FIGURE_TEXT_BYTES];

    (void)state;
    assert_string_equal("0", figure_rate(0, text));
    assert_string_equal("0.0167", figure_rate(0.01667, text));
    assert_string_equal("0.000278", figure_rate(1.0 / 3600, text));
    assert_string_equal("1.00", figure_rate(1, text));
    assert_string_equal("3.21", figure_rate(3.214, text));
    assert_string_equal("98.4", figure_rate(98.44, text));
    assert_string_equal("100", figure_rate(99.96, text));
    assert_string_equal("15,974", figure_rate(15974.4, text));
    assert_string_equal("1,000,000", figure_rate(999999.5, text));
}

static void a_rate_for_programs_has_no_commas_and_is_never_rounded_to_nothing(void **state)
{
    char text[FIGURE_TEXT_BYTES];

    (void)state;
    assert_string_equal("0.0", figure_plain_rate(0, text));
    assert_string_equal("0.000278", figure_plain_rate(1.0 / 3600, text));
    assert_string_equal("3.21", figure_plain_rate(3.214, text));
    assert_string_equal("98.4", figure_plain_rate(98.44, text));
    assert_string_equal("15974.4", figure_plain_rate(15974.4, text));
}

static void a_share_is_shown_in_percent(void **state)
{
    char text[FIGURE_TEXT_BYTES];

    (void)state;
    assert_string_equal("0 %", figure_percent(0, text));
    assert_string_equal("0.1 %", figure_percent(0.0012, text));
    assert_string_equal("9.9 %", figure_percent(0.0994, text));
    assert_string_equal("10 %", figure_percent(0.0996, text));
    assert_string_equal("62 %", figure_percent(0.62, text));
    assert_string_equal("200 %", figure_percent(2, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_has_three_digits_and_a_unit),
        cmocka_unit_test(a_duration_takes_no_more_than_six_columns),
        cmocka_unit_test(the_longest_duration_fits),
        cmocka_unit_test(a_count_has_commas),
        cmocka_unit_test(a_rate_keeps_three_digits_when_it_is_low),
        cmocka_unit_test(a_rate_for_programs_has_no_commas_and_is_never_rounded_to_nothing),
        cmocka_unit_test(a_share_is_shown_in_percent),
    };
    return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}
