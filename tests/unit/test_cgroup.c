/* Where the limits of a process are found: over versions, levels, mounts and namespaces. */
#include "base/fact.h"
#include "host/cgroup.h"
#include "host/platform.h"
#include "machine_fake.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_quota(const struct machine_fake *fake, uint64_t quota_us, uint64_t period_us)
{
    struct cgroup_quota quota = cgroup_cpu_quota(fake->self);

    assert_int_equal(quota_us, quota.quota_us);
    assert_int_equal(period_us, quota.period_us);
}

/* The kernel has cgroups, and this process is in one of v2, mounted at `fs`. */
static void cgroup_write(const struct machine_fake *fake, const char *cgroup, const char *directory)
{
    char name[128];

    machine_fake_write(fake, "proc/self/cgroup", cgroup);
    machine_fake_write(fake, "proc/self/mountinfo", "31 23 0:28 / %s/fs rw - cgroup2 cgroup2 rw\n");
    snprintf(name, sizeof(name), "%s/cgroup.procs", directory);
    machine_fake_write(fake, name, "");
}

static void a_kernel_without_cgroups_limits_nothing(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n");
    check_quota(fake, FACT_NONE, 0);
    assert_int_equal(FACT_NONE, cgroup_memory_limit_bytes(fake->self));
    machine_fake_write(fake, "proc/self/cgroup", ""); /* it has them, and none is mounted */
    check_quota(fake, FACT_NONE, 0);
    assert_int_equal(FACT_NONE, cgroup_memory_limit_bytes(fake->self));
}

static void check_unknown(const struct machine_fake *fake)
{
    check_quota(fake, FACT_UNKNOWN, 0);
    assert_int_equal(FACT_UNKNOWN, cgroup_memory_limit_bytes(fake->self));
}

static void a_cgroup_that_cannot_be_seen_may_limit_anything(void **state)
{
    struct machine_fake *fake = *state;

    check_unknown(fake); /* no /proc */
    machine_fake_write(fake, "proc/self/cgroup", "0::/\n");
    check_unknown(fake);
    machine_fake_write(fake, "proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n");
    check_unknown(fake);
    machine_fake_write(fake, "proc/self/cgroup", "4:cpu:/\n3:memory:/\n"); /* nor in v1 */
    check_unknown(fake);
    /* Mounted, but another file system is laid over it. */
    machine_fake_write(fake, "proc/self/cgroup", "0::/a\n");
    machine_fake_write(fake, "proc/self/mountinfo", "31 23 0:28 / %s/fs rw - cgroup2 cgroup2 rw\n");
    check_unknown(fake);
    machine_fake_write(fake, "fs/a/readme", "");
    check_unknown(fake);
    machine_fake_write(fake, "fs/a/cgroup.procs", "");
    check_quota(fake, FACT_NONE, 0);
}

/* Some files can be opened, and not read. */
static void a_limit_that_cannot_be_read_is_not_none(void **state)
{
    struct machine_fake *fake = *state;

    cgroup_write(fake, "0::/a/b\n", "fs/a/b");
    machine_fake_write(fake, "fs/a/cpu.max/is a folder", "");
    machine_fake_write(fake, "fs/a/memory.max/is a folder", "");
    check_unknown(fake);
    machine_fake_write(fake, "fs/a/b/cpu.max", "max 100000\n");
    machine_fake_write(fake, "fs/a/b/memory.max", "max\n");
    check_unknown(fake);
    machine_fake_write(fake, "fs/a/b/cpu.max", "50000 100000\n"); /* more cannot be had */
    machine_fake_write(fake, "fs/a/b/memory.max", "4096\n");
    check_quota(fake, 50000, 100000);
    assert_int_equal(4096, cgroup_memory_limit_bytes(fake->self));
}

static void the_level_that_limits_most_counts_in_v2(void **state)
{
    struct machine_fake *fake = *state;

    cgroup_write(fake, "0::/a/b/c\n", "fs/a/b/c");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "22 27 0:21 / /proc rw,relatime shared:2 - proc proc rw\n"
                       "31 23 0:28 / %s/fs rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
    machine_fake_write(fake, "fs/a/b/c/cpu.max", "max 100000\n");
    check_quota(fake, FACT_NONE, 0);
    machine_fake_write(fake, "fs/a/cpu.max", "400000 200000\n");
    check_quota(fake, 400000, 200000);
    machine_fake_write(fake, "fs/a/b/cpu.max", "50000 100000\n");
    check_quota(fake, 50000, 100000);
    machine_fake_write(fake, "fs/a/b/c/cpu.max", "40000 20000\n"); /* less time, but more often */
    check_quota(fake, 50000, 100000);
    machine_fake_write(fake, "fs/cpu.max", "5000 80000\n");
    check_quota(fake, 5000, 80000);
}

static void what_no_kernel_says_is_not_known(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "max",
                                        "-1 100000",
                                        "5000",
                                        "5000 nine",
                                        "5000 0\n",
                                        "18446744073709552 100000", /* times 1000 is 384 */
                                        "99999999999999999999999999 100000"};
    struct machine_fake *fake = *state;

    cgroup_write(fake, "0::/a\n", "fs/a");
    machine_fake_write(fake, "fs/cpu.max", "200000 100000\n");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        machine_fake_write(fake, "fs/a/cpu.max", texts[i]);
        check_quota(fake, 200000, 100000);
    }
    machine_fake_write(fake, "fs/cpu.max", "max 100000\n");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        bool is_none = strncmp(texts[i], "max", 3) == 0 || strlen(texts[i]) > 20;

        machine_fake_write(fake, "fs/a/cpu.max", texts[i]);
        check_quota(fake, is_none ? FACT_NONE : FACT_UNKNOWN, 0);
    }
}

static void only_the_cpu_controller_counts_in_v1(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/cgroup",
                       "9:cpuset:/a\n4:cpuacct,cpu:/a/b\n1:name=systemd:/a\nnonsense\n\n0::/\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "30 23 0:30 / %s/cpuset rw - cgroup cgroup rw,cpuset\n"
                       "31 23 0:31 / %s/cpu rw shared:3 master:4 - cgroup cgroup rw,cpuacct,cpu\n"
                       "32 23 0:32 / %s/unified rw - cgroup2 cgroup2 rw\n");
    machine_fake_write(fake, "cpu/a/b/cgroup.procs", "");
    machine_fake_write(fake, "cpuset/a/cpu.cfs_quota_us", "1000\n");
    machine_fake_write(fake, "cpuset/a/cpu.cfs_period_us", "100000\n");
    machine_fake_write(fake, "cpu/a/b/cpu.cfs_quota_us", "-1\n");
    machine_fake_write(fake, "cpu/a/b/cpu.cfs_period_us", "100000\n");
    check_quota(fake, FACT_NONE, 0);
    machine_fake_write(fake, "cpu/a/cpu.cfs_quota_us", "5000\n");
    machine_fake_write(fake, "cpu/a/cpu.cfs_period_us", "80000\n");
    check_quota(fake, 5000, 80000);
}

/* A container without a cgroup namespace: the path is that of the host, and so is the root of the
 * mount. */
static void a_mount_may_show_only_the_container(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/cgroup", "0::/docker/abc/inner\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "31 23 0:28 /docker/abc %s/fs ro - cgroup2 cgroup ro\n");
    machine_fake_write(fake, "fs/cgroup.procs", "");
    machine_fake_write(fake, "fs/inner/cgroup.procs", "");
    machine_fake_write(fake, "fs/inner/cpu.max", "30000 100000\n");
    machine_fake_write(fake, "fs/cpu.max", "50000 100000\n");
    check_quota(fake, 30000, 100000);
    machine_fake_write(fake, "proc/self/cgroup", "0::/docker/abc\n");
    check_quota(fake, 50000, 100000);
    machine_fake_write(fake, "proc/self/cgroup", "0::/docker/abcdef\n"); /* another one */
    machine_fake_write(fake, "fsdef/cgroup.procs", "");
    machine_fake_write(fake, "fsdef/cpu.max", "1000 100000\n");
    check_quota(fake, FACT_UNKNOWN, 0);
}

static void of_several_mounts_the_one_that_shows_most_counts(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/cgroup", "0::/a/b\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "31 23 0:28 /a %s/part rw - cgroup2 cgroup rw\n"
                       "32 23 0:28 / %s/whole rw - cgroup2 cgroup rw\n"
                       "33 23 0:28 /a/b %s/own rw - cgroup2 cgroup rw\n");
    machine_fake_write(fake, "whole/a/b/cgroup.procs", "");
    machine_fake_write(fake, "part/b/cpu.max", "1000 100000\n");
    machine_fake_write(fake, "own/cpu.max", "2000 100000\n");
    machine_fake_write(fake, "whole/a/b/cpu.max", "30000 100000\n");
    check_quota(fake, 30000, 100000);
}

/* The process was moved out of the namespace that its view was made for, or the mount was made
 * outside of it. */
static void a_path_beyond_the_namespace_leads_nowhere_else(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/cgroup", "0::/../other\n");
    machine_fake_write(fake, "proc/self/mountinfo", "31 23 0:28 / %s/fs rw - cgroup2 cgroup rw\n");
    machine_fake_write(fake, "other/cpu.max", "1000 100000\n");
    machine_fake_write(fake, "fs/cgroup.procs", "");
    machine_fake_write(fake, "fs/cpu.max", "2000 100000\n");
    check_quota(fake, FACT_UNKNOWN, 0);
    machine_fake_write(fake, "proc/self/cgroup",
                       "0::/\n"); /* in the namespace, with the parent's mount */
    machine_fake_write(fake, "proc/self/mountinfo",
                       "31 23 0:28 /.. %s/fs rw - cgroup2 cgroup rw\n");
    check_quota(fake, 2000, 100000);
}

static void blanks_in_a_mount_point_are_understood(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/cgroup", "0::/\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "31 23 0:28 / %s/c\\040g rw - cgroup2 cgroup rw\n");
    machine_fake_write(fake, "c g/cgroup.procs", "");
    machine_fake_write(fake, "c g/cpu.max", "2000 100000\n");
    check_quota(fake, 2000, 100000);
}

static void note_directory(void *context, const char *directory, bool v2)
{
    char *seen = context;
    size_t length = strlen(seen);

    snprintf(seen + length, PATH_MAX - length, "%s%s ", strstr(directory, "/fs"),
             v2 ? "" : " (v1)");
}

static void every_level_is_visited_once_from_the_process_up(void **state)
{
    struct machine_fake *fake = *state;
    char seen[PATH_MAX] = "";

    machine_fake_write(fake, "proc/self/cgroup", "1:cpu:/x\n0::/a/b\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "31 23 0:28 / %s/fs2 rw - cgroup2 cgroup rw\n"
                       "32 23 0:29 / %s/fs1 rw - cgroup cgroup rw,cpu\n");
    machine_fake_write(fake, "fs1/x/cgroup.procs", "");
    machine_fake_write(fake, "fs2/a/b/cgroup.procs", "");
    assert_true(cgroup_visit(fake->self, "cpu", note_directory, seen));
    assert_string_equal("/fs1/x (v1) /fs1 (v1) /fs2/a/b /fs2/a /fs2 ", seen);
}

static void the_smallest_memory_limit_counts_in_v2(void **state)
{
    struct machine_fake *fake = *state;

    cgroup_write(fake, "0::/a/b\n", "fs/a/b");
    machine_fake_write(fake, "fs/a/b/memory.max", "max\n");
    assert_int_equal(FACT_NONE, cgroup_memory_limit_bytes(fake->self));
    machine_fake_write(fake, "fs/a/b/memory.max", "134217728\n");
    machine_fake_write(fake, "fs/a/memory.max", "67108864\n");
    assert_int_equal(67108864, cgroup_memory_limit_bytes(fake->self));
}

static void only_the_memory_controller_limits_memory_in_v1(void **state)
{
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/cgroup", "4:cpu,cpuacct:/a\n3:memory:/b\n0::/\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "31 23 0:30 / %s/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
                       "32 23 0:31 / %s/memory rw - cgroup cgroup rw,memory\n");
    machine_fake_write(fake, "memory/b/cgroup.procs", "");
    machine_fake_write(fake, "cpu/a/memory.limit_in_bytes", "1000\n");
    machine_fake_write(fake, "memory/b/memory.limit_in_bytes", "33554432\n");
    machine_fake_write(fake, "memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(33554432, cgroup_memory_limit_bytes(fake->self));
}

/* What the kernels say that have no limit, with pages of 4 and 64 KiB, and before Linux 3.19. */
static void more_than_any_machine_has_is_no_limit(void **state)
{
    static const char *const texts[] = {"9223372036854771712\n",     "9223372036854710272\n",
                                        "9223372036854775807\n",     "18446744073709551615\n",
                                        "99999999999999999999999\n", "4503599627370496\n"};
    struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/self/cgroup", "3:memory:/\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "32 23 0:32 / %s/memory rw - cgroup cgroup rw,memory\n");
    machine_fake_write(fake, "memory/cgroup.procs", "");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        machine_fake_write(fake, "memory/memory.limit_in_bytes", texts[i]);
        assert_int_equal(FACT_NONE, cgroup_memory_limit_bytes(fake->self));
    }
    machine_fake_write(fake, "memory/memory.limit_in_bytes", "4503599627370495\n");
    assert_int_equal((UINT64_C(1) << 52) - 1, cgroup_memory_limit_bytes(fake->self));
}

static void a_line_that_is_no_mount_is_passed_over(void **state)
{
    struct machine_fake *fake = *state;

    cgroup_write(fake, "0::/a\n", "fs/a");
    machine_fake_write(fake, "fs/a/cpu.max", "50000 100000\n");
    machine_fake_write(fake, "proc/self/mountinfo",
                       "\n31 23 0:28 / /none rw\n31 23 - cgroup2 cgroup2 rw\n"
                       "31 23 0:28 / /none rw - cgroup2\n"
                       "31 23 0:28 / %s/fs rw - cgroup2 cgroup2 rw\n");
    check_quota(fake, 50000, 100000);
}

static void the_quota_of_this_process_can_be_read(void **state)
{
    struct cgroup_quota quota = cgroup_cpu_quota(PLATFORM_SELF);

    (void)state;
    assert_true(fact_is_number(quota.quota_us) == (quota.period_us > 0));
    assert_true(fact_is_number(quota.quota_us) == fact_is_number(cgroup_quota_millis(&quota)));
}

int main(void)
{
#define FAKED(test) cmocka_unit_test_setup_teardown(test, machine_fake_setup, machine_fake_teardown)
    const struct CMUnitTest tests[] = {
        FAKED(a_kernel_without_cgroups_limits_nothing),
        FAKED(a_cgroup_that_cannot_be_seen_may_limit_anything),
        FAKED(a_limit_that_cannot_be_read_is_not_none),
        FAKED(the_level_that_limits_most_counts_in_v2),
        FAKED(what_no_kernel_says_is_not_known),
        FAKED(only_the_cpu_controller_counts_in_v1),
        FAKED(a_mount_may_show_only_the_container),
        FAKED(of_several_mounts_the_one_that_shows_most_counts),
        FAKED(a_path_beyond_the_namespace_leads_nowhere_else),
        FAKED(blanks_in_a_mount_point_are_understood),
        FAKED(every_level_is_visited_once_from_the_process_up),
        FAKED(the_smallest_memory_limit_counts_in_v2),
        FAKED(only_the_memory_controller_limits_memory_in_v1),
        FAKED(more_than_any_machine_has_is_no_limit),
        FAKED(a_line_that_is_no_mount_is_passed_over),
        cmocka_unit_test(the_quota_of_this_process_can_be_read),
    };

    return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
