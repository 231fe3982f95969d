/* Where the facts of a machine are found, and what stands for those that are not there. */
#include "base/fact.h"
#include "host/platform.h"
#include "machine_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_setting_is_found_by_its_name(void **state)
{
    char path[PLATFORM_PATH_BYTES];

    (void)state;
    assert_string_equal("/proc/sys/net/core/somaxconn",
                        platform_sysctl_path("", "net.core.somaxconn", path));
    assert_string_equal("/a.b/proc/sys/fs/file-max",
                        platform_sysctl_path("/a.b", "fs.file-max", path));
}

static void check_memory(const struct machine_fake *fake, uint64_t usable_bytes, const char *source)
{
    struct platform_memory memory = platform_memory_read(fake->root);

    assert_int_equal(usable_bytes, memory.usable_bytes);
    assert_string_equal(source, memory.source);
}

static void cgroup_write(const struct machine_fake *fake, const char *limit)
{
    machine_fake_write(fake, "proc/self/cgroup", "3:memory:/\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "32 23 0:32 / %s/memory rw - cgroup cgroup rw,memory\n");
    machine_fake_write(fake, "memory/cgroup.procs", "");
    machine_fake_write(fake, "memory/memory.limit_in_bytes", limit);
}

static void memory_is_that_of_the_machine_or_what_a_cgroup_leaves(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n");
    machine_fake_write(fake, "proc/meminfo", "MemTotal:         212188 kB\nMemFree: 1 kB\n");
    check_memory(fake, UINT64_C(212188) * 1024, "MemTotal of /proc/meminfo");
    cgroup_write(fake, "9223372036854771712\n");
    check_memory(fake, UINT64_C(212188) * 1024, "MemTotal of /proc/meminfo");
    cgroup_write(fake, "217280513\n"); /* a byte more than there is */
    check_memory(fake, UINT64_C(212188) * 1024, "MemTotal of /proc/meminfo");
    cgroup_write(fake, "217280511\n");
    check_memory(fake, 217280511, "the limit of a cgroup");
}

static void without_meminfo_no_limit_is_no_memory(void **state)
{
    struct machine_fake *fake = *state;

    cgroup_write(fake, "9223372036854771712\n");
    check_memory(fake, FACT_UNKNOWN, "not detected");
    machine_fake_write(fake, "proc/meminfo", "MemTotal:         0 kB\n"); /* a sandbox's */
    check_memory(fake, FACT_UNKNOWN, "not detected");
    cgroup_write(fake, "1000000\n");
    check_memory(fake, 1000000, "the limit of a cgroup");
}

static void memory_is_not_known_if_a_limit_of_it_cannot_be_seen(void **state)
{
    struct machine_fake *fake = *state;
    struct platform_memory memory;

    machine_fake_write(fake, "proc/meminfo", "MemTotal:         212188 kB\n");
    machine_fake_write(fake, "proc/self/cgroup", "0::/\n");
    check_memory(fake, FACT_UNKNOWN, "the cgroup limit cannot be read");
    memory = platform_memory_read(fake->root);
    assert_int_equal(UINT64_C(212188) * 1024, memory.machine_bytes);
    assert_int_equal(FACT_UNKNOWN, memory.limit_bytes);
}

static void the_memory_of_this_machine_is_known_without_its_proc(void **state)
{
    (void)state;
    assert_true(platform_memory_read("").machine_bytes > 1 << 20);
    assert_true(fact_is_number(platform_memory_read("").machine_bytes));
}

static void a_file_of_the_kernels_own_is_not_covered(void **state)
{
    struct machine_fake *fake = *state;

    (void)fake;
    assert_false(platform_is_covered("/proc/uptime"));
    assert_false(platform_is_covered("/proc/nothing"));
    assert_true(platform_is_covered("/proc")); /* a mount is laid over its folder */
}

int main(void)
{
#define FAKED(test) cmocka_unit_test_setup_teardown(test, machine_fake_setup, machine_fake_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_is_found_by_its_name),
        FAKED(memory_is_that_of_the_machine_or_what_a_cgroup_leaves),
        FAKED(without_meminfo_no_limit_is_no_memory),
        FAKED(memory_is_not_known_if_a_limit_of_it_cannot_be_seen),
        cmocka_unit_test(the_memory_of_this_machine_is_known_without_its_proc),
        cmocka_unit_test(a_file_of_the_kernels_own_is_not_covered),
    };

    return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
