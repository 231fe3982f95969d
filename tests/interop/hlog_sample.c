/* Write a log of histograms, and print on stdout (JSON, a line for each interval) what is in it:
 *   hlog_sample FILE
 * Interval by interval all samples and what histogram.h says of them; at the end, for each tag,
 * what it says of all intervals added up. */
#include "base/units.h"
#include "distribution.h"
#include "result/hlog.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define INTERVALS     3
#define SAMPLES_MAX   3000
#define UNIX_START_NS UINT64_C(1700000000250000000)

static struct histogram interval, total;
static uint64_t samples[SAMPLES_MAX];

static void print_histogram(const struct histogram *histogram)
{
    static const double percentiles[] = {0,  0.1,  1,    10,    25,     50,      75,
                                         90, 95,   99,   99.5,  99.9,   99.95,   99.99,
                                         29, 57.1, 33.3, 66.67, 99.999, 99.9999, 100};

    printf("\"count\":%" PRIu64 ",\"min\":%" PRIu64 ",\"max\":%" PRIu64 ",\"above\":%" PRIu64
           ",\"percentiles\":[",
           histogram->count, histogram->min_ns, histogram->max_ns, histogram->above);
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
        printf("%s[%g,%" PRIu64 "]", i > 0 ? "," : "", percentiles[i],
               histogram_percentile(histogram, percentiles[i]));
    printf("]}\n");
}

static void print_tag(const char *tag)
{
    if (tag)
        printf("{\"tag\":\"%s\",", tag);
    else
        printf("{\"tag\":null,");
}

/* One interval of samples[0 ... count). */
static int write_interval(struct hlog *log, const char *tag, int number, size_t count)
{
    uint64_t start_ns = (uint64_t)number * NS_PER_S, length_ns = NS_PER_S - 250 * NS_PER_MS;

    histogram_clear(&interval);
    print_tag(tag);
    printf("\"start_s\":%g,\"length_s\":%g,\"samples\":[", (double)start_ns / 1e9,
           (double)length_ns / 1e9);
    for (size_t i = 0; i < count; i++) {
        histogram_record(&interval, samples[i]);
        printf("%s%" PRIu64, i > 0 ? "," : "", samples[i]);
    }
    printf("],");
    print_histogram(&interval);
    histogram_add(&total, &interval);
    return hlog_write(log, tag, start_ns, length_ns, &interval);
}

static void print_total(const char *tag)
{
    print_tag(tag);
    printf("\"total\":true,");
    print_histogram(&total);
    histogram_clear(&total);
}

/* The first one goes without a tag. */
static int write_distribution(struct hlog *log, enum distribution distribution)
{
    const char *tag = distribution == 0 ? NULL : distribution_name(distribution);

    for (int i = 0; i < INTERVALS; i++) {
        size_t count = i == 0 ? 1000 : (size_t)(1009 * i);
        int result;

        distribution_draw(distribution, (uint64_t)i + 1, samples, count);
        result = write_interval(log, tag, i, count);
        if (result < 0)
            return result;
    }
    print_total(tag);
    return 0;
}

/* What is at the edges: nothing, 0 ns, single empty buckets, each bound, and beyond the hour. */
static int write_edges(struct hlog *log)
{
    size_t count = 0;
    int result = write_interval(log, "edges", 0, 0);

    for (uint32_t i = 0; i < HISTOGRAM_BUCKET_COUNT && count < SAMPLES_MAX - 8; i += 1 + i / 64) {
        samples[count++] = histogram_bucket_low_ns(i);
        samples[count++] = histogram_bucket_high_ns(i);
    }
    samples[count++] = HISTOGRAM_MAX_NS;
    samples[count++] = HISTOGRAM_MAX_NS + 1;
    samples[count++] = UINT64_C(1) << 42;
    samples[count++] = UINT64_C(1) << 52;
    if (result == 0)
        result = write_interval(log, "edges", 1, count);
    samples[0] = 0;
    if (result == 0)
        result = write_interval(log, "edges", 2, 1);
    print_total("edges");
    return result;
}

int main(int argc, char **argv)
{
    struct hlog *log;
    int result, closed;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    result = hlog_open(argv[1], &log);
    if (result == 0) {
        result = hlog_begin(log, UNIX_START_NS);
        for (int i = 0; i < DISTRIBUTION_COUNT && result == 0; i++)
            result = write_distribution(log, (enum distribution)i);
        if (result == 0)
            result = write_edges(log);
        closed = hlog_close(log);
        result = result < 0 ? result : closed;
    }
    if (result < 0)
        fprintf(stderr, "%s: cannot write '%s': %s\n", argv[0], argv[1], strerror(-result));
    return result < 0;
}
