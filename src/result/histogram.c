#include "result/histogram.h"

#include "base/counter.h"

#include <float.h>

#define LAST_BUCKET (HISTOGRAM_BUCKET_COUNT - 1)

_Static_assert(HISTOGRAM_MAX_NS >> (HISTOGRAM_DOUBLINGS + HISTOGRAM_HALF_BITS) == 1,
               "the hour lies in the last doubling");

static uint64_t min_of(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t max_of(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

uint32_t histogram_bucket(uint64_t ns)
{
    /* How often it must be halved to be below 2,048: from the highest bit. */
    uint32_t doublings =
        (uint32_t)(63 - HISTOGRAM_HALF_BITS - __builtin_clzll(ns | (2 * HISTOGRAM_HALF - 1)));
    uint32_t bucket = (doublings << HISTOGRAM_HALF_BITS) + (uint32_t)(ns >> doublings);

    return (uint32_t)min_of(bucket, LAST_BUCKET);
}

/* How often the width of a bucket is doubled. */
static uint32_t bucket_doublings(uint32_t bucket)
{
    return bucket < HISTOGRAM_HALF ? 0 : (bucket >> HISTOGRAM_HALF_BITS) - 1;
}

uint64_t histogram_bucket_low_ns(uint32_t bucket)
{
    uint32_t doublings = bucket_doublings(bucket);

    return (uint64_t)(bucket - (doublings << HISTOGRAM_HALF_BITS)) << doublings;
}

uint64_t histogram_bucket_high_ns(uint32_t bucket)
{
    return bucket < LAST_BUCKET ? histogram_bucket_low_ns(bucket + 1) - 1 : UINT64_MAX;
}

/* The count is published last and read first, so a reader that sees a value counted sees all its
 * data: for example, a histogram that is not empty has its min_ns. */
static void count_publish(struct histogram *histogram, uint64_t count)
{
    __atomic_store_n(&histogram->count, count, __ATOMIC_RELEASE);
}

static uint64_t count_observe(const struct histogram *histogram)
{
    return __atomic_load_n(&histogram->count, __ATOMIC_ACQUIRE);
}

/* Extend the range of values, before they are counted; its writer only. */
static void range_stretch(struct histogram *histogram, uint64_t min_ns, uint64_t max_ns)
{
    if (min_ns < histogram->min_ns || histogram->count == 0)
        counter_set(&histogram->min_ns, min_ns);
    if (max_ns > histogram->max_ns)
        counter_set(&histogram->max_ns, max_ns);
}

void histogram_record(struct histogram *histogram, uint64_t ns)
{
    range_stretch(histogram, ns, ns);
    if (ns > HISTOGRAM_MAX_NS)
        counter_add(&histogram->above, 1);
    counter_add(&histogram->sum_ns, ns);
    counter_add(&histogram->buckets[histogram_bucket(ns)], 1);
    count_publish(histogram, histogram->count + 1);
}

void histogram_add(struct histogram *total, const struct histogram *part)
{
    uint64_t added = 0, min_ns, max_ns;
    uint32_t last;

    if (count_observe(part) == 0)
        return;
    min_ns = counter_read(&part->min_ns);
    max_ns = counter_read(&part->max_ns);
    last = histogram_bucket(max_ns);
    range_stretch(total, min_ns, max_ns);
    for (uint32_t i = histogram_bucket(min_ns); i <= last; i++) {
        uint64_t values = counter_read(&part->buckets[i]);

        if (values > 0) { /* else leave the total's page untouched */
            counter_add(&total->buckets[i], values);
            added += values;
        }
    }
    counter_add(&total->sum_ns, counter_read(&part->sum_ns));
    counter_add(&total->above, counter_read(&part->above));
    count_publish(total, total->count + added);
}

void histogram_subtract(struct histogram *ret_difference, const struct histogram *now,
                        const struct histogram *before)
{
    struct histogram *difference = ret_difference;
    uint32_t first = histogram_bucket(now->min_ns), last = histogram_bucket(now->max_ns);
    uint32_t lowest = 0, highest = 0;
    uint64_t count = 0;

    if (now->count == before->count) {
        histogram_clear(difference);
        return;
    }
    if (difference->count > 0) { /* old content is overwritten, too */
        first = (uint32_t)min_of(first, histogram_bucket(difference->min_ns));
        last = (uint32_t)max_of(last, histogram_bucket(difference->max_ns));
    }
    for (uint32_t i = first; i <= last; i++) {
        uint64_t values = now->buckets[i] - before->buckets[i];

        if (values != difference->buckets[i]) /* else its page may stay untouched */
            counter_set(&difference->buckets[i], values);
        if (values > 0) {
            lowest = count == 0 ? i : lowest;
            highest = i;
            count += values;
        }
    }
    counter_set(&difference->min_ns, max_of(now->min_ns, histogram_bucket_low_ns(lowest)));
    counter_set(&difference->max_ns, min_of(now->max_ns, histogram_bucket_high_ns(highest)));
    counter_set(&difference->sum_ns, now->sum_ns - before->sum_ns);
    counter_set(&difference->above, now->above - before->above);
    count_publish(difference, count);
}

void histogram_clear(struct histogram *histogram)
{
    uint32_t last = histogram_bucket(histogram->max_ns);

    if (histogram->count == 0)
        return;
    for (uint32_t i = histogram_bucket(histogram->min_ns); i <= last; i++) {
        if (histogram->buckets[i] > 0) /* else its page may stay untouched */
            counter_set(&histogram->buckets[i], 0);
    }
    count_publish(histogram, 0);
    counter_set(&histogram->sum_ns, 0);
    counter_set(&histogram->min_ns, 0);
    counter_set(&histogram->max_ns, 0);
    counter_set(&histogram->above, 0);
}

uint64_t histogram_percentile(const struct histogram *histogram, double percentile)
{
    uint64_t count = count_observe(histogram);
    uint64_t min_ns = counter_read(&histogram->min_ns), max_ns = counter_read(&histogram->max_ns);
    uint32_t last = histogram_bucket(max_ns);
    /* The number of values at or below it, rounded up. A percentile such as 99.9 has no exact
     * double; the nearest double must not require one more value. */
    double wanted = (percentile < 100 ? percentile : 100) / 100 * (double)count;
    uint64_t rank, seen = 0;

    if (count == 0)
        return 0;
    if (percentile <= 0)
        return min_ns;
    wanted -= wanted * DBL_EPSILON;
    rank = (uint64_t)wanted;
    rank += (double)rank < wanted;
    for (uint32_t i = histogram_bucket(min_ns); i < last; i++) {
        seen += counter_read(&histogram->buckets[i]);
        if (seen >= rank)
            return min_of(histogram_bucket_high_ns(i), max_ns);
    }
    return max_ns;
}

double histogram_mean(const struct histogram *histogram)
{
    uint64_t count = count_observe(histogram);

    return count > 0 ? (double)counter_read(&histogram->sum_ns) / (double)count : 0;
}
