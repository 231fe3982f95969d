/* How connections are counted and added up, and how errors are sorted. */
#include "breaking.h"
#include "result/flow_result.h"
#include "result/tally.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct tally one, other, total;

static int clear_all(void **state)
{
    (void)state;
    memset(&one, 0, sizeof(one));
    memset(&other, 0, sizeof(other));
    memset(&total, 0, sizeof(total));
    return 0;
}

/* Give every counter a different value, and every timing a duration. */
static void fill(struct tally *tally, uint64_t factor)
{
    uint64_t value = 0;

    tally->started = ++value * factor;
    tally->ok = ++value * factor;
    tally->ok_in_window = ++value * factor;
    tally->late = ++value * factor;
    tally->dropped = ++value * factor;
    tally->warmup = ++value * factor;
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        for (int result = RESULT_OK + 1; result < RESULT_COUNT; result++)
            tally->failed[phase][result] = ++value * factor;
    }
    for (int i = 0; i < TALLY_ERRNO_MAX; i++)
        tally->other[i] = ++value * factor;
    for (int i = 0; i < TIMING_COUNT; i++)
        histogram_record(&tally->timings[i], (uint64_t)(i + 1) * 1000);
}

static void adding_up_loses_nothing(void **state)
{
    (void)state;
    fill(&one, 1);
    fill(&other, 10);
    tally_add(&total, &one);
    tally_add(&total, &other);

    memset(&one, 0, sizeof(one));
    fill(&one, 11);
    for (int i = 0; i < TIMING_COUNT; i++)
        histogram_record(&one.timings[i], (uint64_t)(i + 1) * 1000);
    assert_memory_equal(&one, &total, sizeof(one));
}

static void a_difference_is_what_came_between(void **state)
{
    static struct tally difference;

    (void)state;
    fill(&one, 3);
    tally_add(&total, &one);
    fill(&other, 5);
    tally_add(&total, &other);
    fill(&difference, 100); /* to be forgotten */
    tally_subtract(&difference, &total, &one);
    assert_memory_equal(&other, &difference, sizeof(other));
}

static void a_cleared_tally_is_empty(void **state)
{
    (void)state;
    fill(&one, 1);
    tally_clear(&one);
    assert_memory_equal(&other, &one, sizeof(one));
}

static void failures_are_counted_over_all_phases(void **state)
{
    (void)state;
    one.started = 20;
    one.ok = 5;
    one.failed[PHASE_CONNECT][RESULT_REFUSED] = 1;
    one.failed[PHASE_CONNECT][RESULT_RESET] = 2;
    one.failed[PHASE_GREETING][RESULT_RESET] = 3;
    one.failed[PHASE_CLOSE][RESULT_RESET] = 4;
    one.failed[PHASE_CLOSE][RESULT_OTHER] = 5;
    assert_int_equal(15, tally_failed(&one));
    assert_int_equal(9, tally_failed_as(&one, RESULT_RESET));
    assert_int_equal(1, tally_failed_as(&one, RESULT_REFUSED));
    assert_int_equal(0, tally_failed_as(&one, RESULT_SHORT));
}

static void errors_are_sorted_by_what_they_mean_to_the_user(void **state)
{
    static const struct {
        enum result expected;
        int error;
        enum phase phase;
    } rows[] = {
        {RESULT_REFUSED, -ECONNREFUSED, PHASE_CONNECT},
        {RESULT_RESET, -ECONNRESET, PHASE_CONNECT},
        {RESULT_RESET, -ECONNRESET, PHASE_GREETING},
        {RESULT_RESET, -EPIPE, PHASE_GREETING},
        {RESULT_RESET, -ECONNABORTED, PHASE_CLOSE},
        {RESULT_CONNECT_TIMEOUT, -ETIMEDOUT, PHASE_CONNECT},
        {RESULT_TIMEOUT, -ETIMEDOUT, PHASE_GREETING},
        {RESULT_TIMEOUT, -ETIMEDOUT, PHASE_CLOSE},
        {RESULT_UNREACHABLE, -ENETUNREACH, PHASE_CONNECT},
        {RESULT_UNREACHABLE, -EHOSTUNREACH, PHASE_CONNECT},
        {RESULT_UNREACHABLE, -EHOSTUNREACH, PHASE_GREETING},
        {RESULT_UNREACHABLE, -ENETDOWN, PHASE_CONNECT},
        {RESULT_UNREACHABLE, -EHOSTDOWN, PHASE_CONNECT},
        {RESULT_UNREACHABLE, -EPERM, PHASE_CONNECT},
        {RESULT_UNREACHABLE, -EACCES, PHASE_CONNECT},
        {RESULT_NO_PORT, -EADDRNOTAVAIL, PHASE_CONNECT},
        {RESULT_NO_PORT, -EADDRINUSE, PHASE_CONNECT},
        {RESULT_NO_PORT, -EAGAIN, PHASE_CONNECT},
        {RESULT_OTHER, -EAGAIN, PHASE_GREETING},
        {RESULT_NO_DESCRIPTOR, -EMFILE, PHASE_CONNECT},
        {RESULT_NO_DESCRIPTOR, -ENFILE, PHASE_CONNECT},
        {RESULT_OTHER, -ENOMEM, PHASE_CONNECT},
        {RESULT_OTHER, -EINVAL, PHASE_CLOSE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum result result = result_of_error(rows[i].error, rows[i].phase);

        if (result != rows[i].expected)
            fail_msg("%s in the phase %s: expected %s, got %s", strerror(-rows[i].error),
                     phase_name(rows[i].phase), result_name(rows[i].expected), result_name(result));
    }
}

/* Every row of a table of names has one, and no other row has the same. */
static void errors_of_a_local_address_are_sorted_likewise(void **state)
{
    (void)state;
    assert_int_equal(RESULT_NO_ADDRESS, result_of_bind(-EADDRNOTAVAIL));
    assert_int_equal(RESULT_OTHER, result_of_bind(-EACCES));
    assert_int_equal(RESULT_NO_PORT, result_of_bind(-EADDRINUSE));
    assert_int_equal(RESULT_OTHER, result_of_bind(-EINVAL));
}

static void check_names(const char *(*name)(int), int count)
{
    for (int i = 0; i < count; i++) {
        assert_non_null(name(i));
        assert_true(name(i)[0] != '\0' && strchr(name(i), '\n') == NULL);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(name(j), name(i));
    }
}

static const char *name_of_result(int result)
{
    return result_name((enum result)result);
}

static const char *text_of_result(int result)
{
    return result_text((enum result)result);
}

static const char *name_of_phase(int phase)
{
    return phase_name((enum phase)phase);
}

static const char *name_of_timing(int timing)
{
    return timing_name((enum timing)timing);
}

static void everything_has_a_name_of_its_own(void **state)
{
    (void)state;
    check_names(name_of_result, RESULT_COUNT);
    check_names(text_of_result, RESULT_COUNT);
    check_names(name_of_phase, PHASE_COUNT);
    check_names(name_of_timing, TIMING_COUNT);
    assert_string_equal("connect_timeout", result_name(RESULT_CONNECT_TIMEOUT));
    assert_string_equal("greeting", phase_name(PHASE_GREETING));
    assert_string_equal("lateness", timing_name(TIMING_LATENESS));
}

static void subtract_more_than_there_is(void *context)
{
    (void)context;
    one.ok = 2;
    tally_subtract(&total, &other, &one);
}

static void lose_count(void *context)
{
    (void)context;
    one.started = 4;
    one.ok = one.abandoned = one.failed[PHASE_GREETING][RESULT_SHORT] = 1;
    tally_check(&one);
}

static void what_breaks_an_invariant_ends_the_program(void **state)
{
    (void)state;
    assert_breaks(subtract_more_than_there_is, NULL, "counter=1 older=2 newer=0");
    assert_breaks(lose_count, NULL, "4 is not 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(adding_up_loses_nothing, clear_all),
        cmocka_unit_test_setup(a_difference_is_what_came_between, clear_all),
        cmocka_unit_test_setup(a_cleared_tally_is_empty, clear_all),
        cmocka_unit_test_setup(failures_are_counted_over_all_phases, clear_all),
        cmocka_unit_test(errors_are_sorted_by_what_they_mean_to_the_user),
        cmocka_unit_test(errors_of_a_local_address_are_sorted_likewise),
        cmocka_unit_test(everything_has_a_name_of_its_own),
        cmocka_unit_test_setup(what_breaks_an_invariant_ends_the_program, clear_all),
    };
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
