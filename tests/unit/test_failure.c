#include "base/failure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_failure_has_its_class_and_its_line_and_returns_the_result(void **state)
{
    struct failure failure = {.class = FAILURE_STOPPED};

    (void)state;
    assert_int_equal(-ENOENT,
                     failure_set(&failure, FAILURE_USAGE, -ENOENT, "no '%s' of %d", "file", 3));
    assert_int_equal(FAILURE_USAGE, failure.class);
    assert_string_equal("no 'file' of 3", failure.line);
}

static void the_same_errno_may_be_of_each_class(void **state)
{
    static const enum failure_class classes[] = {FAILURE_SYSTEM, FAILURE_USAGE, FAILURE_STOPPED};
    struct failure failure = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        assert_int_equal(-EINVAL, failure_set(&failure, classes[i], -EINVAL, "x"));
        assert_int_equal(classes[i], failure.class);
    }
}

static void a_line_that_is_too_long_is_cut(void **state)
{
    static char text[2 * FAILURE_LINE_BYTES];
    struct failure failure;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    failure_set(&failure, FAILURE_SYSTEM, -EIO, "%s", text);
    assert_int_equal(FAILURE_LINE_BYTES - 1, strlen(failure.line));
}

static void only_a_call_that_failed_gives_its_line_a_class(void **state)
{
    struct failure failure = {.class = FAILURE_SYSTEM, .line = "of the call"};

    (void)state;
    assert_int_equal(0, failure_classify(&failure, FAILURE_USAGE, 0));
    assert_int_equal(FAILURE_SYSTEM, failure.class);
    assert_int_equal(-EPERM, failure_classify(&failure, FAILURE_USAGE, -EPERM));
    assert_int_equal(FAILURE_USAGE, failure.class);
    assert_string_equal("of the call", failure.line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_its_class_and_its_line_and_returns_the_result),
        cmocka_unit_test(the_same_errno_may_be_of_each_class),
        cmocka_unit_test(a_line_that_is_too_long_is_cut),
        cmocka_unit_test(only_a_call_that_failed_gives_its_line_a_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
