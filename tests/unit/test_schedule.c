/* When connections should start: the rate is met exactly, however many threads share it. */
#include "base/units.h"
#include "generator/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t seed_used = 1;

static struct schedule schedule_of(uint64_t starts, uint64_t period_ns, uint64_t ramp_ns,
                                   uint32_t thread, uint32_t threads, enum load_arrivals arrivals)
{
    struct schedule schedule;

    schedule_init(&schedule, &(struct schedule_args){.rate = {starts, period_ns},
                                                     .arrivals = arrivals,
                                                     .ramp_ns = ramp_ns,
                                                     .seed = seed_used,
                                                     .thread = thread,
                                                     .threads = threads});
    return schedule;
}

/* The number of starts in a schedule before this time. */
static uint64_t starts_before(struct schedule *schedule, uint64_t end_ns)
{
    uint64_t count = 0;

    for (; schedule_next_ns(schedule) < end_ns; count++)
        schedule_advance(schedule);
    return count;
}

static void constant_arrivals_are_evenly_spaced_from_the_start_on(void **state)
{
    struct schedule schedule = schedule_of(20000, NS_PER_S, 0, 0, 1, LOAD_CONSTANT);

    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        assert_int_equal(i * 50000, schedule_next_ns(&schedule));
        schedule_advance(&schedule);
    }
}

static void a_rate_that_does_not_divide_a_second_does_not_drift(void **state)
{
    struct schedule schedule = schedule_of(7, NS_PER_S, 0, 0, 1, LOAD_CONSTANT);

    (void)state;
    assert_int_equal(7 * 3600, starts_before(&schedule, 3600 * NS_PER_S));
    assert_in_range(schedule_next_ns(&schedule), 3600 * NS_PER_S - 1, 3600 * NS_PER_S + 1);
}

static void rates_per_minute_are_met(void **state)
{
    struct schedule schedule = schedule_of(100, 60 * NS_PER_S, 0, 0, 1, LOAD_CONSTANT);

    (void)state;
    assert_int_equal(500, starts_before(&schedule, 300 * NS_PER_S));
}

static void threads_share_one_schedule(void **state)
{
    struct schedule whole = schedule_of(1000, NS_PER_S, 0, 0, 1, LOAD_CONSTANT);
    struct schedule parts[3];

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        parts[i] = schedule_of(1000, NS_PER_S, 0, i, 3, LOAD_CONSTANT);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(schedule_next_ns(&whole), schedule_next_ns(&parts[i % 3]));
        schedule_advance(&whole);
        schedule_advance(&parts[i % 3]);
    }
}

static void a_ramp_rises_in_a_straight_line(void **state)
{
    struct schedule schedule = schedule_of(1000, NS_PER_S, 10 * NS_PER_S, 0, 1, LOAD_CONSTANT);

    (void)state;
    /* In the first t of a ramp of 10 s to 1,000/s there are 50 * t^2 starts. */
    for (uint64_t second = 1; second <= 10; second++) {
        uint64_t from = second - 1;

        assert_int_equal(50 * (second * second - from * from),
                         starts_before(&schedule, second * NS_PER_S));
    }
    assert_int_equal(1000, starts_before(&schedule, 11 * NS_PER_S));
}

/* Gaps of a Poisson process are exponential: mean and standard deviation are the same. */
static void poisson_arrivals_have_exponential_gaps(void **state)
{
    const double mean_ns = 1e6;
    const int count = 200000;
    double sum = 0, squares = 0;
    uint64_t before_ns = 0;
    struct schedule schedule = schedule_of(1000, NS_PER_S, 0, 0, 1, LOAD_POISSON);

    (void)state;
    for (int i = 0; i < count; i++) {
        double gap_ns = (double)(schedule_next_ns(&schedule) - before_ns);

        sum += gap_ns;
        squares += gap_ns * gap_ns;
        before_ns = schedule_next_ns(&schedule);
        schedule_advance(&schedule);
    }
    /* Four standard errors of the mean are 0.9 %, of the variance 2.5 %. */
    assert_true(fabs(sum / count / mean_ns - 1) < 0.009);
    assert_true(fabs(squares / count / (mean_ns * mean_ns) - 2) < 0.05);
}

static void poisson_arrivals_of_threads_add_up_and_differ(void **state)
{
    uint64_t total = 0;
    uint64_t first_ns[4];

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct schedule schedule = schedule_of(10000, NS_PER_S, 0, i, 4, LOAD_POISSON);

        first_ns[i] = schedule_next_ns(&schedule);
        total += starts_before(&schedule, 20 * NS_PER_S);
        for (uint32_t j = 0; j < i; j++)
            assert_true(first_ns[i] != first_ns[j]);
    }
    assert_in_range(total, 200000 - 4 * 447, 200000 + 4 * 447);
}

/* How many of the first 1000 starts of two schedules come at the same time. */
static int starts_alike(struct schedule one, struct schedule other)
{
    int alike = 0;

    for (int i = 0; i < 1000; i++) {
        alike += schedule_next_ns(&one) == schedule_next_ns(&other);
        schedule_advance(&one);
        schedule_advance(&other);
    }
    return alike;
}

static void another_seed_gives_other_times_in_every_thread(void **state)
{
    struct schedule one[2], other[2];

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        one[i] = schedule_of(10000, NS_PER_S, 0, i, 2, LOAD_POISSON);
        seed_used = 2;
        other[i] = schedule_of(10000, NS_PER_S, 0, i, 2, LOAD_POISSON);
        seed_used = 1;
        assert_int_equal(1000, starts_alike(one[i], one[i]));
        assert_in_range(starts_alike(one[i], other[i]), 0, 5);
    }
    assert_in_range(starts_alike(one[0], one[1]), 0, 5);
    schedule_advance(&one[0]); /* nor are they the same a step later */
    assert_in_range(starts_alike(one[0], one[1]), 0, 5);
    assert_in_range(starts_alike(other[0], one[1]), 0, 5);
}

static void the_same_arguments_give_the_same_schedule(void **state)
{
    struct schedule one = schedule_of(10000, NS_PER_S, NS_PER_S, 1, 2, LOAD_POISSON);
    struct schedule other = schedule_of(10000, NS_PER_S, NS_PER_S, 1, 2, LOAD_POISSON);

    (void)state;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(schedule_next_ns(&one), schedule_next_ns(&other));
        schedule_advance(&one);
        schedule_advance(&other);
    }
}

/* Skipping must equal advancing start by start. */
static void expect_the_same(struct schedule *skipped, struct schedule *stepped, uint64_t time_ns)
{
    assert_int_equal(starts_before(stepped, time_ns), schedule_skip(skipped, time_ns, UINT64_MAX));
    assert_int_equal(schedule_next_ns(stepped), schedule_next_ns(skipped));
}

static void constant_arrivals_are_skipped_exactly_and_on_every_thread(void **state)
{
    static const uint64_t rates[] = {1, 3, 7, 1000, 33333, 10000000};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (uint32_t thread = 0; thread < 3; thread++) {
            struct schedule skipped = schedule_of(rates[i], NS_PER_S, 0, thread, 3, LOAD_CONSTANT);
            struct schedule stepped = skipped;

            for (uint64_t time_ns = 0; time_ns <= NS_PER_S / 4; time_ns += NS_PER_S / 64)
                expect_the_same(&skipped, &stepped, time_ns);
            expect_the_same(&skipped, &stepped, NS_PER_S / 4); /* there is nothing left to skip */
        }
    }
}

static void a_ramp_is_skipped_exactly(void **state)
{
    struct schedule skipped = schedule_of(100000, NS_PER_S, 2 * NS_PER_S, 1, 2, LOAD_CONSTANT);
    struct schedule stepped = skipped;

    (void)state;
    for (uint64_t time_ns = 0; time_ns <= 4 * NS_PER_S; time_ns += NS_PER_S / 7)
        expect_the_same(&skipped, &stepped, time_ns);
}

static void no_more_are_skipped_than_asked_for(void **state)
{
    struct schedule schedule = schedule_of(10000000, NS_PER_S, 0, 0, 1, LOAD_CONSTANT);

    (void)state;
    assert_int_equal(0, schedule_skip(&schedule, NS_PER_S, 0));
    assert_int_equal(1, schedule_skip(&schedule, NS_PER_S, 1));
    assert_int_equal(123456, schedule_skip(&schedule, NS_PER_S, 123456));
    assert_int_equal(123457 * 100, schedule_next_ns(&schedule));
}

/* 30 days at the highest rate: start by start this would take an hour. */
static void any_number_is_skipped_in_one_step(void **state)
{
    const uint64_t month_ns = 30 * 86400 * NS_PER_S;
    struct schedule constant = schedule_of(10000000, NS_PER_S, 0, 0, 1, LOAD_CONSTANT);
    struct schedule poisson = schedule_of(10000000, NS_PER_S, 0, 0, 1, LOAD_POISSON);
    uint64_t starts = UINT64_C(10000000) * 30 * 86400;

    (void)state;
    assert_int_equal(starts, schedule_skip(&constant, month_ns, UINT64_MAX));
    assert_int_equal(month_ns, schedule_next_ns(&constant));
    assert_in_range(schedule_skip(&poisson, month_ns, UINT64_MAX), starts - 100, starts + 100);
    assert_in_range(schedule_next_ns(&poisson), month_ns, month_ns + NS_PER_MS);
}

static void a_few_poisson_arrivals_are_skipped_one_by_one(void **state)
{
    struct schedule skipped = schedule_of(1000, NS_PER_S, 0, 1, 2, LOAD_POISSON);
    struct schedule stepped = skipped;

    (void)state;
    for (uint64_t time_ns = 0; time_ns <= 20 * NS_PER_S; time_ns += NS_PER_S)
        expect_the_same(&skipped, &stepped, time_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_arrivals_are_evenly_spaced_from_the_start_on),
        cmocka_unit_test(a_rate_that_does_not_divide_a_second_does_not_drift),
        cmocka_unit_test(rates_per_minute_are_met),
        cmocka_unit_test(threads_share_one_schedule),
        cmocka_unit_test(a_ramp_rises_in_a_straight_line),
        cmocka_unit_test(poisson_arrivals_have_exponential_gaps),
        cmocka_unit_test(poisson_arrivals_of_threads_add_up_and_differ),
        cmocka_unit_test(the_same_arguments_give_the_same_schedule),
        cmocka_unit_test(another_seed_gives_other_times_in_every_thread),
        cmocka_unit_test(constant_arrivals_are_skipped_exactly_and_on_every_thread),
        cmocka_unit_test(a_ramp_is_skipped_exactly),
        cmocka_unit_test(no_more_are_skipped_than_asked_for),
        cmocka_unit_test(any_number_is_skipped_in_one_step),
        cmocka_unit_test(a_few_poisson_arrivals_are_skipped_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
