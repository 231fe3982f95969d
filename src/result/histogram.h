/* Durations, counted in buckets whose width grows with the value: every duration from 0 to
 * HISTOGRAM_MAX_NS is kept to better than one part in 1,000 (three significant digits). The buckets
 * are those of HdrHistogram with a lowest discernible value of 1 and a precision of 3 digits, so
 * its tools can read a histogram without loss.
 *
 * A histogram has a fixed size, and zeroed memory is an empty one. In pages_map memory, it uses
 * only the pages that its values touch.
 *
 * Thread rule: one writer; others may read at the same time, and may miss some of the last
 * values. */
#ifndef HELLO_HISTOGRAM_H
#define HELLO_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_MAX_NS UINT64_C(3600000000000) /* one hour */

/* 2,048 buckets of 1 ns, then 1,024 for each doubling until the hour is covered: up to 2^42 ns, so
 * 73 minutes. Longer durations are counted in the last bucket. */
#define HISTOGRAM_HALF_BITS    10
#define HISTOGRAM_HALF         (1u << HISTOGRAM_HALF_BITS)
#define HISTOGRAM_DOUBLINGS    31
#define HISTOGRAM_BUCKET_COUNT ((HISTOGRAM_DOUBLINGS + 2) * HISTOGRAM_HALF)

struct histogram {
    uint64_t count;  /* of values */
    uint64_t sum_ns; /* of values; exact: it wraps only after 584 years */
    uint64_t min_ns; /* exact; only if count > 0 */
    uint64_t max_ns; /* exact, also beyond the hour */
    uint64_t above;  /* values beyond the hour; the last bucket may be too small for them */
    uint64_t buckets[HISTOGRAM_BUCKET_COUNT];
};

/* Count a duration. */
void histogram_record(struct histogram *histogram, uint64_t ns);

/* Add all of `part` to `total`, without loss. If `part` is being written, the values added are
 * consistent (the count is that of the buckets), but may lack the last ones. */
void histogram_add(struct histogram *total, const struct histogram *part);

/* Set *ret_difference to what was recorded between two states of the same histogram; `before` is
 * the older. It must be neither of them; its old content is lost. Its min_ns and max_ns are those
 * of its lowest and highest bucket, so accurate to one part in 1,000 (exact if they are the lowest
 * or highest of all). */
void histogram_subtract(struct histogram *ret_difference, const struct histogram *now,
                        const struct histogram *before);

/* Empty a histogram; its writer only. */
void histogram_clear(struct histogram *histogram);

/* The duration that `percentile` (0 to 100) of the values do not exceed, as HdrHistogram defines
 * it: the highest value of its bucket, but no more than max_ns. For 0 that is min_ns. Returns 0 if
 * there are no values. */
uint64_t histogram_percentile(const struct histogram *histogram, double percentile);

/* The mean in nanoseconds; 0 if there are no values. */
double histogram_mean(const struct histogram *histogram);

/* The bucket of a duration, the lowest duration of a bucket, and the highest (that of the last
 * bucket is UINT64_MAX). */
uint32_t histogram_bucket(uint64_t ns);
uint64_t histogram_bucket_low_ns(uint32_t bucket);
uint64_t histogram_bucket_high_ns(uint32_t bucket);

#endif
