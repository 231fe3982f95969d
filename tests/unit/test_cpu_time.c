/* What the CPUs did, read out of the text of /proc/stat. */
#include "base/fact.h"
#include "host/cpu_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TICK_NS UINT64_C(10000000)

static const struct cpus cpus_0_and_2 = {.count = 2, .ids = {0, 2}};

static void check(const char *text, const struct cpus *cpus, uint64_t busy_ns, uint64_t softirq_ns,
                  uint64_t idle_ns, uint64_t steal_ns)
{
    struct cpu_time time = cpu_time_parse(text, cpus, TICK_NS);

    assert_int_equal(busy_ns, time.busy_ns);
    assert_int_equal(softirq_ns, time.softirq_ns);
    assert_int_equal(idle_ns, time.idle_ns);
    assert_int_equal(steal_ns, time.steal_ns);
}

static void check_unknown(const char *text, const struct cpus *cpus)
{
    check(text, cpus, FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN);
}

static void cpu_time_is_that_of_the_cpus_in_question(void **state)
{
    static const char text[] = "cpu  1 2 3 4 5 6 7 8 0 0\n"
                               "cpu0 1 20 300 4000 50000 600000 7000000 80000000 5 6\n"
                               "cpu1 9 9 9 9 9 9 9 9 9 9\n"
                               "cpu2 1 0 0 0 0 0 1 1 0 0\n"
                               "cpu20 9 9 9 9 9 9 9 9 9 9\n"
                               "intr 123 4 5\n";

    (void)state;
    check(text, &cpus_0_and_2, 7600323 * TICK_NS, 7000001 * TICK_NS, 54000 * TICK_NS,
          80000001 * TICK_NS);
    check(text, NULL, 19 * TICK_NS, 7 * TICK_NS, 9 * TICK_NS, 8 * TICK_NS);
}

static void columns_that_a_kernel_does_not_have_are_not_known(void **state)
{
    (void)state;
    check("cpu0 1 2 3 4 5 6 7\ncpu2 1 2 3 4 5 6 7\n", &cpus_0_and_2, 38 * TICK_NS, 14 * TICK_NS,
          18 * TICK_NS, FACT_UNKNOWN);
    check("cpu0 1 2 3 4 5 6 7 8\ncpu2 1 2 3 4 5 6 7\n", &cpus_0_and_2, 38 * TICK_NS, 14 * TICK_NS,
          18 * TICK_NS, FACT_UNKNOWN);
    check("cpu0 1 2 3 4 5 6 x 8\ncpu2 1 2 3 4 5 6 7 8\n", &cpus_0_and_2, FACT_UNKNOWN, FACT_UNKNOWN,
          18 * TICK_NS, 16 * TICK_NS);
}

/* lxcfs shows a container with CPUs 4 and 5 of cpu0 and cpu1. */
static void cpus_that_are_numbered_anew_are_not_known(void **state)
{
    static const struct cpus cpus_4_and_5 = {.count = 2, .ids = {4, 5}};
    static const struct cpus cpus_1_and_2 = {.count = 2, .ids = {1, 2}};
    static const char text[] = "cpu  2 2 2 2 2 2 2 2 2 2\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
                               "cpu1 1 1 1 1 1 1 1 1 1 1\n";

    (void)state;
    check_unknown(text, &cpus_4_and_5);
    check_unknown(text, &cpus_1_and_2);
}

static void a_sandbox_without_times_gives_nothing(void **state)
{
    (void)state;
    check_unknown("cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0 0 0\n",
                  &cpus_0_and_2);
    check_unknown("cpu  0 0 0 0 0 0 0 0 0 0\n", NULL);
}

static void texts_of_another_shape_give_nothing(void **state)
{
    static const struct cpus cpu_0 = {.count = 1, .ids = {0}};
    static const struct cpus none = {.count = 0};
    static const char *const texts[] = {
        "",
        "\n",
        "cpu",
        "cpu0",
        "cpu0\n",
        "cpu0 ",
        "cpuX 5 5 5\n",
        "cpu-1 5 5 5\n",
        "cpu65536 5 5 5 5 5 5 5 5\n",
        "cpufreq 5 5 5\n",
        "cpu00x 5 5 5 5 5 5 5 5\n",
        "intr 1\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_unknown(texts[i], &cpu_0);
        check_unknown(texts[i], NULL);
    }
    check_unknown("cpu0 1 2 3 4 5 6 7 8\n", &none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_time_is_that_of_the_cpus_in_question),
        cmocka_unit_test(columns_that_a_kernel_does_not_have_are_not_known),
        cmocka_unit_test(cpus_that_are_numbered_anew_are_not_known),
        cmocka_unit_test(a_sandbox_without_times_gives_nothing),
        cmocka_unit_test(texts_of_another_shape_give_nothing),
    };

    return cmocka_run_group_tests_name("cpu_time", tests, NULL, NULL);
}
