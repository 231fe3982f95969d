/* What a histogram keeps of its durations, and what it loses: less than 1 part in 1,000. */
#include "distribution.h"
#include "result/histogram.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define LAST_BUCKET     (HISTOGRAM_BUCKET_COUNT - 1)
#define HOUR_NS         HISTOGRAM_MAX_NS

/* Not a round number, and one at which every percentile of three digits is a whole rank. */
#define SAMPLES_ODD   50021
#define SAMPLES_ROUND 50000

static struct histogram one, other, total;
static uint64_t samples[SAMPLES_ODD];

static int clear_all(void **state)
{
    (void)state;
    memset(&one, 0, sizeof(one));
    memset(&other, 0, sizeof(other));
    memset(&total, 0, sizeof(total));
    return 0;
}

static void record_all(struct histogram *histogram, const uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        histogram_record(histogram, values[i]);
}

static uint64_t count_in_buckets(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < HISTOGRAM_BUCKET_COUNT; i++)
        count += histogram->buckets[i];
    return count;
}

static void the_buckets_are_those_of_hdrhistogram(void **state)
{
    /* What HdrHistogram's countsArrayIndex says for the range of an hour and three digits. */
    static const struct {
        uint32_t bucket;
        uint64_t low_ns, ns, high_ns;
    } rows[] = {
        {0, 0, 0, 0},
        {1, 1, 1, 1},
        {1023, 1023, 1023, 1023},
        {1024, 1024, 1024, 1024},
        {2047, 2047, 2047, 2047},
        {2048, 2048, 2048, 2049},
        {2048, 2048, 2049, 2049},
        {2049, 2050, 2050, 2051},
        {3071, 4094, 4095, 4095},
        {3072, 4096, 4099, 4099},
        {3073, 4100, 4100, 4103},
        {4095, 8188, 8191, 8191},
        {4096, 8192, 8192, 8199},
        {11169, 999936, 1000000, 1000447},
        {16580, 39976960, 40000000, 40009727},
        {21363, 999817216, 1000000000, 1000341503},
        {27388, UINT64_C(59995324416), UINT64_C(60000000000), UINT64_C(60028878847)},
        {33420, UINT64_C(3599182594048), UINT64_C(3600000000000), UINT64_C(3601330077695)},
    };

    (void)state;
    assert_int_equal(33792, HISTOGRAM_BUCKET_COUNT);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(rows[i].bucket, histogram_bucket(rows[i].ns));
        assert_int_equal(rows[i].low_ns, histogram_bucket_low_ns(rows[i].bucket));
        assert_int_equal(rows[i].high_ns, histogram_bucket_high_ns(rows[i].bucket));
    }
}

static void every_duration_is_in_one_bucket(void **state)
{
    uint64_t next_ns = 0;

    (void)state;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKET_COUNT; i++) {
        assert_int_equal(next_ns, histogram_bucket_low_ns(i));
        assert_int_equal(i, histogram_bucket(histogram_bucket_low_ns(i)));
        assert_int_equal(i, histogram_bucket(histogram_bucket_high_ns(i)));
        next_ns = histogram_bucket_high_ns(i) + 1;
    }
    assert_int_equal(0, next_ns); /* all of 64 bits are used up */
    assert_true(histogram_bucket_low_ns(LAST_BUCKET) > HOUR_NS);
}

static void zeroed_memory_is_an_empty_histogram(void **state)
{
    (void)state;
    assert_int_equal(0, one.count);
    assert_int_equal(0, histogram_percentile(&one, 0));
    assert_int_equal(0, histogram_percentile(&one, 100));
    assert_true(histogram_mean(&one) >= 0 && histogram_mean(&one) <= 0);
}

static void minimum_maximum_and_mean_are_exact(void **state)
{
    static const uint64_t values[] = {5000001, 3000001, 10000001};

    (void)state;
    record_all(&one, values, COUNT_OF(values));
    assert_int_equal(3, one.count);
    assert_int_equal(3000001, one.min_ns);
    assert_int_equal(10000001, one.max_ns);
    assert_int_equal(18000003, one.sum_ns);
    assert_int_equal(6000001, llround(histogram_mean(&one)));
    assert_int_equal(10000001, histogram_percentile(&one, 100));
}

static void nothing_takes_no_time(void **state)
{
    (void)state;
    histogram_record(&one, 0);
    histogram_record(&one, 7);
    assert_int_equal(2, one.count);
    assert_int_equal(0, one.min_ns);
    assert_int_equal(0, histogram_percentile(&one, 50));
    assert_int_equal(7, histogram_percentile(&one, 51));
}

static void a_percentile_is_not_exceeded_by_as_many_values(void **state)
{
    static const struct {
        uint64_t expected;
        double percentile;
    } rows[] = {
        {1, 0},       {1, -1},     {1, 0.1},    {2, 0.1001}, {500, 50},
        {501, 50.01}, {990, 99},   {999, 99.9}, {999, 99.9}, {1000, 99.91},
        {1000, 100},  {1000, 200}, {290, 29},   {571, 57.1}, {1000, 1e300},
    };

    (void)state;
    for (uint64_t ns = 1; ns <= 1000; ns++)
        histogram_record(&one, ns);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(rows[i].expected, histogram_percentile(&one, rows[i].percentile));
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* Percentiles in thousandths, so that integers give the exact rank. */
static void check_quantiles(enum distribution distribution, size_t count)
{
    static const uint64_t thousandths[] = {1,     100,   1000,  5000,  10000, 25000, 29000,
                                           50000, 57000, 75000, 90000, 95000, 99000, 99500,
                                           99900, 99950, 99990, 99999, 100000};

    clear_all(NULL);
    distribution_draw(distribution, count, samples, count);
    record_all(&one, samples, count);
    qsort(samples, count, sizeof(samples[0]), compare);
    for (size_t i = 0; i < COUNT_OF(thousandths); i++) {
        uint64_t exact = samples[(thousandths[i] * count + 99999) / 100000 - 1];
        uint64_t reported = histogram_percentile(&one, (double)thousandths[i] / 1000);
        bool good = exact < 2048 ? reported == exact
                                 : reported >= exact && reported - exact <= exact / 1000;

        if (!good)
            fail_msg("%s, percentile %.3f: expected %" PRIu64 ", got %" PRIu64,
                     distribution_name(distribution), (double)thousandths[i] / 1000, exact,
                     reported);
    }
    assert_int_equal(samples[0], one.min_ns);
    assert_int_equal(samples[0], histogram_percentile(&one, 0));
    assert_int_equal(samples[count - 1], one.max_ns);
    assert_int_equal(samples[count - 1], histogram_percentile(&one, 100));
}

static void percentiles_are_good_to_one_part_in_1000(void **state)
{
    (void)state;
    for (int i = 0; i < DISTRIBUTION_COUNT; i++) {
        check_quantiles((enum distribution)i, SAMPLES_ODD);
        check_quantiles((enum distribution)i, SAMPLES_ROUND);
        check_quantiles((enum distribution)i, 1);
        check_quantiles((enum distribution)i, 2);
    }
}

static void the_inputs_are_as_wide_as_they_claim(void **state)
{
    uint64_t longest_ns = 0;

    (void)state;
    distribution_draw(DISTRIBUTION_PARETO, SAMPLES_ODD, samples, SAMPLES_ODD);
    for (size_t i = 0; i < SAMPLES_ODD; i++)
        longest_ns = samples[i] > longest_ns ? samples[i] : longest_ns;
    assert_true(longest_ns > UINT64_C(60000000000));
}

static void adding_up_loses_nothing(void **state)
{
    static struct histogram parts[7];

    (void)state;
    for (int i = 0; i < DISTRIBUTION_COUNT; i++) {
        clear_all(NULL);
        memset(parts, 0, sizeof(parts));
        distribution_draw((enum distribution)i, 3, samples, SAMPLES_ODD);
        samples[17] = 2 * HOUR_NS;
        record_all(&one, samples, SAMPLES_ODD);
        for (size_t j = 0; j < SAMPLES_ODD; j++)
            histogram_record(&parts[(j * j + j / 5) % COUNT_OF(parts)], samples[j]);
        for (size_t j = 0; j < COUNT_OF(parts); j++)
            histogram_add(&total, &parts[j]);
        assert_memory_equal(&one, &total, sizeof(one));
    }
}

static void adding_nothing_changes_nothing(void **state)
{
    (void)state;
    histogram_record(&one, 12345);
    histogram_add(&total, &one);
    histogram_add(&total, &other);
    assert_memory_equal(&one, &total, sizeof(one));
}

static void a_difference_is_what_came_between(void **state)
{
    static struct histogram difference;

    (void)state;
    for (int i = 0; i < DISTRIBUTION_COUNT; i++) {
        clear_all(NULL);
        distribution_draw((enum distribution)i, 5, samples, SAMPLES_ODD);
        record_all(&total, samples, 1000);
        histogram_add(&other, &total);
        record_all(&total, samples + 1000, SAMPLES_ODD - 1000);
        record_all(&one, samples + 1000, SAMPLES_ODD - 1000);
        histogram_record(&difference, 1); /* to be forgotten */
        histogram_record(&difference, 3 * HOUR_NS);
        histogram_subtract(&difference, &total, &other);

        assert_int_equal(one.count, difference.count);
        assert_int_equal(one.sum_ns, difference.sum_ns);
        assert_int_equal(0, difference.above);
        assert_memory_equal(one.buckets, difference.buckets, sizeof(one.buckets));
        assert_int_equal(histogram_bucket(one.min_ns), histogram_bucket(difference.min_ns));
        assert_int_equal(histogram_bucket(one.max_ns), histogram_bucket(difference.max_ns));
        assert_true(difference.min_ns <= one.min_ns && difference.max_ns >= one.max_ns);
    }
}

static void a_new_maximum_is_exact_in_the_difference(void **state)
{
    (void)state;
    histogram_record(&one, 5000001);
    histogram_add(&other, &one);
    histogram_record(&one, 7000001);
    histogram_record(&one, 4000001);
    histogram_subtract(&total, &one, &other);
    assert_int_equal(2, total.count);
    assert_int_equal(4000001, total.min_ns);
    assert_int_equal(7000001, total.max_ns);
}

static void no_difference_is_empty(void **state)
{
    (void)state;
    histogram_record(&one, 5000001);
    histogram_add(&other, &one);
    histogram_record(&total, 5);
    histogram_subtract(&total, &one, &other);
    histogram_clear(&other);
    assert_memory_equal(&other, &total, sizeof(total));
}

static void what_is_longer_than_an_hour_is_counted_and_reported(void **state)
{
    (void)state;
    histogram_record(&one, HOUR_NS);
    assert_int_equal(0, one.above);
    histogram_record(&one, HOUR_NS + 1);
    histogram_record(&one, 5 * HOUR_NS);
    histogram_record(&one, UINT64_MAX);
    assert_int_equal(4, one.count);
    assert_int_equal(3, one.above);
    assert_int_equal(2, one.buckets[LAST_BUCKET]);
    assert_int_equal(UINT64_MAX, one.max_ns);
    assert_int_equal(UINT64_MAX, histogram_percentile(&one, 100));
    assert_true(histogram_percentile(&one, 25) - HOUR_NS <= HOUR_NS / 1000);

    histogram_add(&total, &one);
    histogram_add(&total, &one);
    assert_int_equal(8, total.count);
    assert_int_equal(6, total.above);
    histogram_subtract(&other, &total, &one);
    assert_int_equal(3, other.above);
    assert_int_equal(UINT64_MAX, histogram_percentile(&other, 100));
}

static void a_cleared_histogram_is_empty_and_can_be_used_again(void **state)
{
    (void)state;
    distribution_draw(DISTRIBUTION_PARETO, 7, samples, 1000);
    record_all(&one, samples, 1000);
    histogram_record(&one, 2 * HOUR_NS);
    histogram_record(&one, 0);
    histogram_clear(&one);
    assert_memory_equal(&other, &one, sizeof(one));
    histogram_clear(&one);
    histogram_record(&one, 1234);
    assert_int_equal(1234, one.min_ns);
    assert_int_equal(1234, one.max_ns);
}

static void *record_samples(void *argument)
{
    record_all(argument, samples, SAMPLES_ODD);
    return NULL;
}

/* Add up `one` while it is written. Returns how many values it had by then. */
static uint64_t check_as_it_is_written(uint64_t count_before)
{
    memset(&total, 0, sizeof(total));
    histogram_add(&total, &one);
    assert_true(total.count >= count_before);
    assert_int_equal(total.count, count_in_buckets(&total));
    if (total.count > 0) {
        uint64_t p50 = histogram_percentile(&one, 50), p99 = histogram_percentile(&total, 99);

        /* All samples are at least 20 us, so a minimum of 0 would be one not written yet. */
        assert_true(total.min_ns >= 20000 && p99 >= 20000 && p99 <= total.max_ns);
        assert_true(p50 >= 20000 && p50 <= HOUR_NS);
    }
    return total.count;
}

static void a_reader_may_look_while_values_are_counted(void **state)
{
    (void)state;
    distribution_draw(DISTRIBUTION_PARETO, 11, samples, SAMPLES_ODD);
    for (int round = 0; round < 10; round++) {
        uint64_t count = 0;
        pthread_t writer;

        clear_all(state);
        assert_int_equal(0, pthread_create(&writer, NULL, record_samples, &one));
        for (int i = 0; i < 1000 && count < SAMPLES_ODD; i++)
            count = check_as_it_is_written(count);
        pthread_join(writer, NULL);
        assert_int_equal(SAMPLES_ODD, check_as_it_is_written(count));
        assert_memory_equal(&one, &total, sizeof(one));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_buckets_are_those_of_hdrhistogram),
        cmocka_unit_test(every_duration_is_in_one_bucket),
        cmocka_unit_test_setup(zeroed_memory_is_an_empty_histogram, clear_all),
        cmocka_unit_test_setup(minimum_maximum_and_mean_are_exact, clear_all),
        cmocka_unit_test_setup(nothing_takes_no_time, clear_all),
        cmocka_unit_test_setup(a_percentile_is_not_exceeded_by_as_many_values, clear_all),
        cmocka_unit_test_setup(percentiles_are_good_to_one_part_in_1000, clear_all),
        cmocka_unit_test(the_inputs_are_as_wide_as_they_claim),
        cmocka_unit_test_setup(adding_up_loses_nothing, clear_all),
        cmocka_unit_test_setup(adding_nothing_changes_nothing, clear_all),
        cmocka_unit_test_setup(a_difference_is_what_came_between, clear_all),
        cmocka_unit_test_setup(a_new_maximum_is_exact_in_the_difference, clear_all),
        cmocka_unit_test_setup(no_difference_is_empty, clear_all),
        cmocka_unit_test_setup(what_is_longer_than_an_hour_is_counted_and_reported, clear_all),
        cmocka_unit_test_setup(a_cleared_histogram_is_empty_and_can_be_used_again, clear_all),
        cmocka_unit_test_setup(a_reader_may_look_while_values_are_counted, clear_all),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
