/* Sets of CPUs, on a kernel of 8192 that blackbox/many_cpus.c plays. */
#include "host/cpus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void allow(const char *list)
{
    setenv("MANY_CPUS", list, 1);
}

static void check_allowed(const char *list)
{
    char text[CPUS_TEXT_BYTES];
    struct cpus cpus;

    assert_int_equal(0, cpus_read(&cpus));
    assert_string_equal(list, cpus_format(&cpus, text, sizeof(text)));
}

static void cpus_beyond_1024_are_read(void **state)
{
    (void)state;
    allow("0,1023-1025,5000,8191");
    check_allowed("0,1023-1025,5000,8191");
    assert_int_equal(-1, cpus_only());
}

static void of_more_cpus_than_a_set_has_room_for_the_rest_is_counted(void **state)
{
    struct cpus cpus;

    (void)state;
    allow("1000-8191");
    assert_int_equal(0, cpus_read(&cpus));
    assert_int_equal(CPUS_MAX, cpus.count);
    assert_int_equal(1000, cpus.ids[0]);
    assert_int_equal(1000 + CPUS_MAX - 1, cpus.ids[CPUS_MAX - 1]);
    assert_int_equal(7192 - CPUS_MAX, cpus.left_out);
}

static void a_thread_stays_on_cpu_5000(void **state)
{
    (void)state;
    allow("3,5000");
    assert_int_equal(0, cpus_pin(5000));
    check_allowed("5000");
    assert_int_equal(5000, cpus_only());
}

static void a_thread_is_kept_to_some_cpus_wherever_they_are(void **state)
{
    struct cpus cpus;

    (void)state;
    allow("1-8191");
    assert_int_equal(0, cpus_parse("8191,2,5000-5002", &cpus));
    assert_int_equal(0, cpus_keep_to(&cpus));
    check_allowed("2,5000-5002,8191");
}

static void a_cpu_that_is_not_allowed_is_refused(void **state)
{
    (void)state;
    allow("3,5000");
    assert_int_equal(-EINVAL, cpus_pin(4));
    assert_int_equal(-EINVAL, cpus_pin(8000));
}

static void a_refusal_is_reported_as_it_is(void **state)
{
    (void)state;
    allow("3");
    setenv("MANY_CPUS_REFUSES", "1", 1);
    assert_int_equal(-EPERM, cpus_pin(3));
    unsetenv("MANY_CPUS_REFUSES");
}

static void check_list(const char *canonical, const char *text)
{
    char again[CPUS_TEXT_BYTES];
    struct cpus cpus;

    assert_int_equal(0, cpus_parse(text, &cpus));
    assert_string_equal(canonical, cpus_format(&cpus, again, sizeof(again)));
}

static void lists_are_read_in_any_order_and_written_as_ranges(void **state)
{
    (void)state;
    check_list("0", "0");
    check_list("0,2-5", "0,2-5");
    check_list("0-3,7", "7,3,2,1,0,0-1");
    check_list("65535", "65535");
    check_list("1-2", "1,2");
}

static void check_no_list(int error, const char *text)
{
    struct cpus cpus = {.count = 7};

    assert_int_equal(error, cpus_parse(text, &cpus));
    assert_int_equal(7, cpus.count);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const texts[] = {"",    ",",    "0,",  ",0",   "1-",  "-1",   "3-2",
                                        "0 1", "0, 1", " 0",  "0x1",  "1:2", "auto", "0-3/2",
                                        "+1",  "0--1", "1.5", "0,,1", "a"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_no_list(-EINVAL, texts[i]);
    check_no_list(-ERANGE, "65536");
    check_no_list(-ERANGE, "0-99999999999999999999999");
    check_no_list(-E2BIG, "0-1024");
}

static void a_list_without_room_is_cut_where_a_cpu_ends(void **state)
{
    char text[16];
    struct cpus cpus;

    (void)state;
    assert_int_equal(0, cpus_parse("1,3,5,7,9,11,13,15,17", &cpus));
    assert_string_equal("1,3,5,7,9,11...", cpus_format(&cpus, text, sizeof(text)));
    assert_int_equal(0, cpus_parse("0-1023", &cpus));
    assert_string_equal("0-1023", cpus_format(&cpus, text, sizeof(text)));
    assert_string_equal("", cpus_format(&(struct cpus){.count = 0}, text, sizeof(text)));
}

static void a_set_knows_what_is_in_it(void **state)
{
    struct cpus cpus;

    (void)state;
    assert_int_equal(0, cpus_parse("2,5000", &cpus));
    assert_true(cpus_has(&cpus, 5000));
    assert_false(cpus_has(&cpus, 3));
}

static void threads_go_round_from_the_cpu_where_the_program_began(void **state)
{
    struct cpus cpus;

    (void)state;
    assert_int_equal(0, cpus_parse("0,2,7", &cpus));
    assert_int_equal(2, cpus_place(&cpus, 2, 0));
    assert_int_equal(7, cpus_place(&cpus, 2, 1));
    assert_int_equal(0, cpus_place(&cpus, 2, 2));
    assert_int_equal(0, cpus_place(&cpus, 3, 0)); /* not in the set */
    assert_int_equal(0, cpus_place(&cpus, -1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpus_beyond_1024_are_read),
        cmocka_unit_test(of_more_cpus_than_a_set_has_room_for_the_rest_is_counted),
        cmocka_unit_test(a_cpu_that_is_not_allowed_is_refused),
        cmocka_unit_test(a_refusal_is_reported_as_it_is),
        cmocka_unit_test(lists_are_read_in_any_order_and_written_as_ranges),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_list_without_room_is_cut_where_a_cpu_ends),
        cmocka_unit_test(a_set_knows_what_is_in_it),
        cmocka_unit_test(threads_go_round_from_the_cpu_where_the_program_began),
        cmocka_unit_test(a_thread_stays_on_cpu_5000), /* from here on, this thread has chosen */
        cmocka_unit_test(a_thread_is_kept_to_some_cpus_wherever_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
