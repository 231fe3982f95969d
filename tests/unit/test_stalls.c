/* What counts as a stall, and which stalls look like a CPU quota. */
#include "base/units.h"
#include "host/stalls.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START_NS UINT64_C(1000000000)

/* Random numbers that are the same in every run (splitmix64). */
static uint64_t random_next(uint64_t *seed)
{
    uint64_t value = *seed += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* 0 to 1, without either. */
static double random_share(uint64_t *seed)
{
    return ((double)(random_next(seed) >> 12) + 0.5) / 4503599627370496.0;
}

static double random_exponential(uint64_t *seed, double mean)
{
    return -mean * log(random_share(seed));
}

static void stalls_start(struct stalls *stalls)
{
    memset(stalls, 0, sizeof(*stalls));
    stalls_tick(stalls, START_NS);
}

/* Let the watching thread run until the machine freezes, and see the clock again after it thawed.
 * Each look at the clock is up to 0.2 ms late. */
static void machine_freeze(struct stalls *stalls, uint64_t freeze_ns, uint64_t thaw_ns,
                           uint64_t *seed)
{
    uint64_t now_ns;

    do {
        now_ns = stalls_due_ns(stalls) + random_next(seed) % (NS_PER_MS / 5);
        if (now_ns > freeze_ns && now_ns < thaw_ns)
            now_ns = thaw_ns + random_next(seed) % (NS_PER_MS / 5);
        stalls_tick(stalls, now_ns);
    } while (now_ns < thaw_ns);
}

static void ticks_in_time_are_no_stalls(void **state)
{
    struct stalls stalls;

    (void)state;
    stalls_start(&stalls);
    assert_int_equal(START_NS + STALLS_TICK_NS, stalls_due_ns(&stalls));
    assert_int_equal(0, stalls_tick(&stalls, START_NS + STALLS_TICK_NS));
    assert_int_equal(0, stalls_tick(&stalls, stalls_due_ns(&stalls) + STALLS_MIN_NS));
    assert_int_equal(0, stalls.count);
    assert_int_equal(0, stalls.total_ns);
}

static void a_tick_that_comes_late_is_a_stall_from_when_it_was_due(void **state)
{
    struct stalls stalls;
    uint64_t due_ns = START_NS + STALLS_TICK_NS;

    (void)state;
    stalls_start(&stalls);
    assert_int_equal(STALLS_MIN_NS + 1, stalls_tick(&stalls, due_ns + STALLS_MIN_NS + 1));
    assert_int_equal(due_ns + STALLS_MIN_NS + 1 + STALLS_TICK_NS, stalls_due_ns(&stalls));
    due_ns = stalls_due_ns(&stalls);
    assert_int_equal(NS_PER_S, stalls_tick(&stalls, due_ns + NS_PER_S));
    assert_int_equal(2, stalls.count);
    assert_int_equal(NS_PER_S + STALLS_MIN_NS + 1, stalls.total_ns);
    assert_int_equal(NS_PER_S, stalls.longest_ns);
    assert_int_equal(2, stalls.kept_count);
    assert_int_equal(due_ns, stalls.kept[1].start_ns);
    assert_int_equal(NS_PER_S, stalls.kept[1].length_ns);
}

static void a_look_before_the_tick_is_due_changes_nothing(void **state)
{
    struct stalls stalls;

    (void)state;
    stalls_start(&stalls);
    for (uint64_t now_ns = START_NS; now_ns < START_NS + STALLS_TICK_NS; now_ns += NS_PER_MS)
        assert_int_equal(0, stalls_tick(&stalls, now_ns));
    assert_int_equal(START_NS + STALLS_TICK_NS, stalls_due_ns(&stalls));
}

static void a_pause_is_no_stall(void **state)
{
    struct stalls stalls;

    (void)state;
    stalls_start(&stalls);
    stalls_pause(&stalls);
    assert_int_equal(0, stalls_due_ns(&stalls));
    assert_int_equal(0, stalls_tick(&stalls, START_NS + NS_PER_S));
    assert_int_equal(0, stalls.count);
    assert_int_equal(START_NS + NS_PER_S + STALLS_TICK_NS, stalls_due_ns(&stalls));
}

static void stalls_beyond_those_kept_are_still_counted(void **state)
{
    struct stalls stalls;

    (void)state;
    stalls_start(&stalls);
    for (int i = 0; i < STALLS_KEPT_MAX + 3; i++)
        stalls_tick(&stalls, stalls_due_ns(&stalls) + 20 * NS_PER_MS);
    assert_int_equal(STALLS_KEPT_MAX + 3, stalls.count);
    assert_int_equal((STALLS_KEPT_MAX + 3) * 20 * NS_PER_MS, stalls.total_ns);
    assert_int_equal(STALLS_KEPT_MAX, stalls.kept_count);
}

/* A quota is spent after some milliseconds of work, and comes back when the next period begins:
 * thaws are on a grid. In some periods it is not spent at all. */
static void quota_run(struct stalls *stalls, uint64_t period_ns, int periods, double idle_share,
                      uint64_t *seed)
{
    stalls_start(stalls);
    for (int i = 1; i <= periods; i++) {
        uint64_t begin_ns = START_NS + (uint64_t)i * period_ns;
        uint64_t work_ns = 5 * NS_PER_MS + (uint64_t)(20e6 * random_share(seed));

        if (random_share(seed) >= idle_share)
            machine_freeze(stalls, begin_ns + work_ns, begin_ns + period_ns, seed);
    }
}

static void a_quota_of_the_host_shows_as_a_grid_of_its_period(void **state)
{
    struct stalls stalls;
    uint64_t seed = 1;

    (void)state;
    quota_run(&stalls, 80 * NS_PER_MS, 100, 0, &seed);
    assert_true(stalls.count > 90);
    assert_int_equal(80 * NS_PER_MS, stalls_grid_ns(&stalls, 0));
    quota_run(&stalls, 100 * NS_PER_MS, 100, 0, &seed);
    assert_int_equal(100 * NS_PER_MS, stalls_grid_ns(&stalls, 0));
}

static void a_quota_that_is_spent_now_and_then_shows_too(void **state)
{
    uint64_t seed = 2;
    int found = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct stalls stalls;

        quota_run(&stalls, 80 * NS_PER_MS, 200, 0.9, &seed);
        found += stalls_grid_ns(&stalls, 0) == 80 * NS_PER_MS;
    }
    assert_true(found >= 95);
}

static void a_period_that_is_known_is_looked_for(void **state)
{
    struct stalls stalls;
    uint64_t seed = 3;

    (void)state;
    quota_run(&stalls, 130 * NS_PER_MS, 50, 0, &seed);
    assert_int_equal(0, stalls_grid_ns(&stalls, 0));
    assert_int_equal(130 * NS_PER_MS, stalls_grid_ns(&stalls, 130 * NS_PER_MS));
    assert_int_equal(0, stalls_grid_ns(&stalls, 1)); /* no room for anything near it */
}

static void a_grid_of_beginnings_is_seen_as_well(void **state)
{
    struct stalls stalls;
    uint64_t seed = 4;

    (void)state;
    stalls_start(&stalls);
    for (uint64_t i = 1; i <= 100; i++) {
        uint64_t freeze_ns = START_NS + i * 80 * NS_PER_MS;

        machine_freeze(&stalls, freeze_ns,
                       freeze_ns + 20 * NS_PER_MS + (uint64_t)(40e6 * random_share(&seed)), &seed);
    }
    assert_int_equal(80 * NS_PER_MS, stalls_grid_ns(&stalls, 0));
}

static void a_grid_among_other_stalls_is_seen(void **state)
{
    struct stalls stalls;
    uint64_t seed = 5;

    (void)state;
    stalls_start(&stalls);
    for (uint64_t i = 1; i <= 100; i++) {
        uint64_t thaw_ns = START_NS + i * 80 * NS_PER_MS;

        machine_freeze(&stalls, thaw_ns - 30 * NS_PER_MS, thaw_ns, &seed);
        if (i % 10 == 0) /* in between, somebody else */
            machine_freeze(&stalls, thaw_ns + 10 * NS_PER_MS, thaw_ns + 35 * NS_PER_MS, &seed);
    }
    assert_int_equal(80 * NS_PER_MS, stalls_grid_ns(&stalls, 0));
}

/* Where the CPUs are busy, the thread that watches may have to wait after a thaw. */
static void a_grid_that_is_blurred_is_seen(void **state)
{
    struct stalls stalls;
    uint64_t seed = 9;

    (void)state;
    stalls_start(&stalls);
    for (uint64_t i = 1; i <= 50; i++) {
        uint64_t thaw_ns = START_NS + i * 80 * NS_PER_MS;
        uint64_t work_ns = 15 * NS_PER_MS + (uint64_t)(40e6 * random_share(&seed));
        uint64_t wait_ns = (uint64_t)random_exponential(&seed, 4e6);

        machine_freeze(&stalls, thaw_ns - 80 * NS_PER_MS + work_ns, thaw_ns + wait_ns, &seed);
    }
    assert_int_equal(80 * NS_PER_MS, stalls_grid_ns(&stalls, 0));
}

static void four_stalls_are_too_few_for_a_period(void **state)
{
    struct stalls stalls;
    uint64_t seed = 6;

    (void)state;
    quota_run(&stalls, 80 * NS_PER_MS, 4, 0, &seed);
    assert_int_equal(4, stalls.count);
    assert_int_equal(0, stalls_grid_ns(&stalls, 0));
    quota_run(&stalls, 80 * NS_PER_MS, 5, 0, &seed);
    assert_int_equal(5, stalls.count);
    assert_int_equal(80 * NS_PER_MS, stalls_grid_ns(&stalls, 0));
}

/* Such as a machine that is looked at by its host, for a moment, once a second. */
static void stalls_once_a_second_are_no_quota(void **state)
{
    struct stalls stalls;
    uint64_t seed = 7;

    (void)state;
    stalls_start(&stalls);
    for (uint64_t i = 1; i <= 60; i++)
        machine_freeze(&stalls, START_NS + i * NS_PER_S, START_NS + i * NS_PER_S + 15 * NS_PER_MS,
                       &seed);
    assert_int_equal(60, stalls.count);
    assert_int_equal(0, stalls_grid_ns(&stalls, 0));
}

static void stalls_at_random_hardly_ever_look_like_a_quota(void **state)
{
    static const double means_ns[] = {30e6, 80e6, 100e6, 300e6, 1e9, 10e9};
    static const int counts[] = {5, 6, 7, 8, 10, 20, 50, 200};
    uint64_t seed = 8;
    int runs = 0, found = 0, found_short = 0;

    (void)state;
    for (size_t mean = 0; mean < sizeof(means_ns) / sizeof(means_ns[0]); mean++) {
        for (size_t count = 0; count < sizeof(counts) / sizeof(counts[0]); count++) {
            for (int i = 0; i < 500; i++, runs++) {
                struct stalls stalls;

                stalls_start(&stalls);
                for (int k = 0; k < counts[count]; k++) {
                    uint64_t gap_ns = (uint64_t)random_exponential(&seed, means_ns[mean]);
                    uint64_t length_ns = (uint64_t)random_exponential(&seed, 40e6);

                    /* The look at the clock before the stall is up to a tick old. */
                    stalls_tick(&stalls, stalls_due_ns(&stalls));
                    stalls.next_tick_ns += gap_ns;
                    stalls_tick(&stalls, stalls_due_ns(&stalls) + STALLS_MIN_NS + 1 + length_ns);
                }
                assert_int_equal(counts[count], stalls.count);
                found += stalls_grid_ns(&stalls, 0) != 0;
                found_short += stalls_grid_ns(&stalls, 20 * NS_PER_MS) == 20 * NS_PER_MS;
            }
        }
    }
    print_message("of %d runs with random stalls %d looked like a quota, %d like one per 20 ms\n",
                  runs, found, found_short);
    assert_true(found <= runs / 500 && found_short <= runs / 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_in_time_are_no_stalls),
        cmocka_unit_test(a_tick_that_comes_late_is_a_stall_from_when_it_was_due),
        cmocka_unit_test(a_look_before_the_tick_is_due_changes_nothing),
        cmocka_unit_test(a_pause_is_no_stall),
        cmocka_unit_test(stalls_beyond_those_kept_are_still_counted),
        cmocka_unit_test(a_quota_of_the_host_shows_as_a_grid_of_its_period),
        cmocka_unit_test(a_quota_that_is_spent_now_and_then_shows_too),
        cmocka_unit_test(a_period_that_is_known_is_looked_for),
        cmocka_unit_test(a_grid_of_beginnings_is_seen_as_well),
        cmocka_unit_test(a_grid_among_other_stalls_is_seen),
        cmocka_unit_test(a_grid_that_is_blurred_is_seen),
        cmocka_unit_test(four_stalls_are_too_few_for_a_period),
        cmocka_unit_test(stalls_once_a_second_are_no_quota),
        cmocka_unit_test(stalls_at_random_hardly_ever_look_like_a_quota),
    };

    return cmocka_run_group_tests_name("stalls", tests, NULL, NULL);
}
