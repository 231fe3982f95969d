/* The programs' time, on a kernel whose clock steps back. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t kernel_ns; /* what CLOCK_MONOTONIC says */

/* The linker takes this instead of the C library's. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
    uint64_t ns = clock == CLOCK_MONOTONIC ? kernel_ns : 1;

    time->tv_sec = (time_t)(ns / 1000000000);
    time->tv_nsec = (long)(ns % 1000000000);
    return 0;
}

static uint64_t now_when_kernel_says(uint64_t ns)
{
    kernel_ns = ns;
    return clock_now_ns();
}

static void time_stands_still_while_the_clock_of_the_kernel_is_behind(void **state)
{
    (void)state;
    assert_int_equal(5000000000, now_when_kernel_says(5000000000));
    assert_int_equal(5000000000, now_when_kernel_says(4999999999));
    assert_int_equal(5000000000, now_when_kernel_says(1));
    assert_int_equal(5000000000, now_when_kernel_says(5000000000));
    assert_int_equal(5000000001, now_when_kernel_says(5000000001));
    assert_int_equal(9000000000, now_when_kernel_says(9000000000));
    assert_int_equal(9000000000, now_when_kernel_says(5000000001));
}

static void a_clock_that_is_read_by_its_name_is_told_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(20000000000, now_when_kernel_says(20000000000));
    kernel_ns = 19000000000;
    assert_int_equal(19000000000, clock_read_ns(CLOCK_MONOTONIC));
    assert_int_equal(1, clock_read_ns(CLOCK_REALTIME));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_stands_still_while_the_clock_of_the_kernel_is_behind),
        cmocka_unit_test(a_clock_that_is_read_by_its_name_is_told_as_it_is),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
