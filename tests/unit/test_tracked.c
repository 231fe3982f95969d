/* How many connections the kernel tracks, by what /proc/sys has. */
#include "base/fact.h"
#include "host/tracked.h"
#include "machine_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT "proc/sys/net/netfilter/nf_conntrack_count"

static void the_number_is_the_kernels(void **state)
{
    const struct machine_fake *fake = *state;

    machine_fake_write(fake, COUNT, "0\n");
    assert_int_equal(0, tracked_connections(fake->root));
    machine_fake_write(fake, COUNT, "262144\n");
    assert_int_equal(262144, tracked_connections(fake->root));
}

static void a_kernel_that_has_filters_and_no_tracking_tracks_none(void **state)
{
    const struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/sys/net/netfilter/nf_log/0", "NONE\n");
    assert_int_equal(0, tracked_connections(fake->root));
}

static void what_is_missing_or_is_no_number_is_unknown(void **state)
{
    const struct machine_fake *fake = *state;

    assert_true(tracked_connections(fake->root) == FACT_UNKNOWN); /* as without /proc */
    machine_fake_write(fake, "proc/sys/net/core/somaxconn", "4096\n");
    assert_true(tracked_connections(fake->root) == FACT_UNKNOWN); /* as in a sandbox */
    machine_fake_write(fake, "proc/sys/net/netfilter/nf_log/0", "NONE\n");
    machine_fake_write(fake, COUNT, ""); /* as where it cannot be read */
    assert_true(tracked_connections(fake->root) == FACT_UNKNOWN);
}

int main(void)
{
#define ON_MACHINE(test) \
    cmocka_unit_test_setup_teardown(test, machine_fake_setup, machine_fake_teardown)
    const struct CMUnitTest tests[] = {
        ON_MACHINE(the_number_is_the_kernels),
        ON_MACHINE(a_kernel_that_has_filters_and_no_tracking_tracks_none),
        ON_MACHINE(what_is_missing_or_is_no_number_is_unknown),
    };

    return cmocka_run_group_tests_name("tracked", tests, NULL, NULL);
}
