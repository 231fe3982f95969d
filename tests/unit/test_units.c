/* What durations and counts people may type, and what each is worth. */
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED       UINT64_C(0xfeedfacecafebeef)

typedef int parse_function(const char *text, uint64_t *ret_value);

struct accepted_row {
    uint64_t expected;
    const char *text;
};

struct refused_row {
    int expected;
    const char *text;
};

static void check_accepted(parse_function *parse, const struct accepted_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED;
        int result = parse(rows[i].text, &value);

        if (result != 0 || value != rows[i].expected)
            fail_msg("'%s': expected %" PRIu64 ", got %" PRIu64 " (result %d)", rows[i].text,
                     rows[i].expected, value, result);
    }
}

static void check_refused(parse_function *parse, const struct refused_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED;
        int result = parse(rows[i].text, &value);

        if (result != rows[i].expected || value != UNTOUCHED)
            fail_msg("'%s': expected result %d and no value, got %d and %" PRIu64, rows[i].text,
                     rows[i].expected, result, value);
    }
}

static void a_duration_is_a_number_and_a_unit(void **state)
{
    static const struct accepted_row rows[] = {
        {1, "1ns"},
        {1000, "1us"},
        {1000000, "1ms"},
        {1000000000, "1s"},
        {UINT64_C(60000000000), "1m"},
        {UINT64_C(3600000000000), "1h"},
        {500000000, "500ms"},
        {1500000000, "1.5s"},
        {250000, "0.25ms"},
        {UINT64_C(5400000000000), "1.5h"},
        {2000000000, "002.000s"},
        {1, "0.000000001s"},
        {36, "0.00000000001h"},
        {9, "0.0000000000025h"},
        {2000000000, "2.00000000000000000000s"},
        {UINT64_C(3600000000000) * 2562047, "2562047h"},
        {UINT64_C(9223372036854775808), "9223372036854775808ns"},
        {UINT64_C(9223372036854775808), "9223372036.854775808s"},
        {0, "0ns"},
        {0, "0h"},
    };
    (void)state;
    check_accepted(duration_parse, rows, COUNT_OF(rows));
}

static void only_nothing_needs_no_unit(void **state)
{
    static const struct accepted_row accepted[] = {
        {0, "0"},
        {0, "00"},
        {0, "0.0"},
    };
    static const struct refused_row refused[] = {
        {-EINVAL, "5"},     {-EINVAL, "1.5"},  {-EINVAL, "0.1"},
        {-EINVAL, "0.0.0"}, {-EINVAL, "10.0"}, {-EINVAL, "05"},
    };
    (void)state;
    check_accepted(duration_parse, accepted, COUNT_OF(accepted));
    check_refused(duration_parse, refused, COUNT_OF(refused));
}

static void what_is_no_duration_is_refused(void **state)
{
    static const struct refused_row rows[] = {
        {-EINVAL, ""},
        {-EINVAL, "s"},
        {-EINVAL, "-1s"},
        {-EINVAL, "+1s"},
        {-EINVAL, " 1s"},
        {-EINVAL, "1 s"},
        {-EINVAL, "1s "},
        {-EINVAL, "1S"},
        {-EINVAL, "1sec"},
        {-EINVAL, "1d"},
        {-EINVAL, "1."},
        {-EINVAL, "1.s"},
        {-EINVAL, ".5s"},
        {-EINVAL, "1.5.5s"},
        {-EINVAL, "1,5s"},
        {-EINVAL, "1e3s"},
        {-EINVAL, "0x1s"},
        {-EINVAL, "1h30m"},
        {-EINVAL, "1.5ns"},
        {-EINVAL, "0.0000000001s"},
        {-EINVAL, "0.00000000000025h"},
        {-EINVAL, "1.12345678901234567890123456789s"},
        {-EINVAL, "0.512409557603598656h"},
        {-EINVAL, "99999999999999999999x"},
    };
    (void)state;
    check_refused(duration_parse, rows, COUNT_OF(rows));
}

static void a_duration_ends_at_two_to_the_63_nanoseconds(void **state)
{
    static const struct refused_row rows[] = {
        {-ERANGE, "9223372036854775809ns"},
        {-ERANGE, "9223372036.854775809s"},
        {-ERANGE, "2562048h"},
        {-ERANGE, "18446744073709551615ns"},
        {-ERANGE, "18446744073709551616ns"},
        {-ERANGE, "18446744073709551617ns"},
        {-ERANGE, "20000000000000000000ns"},
        {-ERANGE, "5124095577h"},
        {-ERANGE, "99999999999999999999999999999999999999s"},
    };
    (void)state;
    check_refused(duration_parse, rows, COUNT_OF(rows));
}

static void a_count_may_end_in_k_m_or_g(void **state)
{
    static const struct accepted_row rows[] = {
        {0, "0"},
        {7, "7"},
        {7, "007"},
        {10000, "10k"},
        {2000000, "2M"},
        {3000000000, "3G"},
        {1500, "1.5k"},
        {1000500, "1.0005M"},
        {1, "1.0"},
        {1, "0.001k"},
        {UINT64_C(9223372036854775808), "9223372036854775808"},
        {UINT64_C(9223372036854775808), "9223372036.854775808G"},
    };
    (void)state;
    check_accepted(count_parse, rows, COUNT_OF(rows));
}

static void what_is_no_whole_count_is_refused(void **state)
{
    static const struct refused_row rows[] = {
        {-EINVAL, ""},
        {-EINVAL, "k"},
        {-EINVAL, "-1"},
        {-EINVAL, "+1"},
        {-EINVAL, " 1"},
        {-EINVAL, "1 "},
        {-EINVAL, "1.5"},
        {-EINVAL, "1.0005k"},
        {-EINVAL, "0.0001k"},
        {-EINVAL, "1."},
        {-EINVAL, ".5k"},
        {-EINVAL, "10K"},
        {-EINVAL, "10m"},
        {-EINVAL, "10g"},
        {-EINVAL, "10kk"},
        {-EINVAL, "1e3"},
        {-EINVAL, "0x10"},
        {-EINVAL, "auto"},
        {-ERANGE, "9223372036854775809"},
        {-ERANGE, "9223372036.854775809G"},
        {-ERANGE, "18446744073709551616"},
        {-ERANGE, "20000000000000000000"},
        {-ERANGE, "99999999999G"},
    };
    (void)state;
    check_refused(count_parse, rows, COUNT_OF(rows));
}

static void a_rate_is_a_count_per_second_minute_or_hour(void **state)
{
    static const struct {
        uint64_t expected, expected_period_ns;
        const char *text;
    } rows[] = {
        {500, NS_PER_S, "500"},
        {0, NS_PER_S, "0"},
        {20000, NS_PER_S, "20k/s"},
        {1500, NS_PER_S, "1.5k"},
        {100, 60 * NS_PER_S, "100/m"},
        {7, 3600 * NS_PER_S, "7/h"},
        {1000000, 3600 * NS_PER_S, "1M/h"},
        {UINT64_C(9223372036854775808), NS_PER_S, "9223372036854775808/s"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t count = UNTOUCHED, period_ns = UNTOUCHED;

        assert_int_equal(0, rate_parse(rows[i].text, &count, &period_ns));
        if (count != rows[i].expected || period_ns != rows[i].expected_period_ns)
            fail_msg("'%s': got %" PRIu64 " in %" PRIu64 " ns", rows[i].text, count, period_ns);
    }
}

static void what_is_no_rate_is_refused(void **state)
{
    static const struct refused_row rows[] = {
        {-EINVAL, ""},
        {-EINVAL, "/"},
        {-EINVAL, "/s"},
        {-EINVAL, "5/"},
        {-EINVAL, "5/d"},
        {-EINVAL, "5/ms"},
        {-EINVAL, "5/s/s"},
        {-EINVAL, "5//s"},
        {-EINVAL, "5 /s"},
        {-EINVAL, "5/s "},
        {-EINVAL, "-5/s"},
        {-EINVAL, "0.5"},
        {-EINVAL, "0.5/m"},
        {-EINVAL, "5K/s"},
        {-EINVAL, "5s"},
        {-EINVAL, "5/S"},
        {-EINVAL, "99999999999G/d"},
        {-ERANGE, "99999999999G/h"},
        {-ERANGE, "9223372036854775809"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t count = UNTOUCHED, period_ns = UNTOUCHED;
        int result = rate_parse(rows[i].text, &count, &period_ns);

        if (result != rows[i].expected || count != UNTOUCHED || period_ns != UNTOUCHED)
            fail_msg("'%s': expected result %d and no value, got %d", rows[i].text,
                     rows[i].expected, result);
    }
}

static void a_rate_is_written_with_the_largest_whole_unit(void **state)
{
    static const struct {
        const char *expected;
        uint64_t count, period_ns;
    } rows[] = {
        {"0/s", 0, NS_PER_S},
        {"500/s", 500, NS_PER_S},
        {"20k/s", 20000, NS_PER_S},
        {"1500/m", 1500, 60 * NS_PER_S},
        {"2M/h", 2000000, 3600 * NS_PER_S},
        {"3G/s", UINT64_C(3000000000), NS_PER_S},
        {"18446744073709551615/s", UINT64_MAX, NS_PER_S},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[UNITS_TEXT_BYTES];

        assert_ptr_equal(text, rate_format(rows[i].count, rows[i].period_ns, text));
        assert_string_equal(rows[i].expected, text);
    }
}

static void a_duration_is_written_in_the_largest_whole_unit(void **state)
{
    static const struct {
        const char *expected;
        uint64_t ns;
    } rows[] = {
        {"0s", 0},
        {"1ns", 1},
        {"1001ns", 1001},
        {"1us", 1000},
        {"1500ms", 1500000000},
        {"2s", 2000000000},
        {"1m", UINT64_C(60000000000)},
        {"90s", UINT64_C(90000000000)},
        {"90m", UINT64_C(5400000000000)},
        {"2h", UINT64_C(7200000000000)},
        {"9223372036854775808ns", UINT64_C(9223372036854775808)},
        {"18446744073709551615ns", UINT64_C(18446744073709551615)},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[UNITS_TEXT_BYTES];

        assert_ptr_equal(text, duration_format(rows[i].ns, text));
        assert_string_equal(rows[i].expected, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_is_a_number_and_a_unit),
        cmocka_unit_test(only_nothing_needs_no_unit),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(a_duration_ends_at_two_to_the_63_nanoseconds),
        cmocka_unit_test(a_count_may_end_in_k_m_or_g),
        cmocka_unit_test(what_is_no_whole_count_is_refused),
        cmocka_unit_test(a_rate_is_a_count_per_second_minute_or_hour),
        cmocka_unit_test(what_is_no_rate_is_refused),
        cmocka_unit_test(a_rate_is_written_with_the_largest_whole_unit),
        cmocka_unit_test(a_duration_is_written_in_the_largest_whole_unit),
    };
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
