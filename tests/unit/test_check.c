/* An invariant that is broken ends the program, with one line that has the values. */
#include "base/check.h"
#include "breaking.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>

#include <cmocka.h>

static unsigned evaluated;

static unsigned count(void)
{
    return ++evaluated;
}

static void what_holds_goes_on_and_evaluates_no_values(void **state)
{
    (void)state;
    evaluated = 0;
    CHECK(1 + 1 == 2, "%u", count());
    assert_int_equal(0, evaluated);
    CHECK_EQUAL(1u, count());
    assert_int_equal(1, evaluated);
}

static void break_with_values(void *context)
{
    const char *name = context;
    unsigned asked = 6, moved = 7;

    CHECK(moved <= asked, "moved=%u asked=%u of %s", moved, asked, name);
}

static void break_equality(void *context)
{
    const uint64_t *open = context;

    CHECK_EQUAL(UINT64_MAX, *open);
}

static void what_does_not_hold_is_printed_with_its_place_and_values(void **state)
{
    char name[] = "a flow";
    uint64_t open = 3;

    (void)state;
    assert_breaks(break_with_values, name,
                  "invariant broken: moved <= asked (tests/unit/test_check.c:");
    assert_breaks(break_with_values, name, "): moved=7 asked=6 of a flow\n");
    assert_breaks(break_equality, &open,
                  "invariant broken: UINT64_MAX == *open (tests/unit/test_check.c:");
    assert_breaks(break_equality, &open, "): 18446744073709551615 is not 3\n");
}

static void what_is_too_long_to_be_printed_is_cut(void **state)
{
    char name[2000];

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_breaks(break_with_values, name, "of xxxxxxxxxxxx");
}

/* Standard error is a pipe that nobody reads. */
static void break_unheard(void *context)
{
    static const char much[4096];
    int fds[2];

    if (pipe(fds) < 0)
        _exit(1);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    while (write(fds[1], much, sizeof(much)) > 0)
        ;
    fcntl(fds[1], F_SETFL, 0);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    if (write(STDOUT_FILENO, "invariant broken: unheard\n", 26) < 0)
        _exit(1);
    dup2(fds[1], STDERR_FILENO);
    break_with_values(context);
}

/* Standard error is closed. */
static void break_with_no_error(void *context)
{
    if (write(STDERR_FILENO, "invariant broken: closed\n", 25) < 0)
        _exit(1);
    close(STDERR_FILENO);
    break_with_values(context);
}

static void without_a_standard_error_it_ends_all_the_same(void **state)
{
    char name[] = "a flow";

    (void)state;
    assert_breaks(break_with_no_error, name, "closed");
}

static void a_standard_error_that_takes_nothing_holds_nobody_up(void **state)
{
    char name[] = "a flow";

    (void)state;
    assert_breaks(break_unheard, name, "unheard");
}

static void break_without_descriptors(void *context)
{
    struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_NOFILE, &none) < 0)
        _exit(1);
    break_with_values(context);
}

static void it_is_printed_also_where_the_limit_of_descriptors_is_0(void **state)
{
    char name[] = "a flow";

    (void)state;
    if (getenv("HELLO_VALGRIND"))
        skip(); /* valgrind keeps limits of its own */
    assert_breaks(break_without_descriptors, name, "moved=7 asked=6 of a flow\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_goes_on_and_evaluates_no_values),
        cmocka_unit_test(what_does_not_hold_is_printed_with_its_place_and_values),
        cmocka_unit_test(what_is_too_long_to_be_printed_is_cut),
        cmocka_unit_test(without_a_standard_error_it_ends_all_the_same),
        cmocka_unit_test(a_standard_error_that_takes_nothing_holds_nobody_up),
        cmocka_unit_test(it_is_printed_also_where_the_limit_of_descriptors_is_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
