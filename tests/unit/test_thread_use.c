/* What a thread had of its CPU, out of two readings. */
#include "base/fact.h"
#include "base/units.h"
#include "host/thread_use.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS NS_PER_MS

static const struct thread_reading nothing;

static struct thread_use use_of(struct thread_reading now)
{
    return thread_use_between(&nothing, &now, 1000 * MS, 3, false);
}

static void check(double expected, double value)
{
    assert_true(value > expected - 0.0001 && value < expected + 0.0001);
}

static void a_cpu_is_divided_between_its_thread_and_others(void **state)
{
    struct thread_use use = use_of(
        (struct thread_reading){{500 * MS, 390 * MS}, {900 * MS, 100 * MS, 60 * MS, 40 * MS}});

    (void)state;
    assert_int_equal(3, use.cpu);
    check(0.5, use.own);
    check(0.1, use.softirq);
    check(0.6, use.busy);
    check(0.3, use.others);
    check(0.06, use.idle);
    check(0.04, use.steal);
    check(0.39, use.waited);
}

static void softirqs_count_once(void **state)
{
    struct thread_use use =
        use_of((struct thread_reading){{500 * MS, 0}, {550 * MS, 300 * MS, 450 * MS, 0}});

    (void)state;
    check(0.55, use.busy);
    check(0, use.others);
}

static void what_cannot_be_read_is_not_known(void **state)
{
    struct thread_use use = use_of((struct thread_reading){
        {500 * MS, FACT_UNKNOWN}, {FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN}});

    (void)state;
    check(0.5, use.busy);
    assert_true(isnan(use.waited) && isnan(use.others) && isnan(use.idle) && isnan(use.steal));
    use = use_of((struct thread_reading){{500 * MS, 0}, {0}}); /* a file that stands still */
    assert_true(isnan(use.others) && isnan(use.idle) && isnan(use.steal));
    check(0, use.waited);
}

static void waits_are_read_from_schedstat(void **state)
{
    (void)state;
    assert_int_equal(27988239, thread_wait_parse("1059012473 27988239 106\n"));
    assert_int_equal(0, thread_wait_parse("5 0 1\n"));
    assert_int_equal(FACT_UNKNOWN, thread_wait_parse("0 0 0\n")); /* switched off */
    assert_int_equal(FACT_UNKNOWN, thread_wait_parse(""));
    assert_int_equal(FACT_UNKNOWN, thread_wait_parse("5 6"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_is_divided_between_its_thread_and_others),
        cmocka_unit_test(softirqs_count_once),
        cmocka_unit_test(what_cannot_be_read_is_not_known),
        cmocka_unit_test(waits_are_read_from_schedstat),
    };

    return cmocka_run_group_tests_name("thread_use", tests, NULL, NULL);
}
