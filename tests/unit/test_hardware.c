/* What the hardware is taken for, on machines made of files, and how large a server is made on it.
 */
#include "base/fact.h"
#include "machine_fake.h"
#include "printed.h"
#include "server/config.h"
#include "server/sizing.h"
#include "server/tuning.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* Of a shared-cpu-1x with 256 MB. */
static char *fly_environment(const char *name)
{
    static char app[] = "hello", region[] = "iad", id[] = "5683d9e1a10e48", memory[] = "256";

    if (strcmp(name, "FLY_APP_NAME") == 0)
        return app;
    if (strcmp(name, "FLY_REGION") == 0)
        return region;
    if (strcmp(name, "FLY_MACHINE_ID") == 0)
        return id;
    return strcmp(name, "FLY_VM_MEMORY_MB") == 0 ? memory : NULL;
}

/* Of a performance-1x with 4 GB. */
static char *fly_large_environment(const char *name)
{
    static char memory[] = "4096";

    return strcmp(name, "FLY_VM_MEMORY_MB") == 0 ? memory : fly_environment(name);
}

static struct hardware found(const struct machine_fake *fake, char *(*environment)(const char *))
{
    struct hardware hardware = {.cpus = 1, .descriptors = 10240};

    hardware_read(&(struct hardware_places){.root = fake->root, .environment = environment},
                  CPU_KIND_AUTO, &hardware);
    return hardware;
}

static void fly_write(const struct machine_fake *fake)
{
    machine_fake_write(fake, "proc/sys/kernel/osrelease", "6.12.105-fly\n");
    machine_fake_write(fake, "proc/sys/net/core/somaxconn", "4096\n");
    machine_fake_write(fake, "proc/meminfo", "MemTotal:         212188 kB\nMemFree: 1 kB\n");
    machine_fake_write(fake, "proc/stat", "cpu  90 0 10 5000 0 0 0 0 0 0\n");
    machine_fake_write(fake, "proc/self/cgroup", ""); /* nobody mounted one */
}

static void check_printed(const struct hardware *hardware, const char *expected)
{
    struct printed printed;
    char *text;

    hardware_print(hardware, printed_begin(&printed));
    text = printed_end(&printed);
    if (!strstr(text, expected))
        fail_msg("no '%s' in '%s'", expected, text);
    free(text);
}

static void a_small_fly_machine_is_known_by_what_it_says_of_itself(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware;

    fly_write(fake);
    hardware = found(fake, fly_environment);
    assert_string_equal("6.12.105-fly", hardware.kernel);
    assert_string_equal("hello", hardware.app);
    assert_string_equal("iad", hardware.region);
    assert_string_equal("5683d9e1a10e48", hardware.id);
    assert_string_equal("$FLY_MACHINE_ID", hardware.platform_source);
    assert_int_equal(CPU_KIND_SHARED, hardware.cpu_kind);
    assert_int_equal(UINT64_C(212188) * 1024, hardware.memory_bytes);
    assert_string_equal("MemTotal of /proc/meminfo", hardware.memory_source);
    assert_int_equal(FACT_NONE, hardware.quota_millis);
    assert_true(hardware.steal_share == 0);
    assert_int_equal(4096, hardware.somaxconn);
}

static void a_large_fly_machine_has_its_cpus_for_itself(void **state)
{
    const struct machine_fake *fake = *state;

    fly_write(fake);
    assert_int_equal(CPU_KIND_DEDICATED, found(fake, fly_large_environment).cpu_kind);
}

/* Of a Machine whose variables nobody vouches for; `odd` is all that they say. */
static char odd[128];

static char *odd_environment(const char *name)
{
    (void)name;
    return odd;
}

static void memory_that_is_no_number_does_not_affect_the_cpus(void **state)
{
    static const char *const texts[] = {"", "-1", "256abc", " 256", "99999999999999999999999", "0"};
    const struct machine_fake *fake = *state;

    fly_write(fake);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        snprintf(odd, sizeof(odd), "%s", texts[i]);
        assert_int_equal(CPU_KIND_AUTO, found(fake, odd_environment).cpu_kind);
    }
    snprintf(odd, sizeof(odd), "17592186044416"); /* MB: 2^64 bytes */
    assert_int_equal(CPU_KIND_DEDICATED, found(fake, odd_environment).cpu_kind);
}

static void a_fact_is_one_line_whatever_the_environment_holds(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware;

    snprintf(odd, sizeof(odd), "iad\nworkers=99\x1b[2J");
    hardware = found(fake, odd_environment);
    assert_string_equal("iad\\nworkers=99\\x1b[2J", hardware.region);
    memset(odd, 'x', sizeof(odd) - 1);
    hardware = found(fake, odd_environment);
    assert_int_equal(sizeof(hardware.region) - 1, strlen(hardware.region));
    assert_string_equal("x...", hardware.region + sizeof(hardware.region) - 5);
}

static char *app_environment(const char *name)
{
    static char app[] = "hello";

    return strcmp(name, "FLY_APP_NAME") == 0 ? app : NULL;
}

static void each_sign_of_the_platform_is_enough(void **state)
{
    const struct machine_fake *fake = *state;

    assert_string_equal("$FLY_APP_NAME", found(fake, app_environment).platform_source);
    assert_string_equal("$FLY_MACHINE_ID", found(fake, fly_environment).platform_source);
    fly_write(fake);
    assert_string_equal("the kernel's name ends in -fly",
                        found(fake, no_environment).platform_source);
    machine_fake_write(fake, "proc/sys/kernel/osrelease", "6.1.0-flyer\n");
    assert_null(found(fake, no_environment).platform_source);
}

static void steal_shows_that_cpus_are_shared(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware;

    machine_fake_write(fake, "proc/stat", "cpu  50 0 40 99999 99999 0 0 10 0 0\n");
    hardware = found(fake, no_environment);
    assert_int_equal(CPU_KIND_SHARED, hardware.cpu_kind);
    assert_true(hardware.steal_share > 0.0999 && hardware.steal_share < 0.1001);
    machine_fake_write(fake, "proc/stat", "cpu  500 0 490 99999 99999 0 0 10 0 0\n");
    assert_int_equal(CPU_KIND_AUTO, found(fake, no_environment).cpu_kind);
}

static void what_the_user_says_of_the_cpus_holds(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware = {.cpus = 1};

    fly_write(fake);
    hardware_read(&(struct hardware_places){fake->root, fly_environment}, CPU_KIND_DEDICATED,
                  &hardware);
    assert_int_equal(CPU_KIND_DEDICATED, hardware.cpu_kind);
    assert_string_equal("cpu-kind, see above", hardware.cpu_kind_source);
}

static void a_container_has_the_memory_of_its_cgroup(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware;

    fly_write(fake);
    machine_fake_write(fake, "proc/self/cgroup", "0::/a\n");
    machine_fake_write(fake, "proc/self/mountinfo", "31 23 0:28 / %s/fs rw - cgroup2 cgroup2 rw\n");
    machine_fake_write(fake, "fs/a/cgroup.procs", "");
    machine_fake_write(fake, "fs/a/memory.max", "67108864\n");
    machine_fake_write(fake, "fs/a/cpu.max", "50000 100000\n");
    hardware = found(fake, no_environment);
    assert_int_equal(67108864, hardware.memory_bytes);
    assert_string_equal("the limit of a cgroup", hardware.memory_source);
    assert_int_equal(500, hardware.quota_millis);
    check_printed(&hardware, "platform.cpu_quota=0.500  # cgroups, in CPUs");
}

static void where_nothing_can_be_read_nothing_is_made_up(void **state)
{
    struct hardware hardware = found(*state, no_environment);

    assert_string_equal("", hardware.kernel);
    assert_null(hardware.platform_source);
    assert_int_equal(CPU_KIND_AUTO, hardware.cpu_kind);
    assert_int_equal(FACT_UNKNOWN, hardware.memory_bytes);
    assert_string_equal("the cgroup limit cannot be read", hardware.memory_source);
    assert_int_equal(FACT_UNKNOWN, hardware.quota_millis);
    assert_int_equal(FACT_UNKNOWN, hardware.somaxconn);
    assert_true(isnan(hardware.steal_share));
}

static void what_is_not_known_is_printed_so(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware = found(fake, no_environment);

    check_printed(&hardware, "platform.kernel=unknown  # ");
    check_printed(&hardware, "platform.cpu_quota=unknown  # ");
    check_printed(&hardware, "platform.steal=unknown  # ");
    check_printed(&hardware, "platform.memory_bytes=unknown  # the cgroup limit cannot");
    check_printed(&hardware, "platform.somaxconn=unknown  # ");
    fly_write(fake);
    hardware = found(fake, no_environment);
    check_printed(&hardware, "platform.cpu_quota=none  # ");
    check_printed(&hardware, "platform.steal=0.0%  # ");
    check_printed(&hardware, "platform.memory_bytes=217280512  # ");
    check_printed(&hardware, "platform.somaxconn=4096  # ");
}

static void steal_is_not_known_of_a_kernel_that_does_not_count_it(void **state)
{
    const struct machine_fake *fake = *state;

    machine_fake_write(fake, "proc/stat", "cpu  50 0 40 99999 99999 0 0\n");
    assert_true(isnan(found(fake, no_environment).steal_share));
    machine_fake_write(fake, "proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\n");
    assert_true(isnan(found(fake, no_environment).steal_share));
}

/* Sizes */

static void check(struct sizing sizing, uint64_t value, const char *because)
{
    assert_int_equal(value, sizing.value);
    assert_string_equal(because, sizing.because);
}

static void workers_are_as_many_as_can_be_kept_busy(void **state)
{
    struct hardware hardware = {.cpus = 8, .quota_millis = FACT_NONE};

    (void)state;
    check(sizing_workers(&hardware, 0), 8, "auto: platform.cpus");
    check(sizing_workers(&hardware, 3), 3, "auto: max-connections");
    hardware.quota_millis = 2500;
    check(sizing_workers(&hardware, 0), 3, "auto: platform.cpu_quota");
    hardware.quota_millis = FACT_UNKNOWN;
    check(sizing_workers(&hardware, 0), 8, "auto: platform.cpus");
    hardware.quota_millis = 62; /* a shared CPU */
    check(sizing_workers(&hardware, 0), 1, "auto: platform.cpu_quota");
    hardware = (struct hardware){.cpus = 0, .quota_millis = 0};
    assert_int_equal(1, sizing_workers(&hardware, 0).value);
}

static void connections_are_as_many_as_descriptors_and_memory_allow(void **state)
{
    struct hardware hardware = {.descriptors = 10240, .memory_bytes = UINT64_C(212188) * 1024};

    (void)state;
    check(sizing_connections(&hardware, 28), 10212, "auto: platform.descriptors");
    hardware.memory_bytes = UINT64_C(64) << 20;
    check(sizing_connections(&hardware, 28), 4096, "auto: half of platform.memory_bytes");
    hardware = (struct hardware){.descriptors = UINT32_MAX, .memory_bytes = UINT64_C(1) << 50};
    check(sizing_connections(&hardware, 28), SERVER_CONNECTIONS_MAX, "auto: the maximum");
    hardware.descriptors = 20;
    assert_int_equal(0, sizing_connections(&hardware, 28).value);
}

static void the_backlog_is_what_the_kernel_allows_and_memory_holds(void **state)
{
    struct hardware hardware = {.somaxconn = 4096, .memory_bytes = UINT64_C(212188) * 1024};

    (void)state;
    check(sizing_backlog(&hardware, 1), 4096, "auto: platform.somaxconn");
    check(sizing_backlog(&hardware, 8), 828, "auto: a quarter of platform.memory_bytes");
    hardware = (struct hardware){0};
    assert_true(sizing_backlog(&hardware, 1).value > 0);
}

static void sizes_are_safe_where_nothing_is_known(void **state)
{
    struct hardware hardware = {.descriptors = UINT32_MAX,
                                .quota_millis = FACT_UNKNOWN,
                                .memory_bytes = FACT_UNKNOWN,
                                .somaxconn = FACT_UNKNOWN};
    static const char assumed[] = "auto: platform.memory_bytes is unknown, 256 MiB are assumed";

    (void)state;
    check(sizing_connections(&hardware, 28), 16384, assumed);
    check(sizing_backlog(&hardware, 2), 4096, "auto: platform.somaxconn is unknown");
    check(sizing_backlog(&hardware, 4), 2048, assumed);
}

/* Tuning */

static void note_line(void *context, const char *line)
{
    char *lines = context;

    snprintf(lines + strlen(lines), 2048 - strlen(lines), "%s\n", line);
}

static void limits_are_raised_and_never_lowered(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware = {.memory_bytes = UINT64_C(256) << 20};
    char lines[2048] = "", path[128], text[64] = "";
    FILE *file;

    machine_fake_write(fake, "proc/sys/net/core/somaxconn", "4096\n");
    machine_fake_write(fake, "proc/sys/net/ipv4/tcp_max_tw_buckets", "262144\n");
    tuning_apply(&hardware, fake->root, true, note_line, lines);
    assert_non_null(strstr(lines, "tune: net.core.somaxconn 4096 -> 8192 (not done"));
    snprintf(path, sizeof(path), "%s/proc/sys/net/core/somaxconn", fake->root);
    hardware.memory_bytes = UINT64_C(128) << 20; /* few descriptors: this test keeps its own */
    lines[0] = '\0';
    machine_fake_write(fake, "proc/sys/net/core/somaxconn", "128\n");
    tuning_apply(&hardware, fake->root, false, note_line, lines);
    assert_non_null(strstr(lines, "tune: net.core.somaxconn 128 -> 4096\n"));
    assert_non_null(strstr(lines, "tune: net.ipv4.tcp_max_tw_buckets stays 262144\n"));
    assert_non_null(strstr(lines, "tune: net.ipv4.tcp_max_syn_backlog does not exist"));
    assert_non_null(strstr(lines, "tune: descriptors "));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal("4096\n", text);
}

static void nothing_is_raised_where_the_memory_is_not_known(void **state)
{
    const struct machine_fake *fake = *state;
    struct hardware hardware = {.memory_bytes = FACT_UNKNOWN};
    char lines[2048] = "";

    machine_fake_write(fake, "proc/sys/net/core/somaxconn", "128\n");
    tuning_apply(&hardware, fake->root, false, note_line, lines);
    assert_string_equal("tune: the amount of memory cannot be read; nothing is raised\n", lines);
}

static void the_reported_limit_is_what_the_kernel_made_of_it(void **state)
{
    /* A file of the kernel that keeps only 9 bits of a number, and shows them in hexadecimal. */
    static const char lossy[] = "/proc/self/coredump_filter";
    const struct machine_fake *fake = *state;
    struct hardware hardware = {.memory_bytes = UINT64_C(4096) * 0x8066};
    char lines[2048] = "", path[128];
    FILE *file = fopen(lossy, "w");

    if (!file)
        skip(); /* a kernel without CONFIG_ELF_CORE */
    fputs("0x33", file);
    assert_int_equal(0, fclose(file));
    machine_fake_write(fake, "proc/sys/net/ipv4/tcp_max_tw_buckets", "");
    snprintf(path, sizeof(path), "%s/proc/sys/net/ipv4/tcp_max_tw_buckets", fake->root);
    assert_int_equal(0, remove(path));
    assert_int_equal(0, symlink(lossy, path));
    tuning_apply(&hardware, fake->root, false, note_line, lines);
    assert_non_null(strstr(lines, "tune: net.ipv4.tcp_max_tw_buckets 33 -> 66\n"));
}

int main(void)
{
#define FAKED(test) cmocka_unit_test_setup_teardown(test, machine_fake_setup, machine_fake_teardown)
    const struct CMUnitTest tests[] = {
        FAKED(a_small_fly_machine_is_known_by_what_it_says_of_itself),
        FAKED(a_large_fly_machine_has_its_cpus_for_itself),
        FAKED(memory_that_is_no_number_does_not_affect_the_cpus),
        FAKED(a_fact_is_one_line_whatever_the_environment_holds),
        FAKED(each_sign_of_the_platform_is_enough),
        FAKED(steal_shows_that_cpus_are_shared),
        FAKED(what_the_user_says_of_the_cpus_holds),
        FAKED(a_container_has_the_memory_of_its_cgroup),
        FAKED(where_nothing_can_be_read_nothing_is_made_up),
        FAKED(what_is_not_known_is_printed_so),
        FAKED(steal_is_not_known_of_a_kernel_that_does_not_count_it),
        cmocka_unit_test(workers_are_as_many_as_can_be_kept_busy),
        cmocka_unit_test(connections_are_as_many_as_descriptors_and_memory_allow),
        cmocka_unit_test(the_backlog_is_what_the_kernel_allows_and_memory_holds),
        cmocka_unit_test(sizes_are_safe_where_nothing_is_known),
        FAKED(limits_are_raised_and_never_lowered),
        FAKED(nothing_is_raised_where_the_memory_is_not_known),
        FAKED(the_reported_limit_is_what_the_kernel_made_of_it),
    };

    return cmocka_run_group_tests_name("hardware", tests, NULL, NULL);
}
