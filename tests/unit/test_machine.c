/* What is reported about the machine. */
#include "base/fact.h"
#include "host/machine.h"
#include "machine_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/utsname.h>

#include <cmocka.h>

static void the_cpu_goes_by_the_name_its_architecture_gives_it(void **state)
{
    static const struct {
        const char *expected, *cpuinfo;
    } rows[] = {
        {"AMD EPYC 7B13", "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC  7B13 \nstepping"},
        {"POWER9", "processor\t: 0\ncpu\t\t: POWER9\nclock\t\t: 2200MHz\n"},
        {"ARM implementer 0x41 part 0xd0c",
         "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\nCPU revision\t: 1\n"},
        {"", "cpu MHz\t\t: 2596\ncpu family\t: 25\n"},
        {"", "model name\n: x\n"},
        {"", "model name:\nx\n"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char model[MACHINE_TEXT_BYTES];

        assert_string_equal(rows[i].expected, machine_cpu_model(rows[i].cpuinfo, model));
    }
}

static void this_machine_can_be_read(void **state)
{
    struct machine machine;
    struct utsname name;

    (void)state;
    machine_read(&machine);
    uname(&name);
    assert_non_null(strstr(machine.kernel, name.release));
    assert_true(machine.cpus_allowed >= 1);
    assert_true(machine.cpus_online >= machine.cpus_allowed);
    assert_true(machine.memory_bytes > 1 << 20);
    assert_true(fact_is_number(machine.memory_bytes));
    assert_true(fact_is_number(machine.quota_us) == (machine.quota_period_us > 0));
}

static void settings_are_printed_as_sysctl_writes_them(void **state)
{
    struct machine machine;
    const char *range;
    unsigned long low, high;
    char *end;

    (void)state;
    machine_read(&machine);
    range = machine_setting(&machine, "net.ipv4.ip_local_port_range"); /* with a tab in /proc */
    low = strtoul(range, &end, 10);
    assert_int_equal(' ', *end);
    high = strtoul(end + 1, &end, 10);
    assert_int_equal('\0', *end);
    assert_true(low <= high && high <= UINT16_MAX);
    assert_string_equal("", machine_setting(&machine, "net.ipv4.nothing"));
}

static void what_the_kernel_does_not_work_around_is_named(void **state)
{
    const struct machine_fake *fake = *state;
    char text[MACHINE_FAULTS_BYTES];

    assert_string_equal("", machine_mitigations("/nothing/here", text));
    machine_fake_write(fake, "meltdown", "Not affected\n");
    machine_fake_write(fake, "spectre_v2", "Mitigation: Retpolines; IBPB: conditional\n");
    assert_string_equal("all", machine_mitigations(fake->root, text));
    machine_fake_write(fake, "spectre_v1", "Vulnerable: __user pointer sanitization only\n");
    machine_fake_write(fake, "mds", "Vulnerable\n");
    assert_string_equal("all but mds spectre_v1", machine_mitigations(fake->root, text));
    machine_fake_write(fake, "retbleed", ""); /* as where it cannot be read */
    assert_string_equal("", machine_mitigations(fake->root, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cpu_goes_by_the_name_its_architecture_gives_it),
        cmocka_unit_test(this_machine_can_be_read),
        cmocka_unit_test(settings_are_printed_as_sysctl_writes_them),
        cmocka_unit_test_setup_teardown(what_the_kernel_does_not_work_around_is_named,
                                        machine_fake_setup, machine_fake_teardown),
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
