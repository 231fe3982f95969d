/* What is reported of a device's offloads. That it is what holds is tested over devices of its own,
 * in tests/blackbox/test_hidden_facts.py. */
#include "base/fact.h"
#include "net/offloads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void of_a_device_that_is_not_there_nothing_is_known(void **state)
{
    static const char *const names[] = {"", "no-such-device", "a name that is much too long"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct offloads offloads = offloads_read(names[i]);

        assert_true(offloads.gro == FACT_UNKNOWN);
        assert_true(offloads.gso == FACT_UNKNOWN);
        assert_true(offloads.tso == FACT_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_device_that_is_not_there_nothing_is_known),
    };

    return cmocka_run_group_tests_name("offloads", tests, NULL, NULL);
}
