/* How often a worker gets another engine: three times in any minute. */
#include "base/units.h"
#include "workers/renewals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START_NS UINT64_C(7)

static struct renewals renewals;

static enum renewal take(uint64_t after_ns)
{
    return renewals_take(&renewals, START_NS + after_ns);
}

static int begin(void **state)
{
    (void)state;
    renewals = (struct renewals){0};
    return 0;
}

static void the_first_in_a_minute_is_another_than_the_second(void **state)
{
    (void)state;
    assert_int_equal(RENEWAL_FIRST, take(0));
    assert_int_equal(RENEWAL_AGAIN, take(60 * NS_PER_S - 1));
    assert_int_equal(RENEWAL_FIRST, take(120 * NS_PER_S - 1));
    assert_int_equal(RENEWAL_AGAIN, take(120 * NS_PER_S));
}

static void the_fourth_within_a_minute_is_refused_wherever_the_minute_begins(void **state)
{
    (void)state;
    assert_int_equal(RENEWAL_FIRST, take(0));
    assert_int_equal(RENEWAL_AGAIN, take(59 * NS_PER_S));
    assert_int_equal(RENEWAL_AGAIN, take(59 * NS_PER_S + 1));
    assert_int_equal(RENEWAL_REFUSED, take(60 * NS_PER_S - 1));
    assert_int_equal(RENEWAL_AGAIN, take(60 * NS_PER_S)); /* the first is a minute ago */
    assert_int_equal(RENEWAL_REFUSED, take(60 * NS_PER_S + 1));
    assert_int_equal(RENEWAL_REFUSED, take(119 * NS_PER_S - 1));
    assert_int_equal(RENEWAL_AGAIN, take(119 * NS_PER_S));
}

static void one_that_is_refused_does_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < WORKER_RENEWALS_MAX; i++)
        assert_int_not_equal(RENEWAL_REFUSED, take(0));
    for (uint64_t s = 0; s < 60; s++)
        assert_int_equal(RENEWAL_REFUSED, take(s * NS_PER_S));
    assert_int_equal(RENEWAL_FIRST, take(60 * NS_PER_S));
}

static void one_every_20_seconds_goes_on_for_ever(void **state)
{
    (void)state;
    assert_int_equal(RENEWAL_FIRST, take(0));
    for (uint64_t i = 1; i < 1000; i++)
        assert_int_equal(RENEWAL_AGAIN, take(i * 20 * NS_PER_S));
}

#define RENEWALS(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RENEWALS(the_first_in_a_minute_is_another_than_the_second),
        RENEWALS(the_fourth_within_a_minute_is_refused_wherever_the_minute_begins),
        RENEWALS(one_that_is_refused_does_not_count),
        RENEWALS(one_every_20_seconds_goes_on_for_ever),
    };

    return cmocka_run_group_tests_name("renewals", tests, NULL, NULL);
}
