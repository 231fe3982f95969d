/* What a log of histograms looks like, byte by byte. tests/interop shows that other programs read
 * it correctly. */
#include "base/units.h"
#include "distribution.h"
#include "result/hlog.h"

#include <endian.h>
#include <errno.h>
#include <resolv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <sys/resource.h>

#include <cmocka.h>

#define UNIX_START_NS UINT64_C(1700000000250000000)
#define HEAD_LINES    4
#define HEAD_BYTES    40 /* of a histogram that is not compressed */
#define TEXT_BYTES    (1 << 20)

static char path[32];
static struct histogram histogram;
static char text[TEXT_BYTES];             /* of the whole file */
static char *lines[16];                   /* of it */
static unsigned char payload[TEXT_BYTES]; /* of the last histogram that was unpacked */
static size_t payload_bytes;

static int make_file(void **state)
{
    int file;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/hello-hlog-XXXXXX");
    file = mkstemp(path);
    memset(&histogram, 0, sizeof(histogram));
    return file < 0 || close(file) < 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static struct hlog *open_log(void)
{
    struct hlog *log = NULL;

    assert_int_equal(0, hlog_open(path, &log));
    assert_non_null(log);
    assert_int_equal(0, hlog_begin(log, UNIX_START_NS));
    return log;
}

/* Read the file into `lines`. Returns how many there are. */
static int read_lines(void)
{
    FILE *file = fopen(path, "r");
    size_t bytes;
    int count = 0;

    assert_non_null(file);
    bytes = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[bytes] = '\0';
    assert_true(bytes > 0 && text[bytes - 1] == '\n');
    for (char *line = strtok(text, "\n"); line && count < 16; line = strtok(NULL, "\n"))
        lines[count++] = line;
    return count;
}

static uint32_t number_at(const unsigned char *bytes)
{
    uint32_t number;

    memcpy(&number, bytes, sizeof(number));
    return be32toh(number);
}

/* Take the last field of a line apart, up to the bytes that stand for the histogram. */
static void unpack(const char *line)
{
    static unsigned char packed[TEXT_BYTES];
    int bytes = b64_pton(strrchr(line, ',') + 1, packed, sizeof(packed));
    uLongf length = sizeof(payload);

    assert_true(bytes > 8);
    assert_int_equal(0x1c849314, number_at(packed));
    assert_int_equal(bytes - 8, number_at(packed + 4));
    assert_int_equal(Z_OK, uncompress(payload, &length, packed + 8, (uLong)bytes - 8));
    payload_bytes = length;
}

static void write_one(const struct histogram *to_write)
{
    struct hlog *log = open_log();

    assert_int_equal(0, hlog_write(log, "connect", 0, NS_PER_S, to_write));
    assert_int_equal(0, hlog_close(log));
    assert_int_equal(HEAD_LINES + 1, read_lines());
    unpack(lines[HEAD_LINES]);
}

static void a_log_begins_with_its_version_and_its_start(void **state)
{
    (void)state;
    assert_int_equal(0, hlog_close(open_log()));
    assert_int_equal(HEAD_LINES, read_lines());
    assert_string_equal("#[Histogram log format version 1.3]", lines[0]);
    assert_string_equal("#[StartTime: 1700000000.250 (seconds since epoch), "
                        "Tue Nov 14 22:13:20 UTC 2023]",
                        lines[1]);
    assert_string_equal("#[BaseTime: 1700000000.250 (seconds since epoch)]", lines[2]);
    assert_string_equal("\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                        "\"Interval_Compressed_Histogram\"",
                        lines[3]);
}

static void an_interval_is_a_line_with_tag_times_and_maximum(void **state)
{
    struct hlog *log = open_log();

    (void)state;
    histogram_record(&histogram, 12345678);
    assert_int_equal(0, hlog_write(log, "connect", 0, NS_PER_S, &histogram));
    assert_int_equal(0, hlog_write(log, NULL, 61 * NS_PER_S, NS_PER_S / 4, &histogram));
    assert_int_equal(0, hlog_close(log));
    assert_int_equal(HEAD_LINES + 2, read_lines());
    assert_memory_equal("Tag=connect,0.000,1.000,12.346,HISTFAAAA", lines[4], 40);
    assert_memory_equal("61.000,0.250,12.346,HISTFAAAA", lines[5], 29);
}

static void an_interval_is_in_the_file_once_it_is_written(void **state)
{
    struct hlog *log = open_log();

    (void)state;
    assert_int_equal(HEAD_LINES, read_lines());
    assert_int_equal(0, hlog_write(log, "connect", 0, NS_PER_S, &histogram));
    assert_int_equal(HEAD_LINES + 1, read_lines());
    assert_int_equal(0, hlog_close(log));
}

static void a_histogram_is_a_head_and_counts_with_runs_of_empty_buckets(void **state)
{
    static const unsigned char expected[] = {
        0x1c, 0x84, 0x93, 0x13,                      /* V2, counts in ZigZag LEB128 */
        0,    0,    0,    8,                         /* bytes after the head */
        0,    0,    0,    0,                         /* no offset */
        0,    0,    0,    3,                         /* digits */
        0,    0,    0,    0,    0,    0,    0,    1, /* lowest */
        0,    0,    3,    0x46, 0x30, 0xb8, 0xa0, 0, /* highest: the hour */
        0x3f, 0xf0, 0,    0,    0,    0,    0,    0, /* ratio: 1.0 */
        0,                                           /* bucket 0: one empty bucket */
        4,                                           /* 1: twice */
        5,                                           /* 2 to 4: three empty buckets */
        2,                                           /* 5: once */
        0x91, 1,                                     /* 6 to 78: 73 empty buckets */
        0xc8, 1,                                     /* 79: 100 times */
    };

    (void)state;
    histogram_record(&histogram, 1);
    histogram_record(&histogram, 1);
    histogram_record(&histogram, 5);
    for (int i = 0; i < 100; i++)
        histogram_record(&histogram, 79);
    write_one(&histogram);
    assert_int_equal(sizeof(expected), payload_bytes);
    assert_memory_equal(expected, payload, sizeof(expected));
}

static void an_empty_histogram_is_one_empty_bucket(void **state)
{
    (void)state;
    write_one(&histogram);
    assert_int_equal(HEAD_BYTES + 1, payload_bytes);
    assert_int_equal(0, payload[HEAD_BYTES]);
}

static void the_largest_count_takes_nine_bytes(void **state)
{
    static const unsigned char expected[] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    (void)state;
    histogram_record(&histogram, 0);
    histogram.buckets[0] = INT64_MAX;
    write_one(&histogram);
    assert_int_equal(HEAD_BYTES + sizeof(expected), payload_bytes);
    assert_memory_equal(expected, payload + HEAD_BYTES, sizeof(expected));
}

/* One number, as the format has it. Returns what follows it. */
static const unsigned char *decode(const unsigned char *from, int64_t *ret_number)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift <= 56; shift += 7) {
        uint64_t byte = *from++;

        value |= (shift < 56 ? byte & 0x7f : byte) << shift;
        if (byte < 0x80)
            break;
    }
    *ret_number = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
    return from;
}

static void check_payload(void)
{
    const unsigned char *at = payload + HEAD_BYTES;
    uint64_t bucket = 0, total = 0;

    assert_int_equal(payload_bytes - HEAD_BYTES, number_at(payload + 4));
    while (at < payload + payload_bytes) {
        int64_t number;

        at = decode(at, &number);
        if (number < 0) {
            bucket += (uint64_t)-number;
            continue;
        }
        assert_true(bucket < HISTOGRAM_BUCKET_COUNT);
        assert_int_equal(histogram.buckets[bucket], number);
        total += (uint64_t)number;
        bucket++;
    }
    assert_ptr_equal(payload + payload_bytes, at);
    assert_int_equal(histogram.count, total);
}

static void every_bucket_is_written(void **state)
{
    static uint64_t samples[20000];

    for (int i = 0; i < DISTRIBUTION_COUNT; i++) {
        memset(&histogram, 0, sizeof(histogram));
        distribution_draw((enum distribution)i, 1, samples, 20000);
        for (int j = 0; j < 20000; j++)
            histogram_record(&histogram, samples[j]);
        histogram_record(&histogram, UINT64_MAX);
        write_one(&histogram);
        check_payload();
        remove_file(state);
        make_file(state);
    }
}

static void a_full_histogram_has_room(void **state)
{
    (void)state;
    histogram_record(&histogram, 0);
    histogram_record(&histogram, UINT64_MAX);
    for (uint32_t i = 0; i < HISTOGRAM_BUCKET_COUNT; i++)
        histogram.buckets[i] = (UINT64_C(0x9e3779b97f4a7c15) * (i + 1)) >> 1;
    write_one(&histogram);
    assert_true(payload_bytes > (size_t)8 * HISTOGRAM_BUCKET_COUNT);
}

static void a_file_that_cannot_be_created_is_an_error(void **state)
{
    struct hlog *log = NULL;

    (void)state;
    assert_int_equal(-ENOENT, hlog_open("/nowhere/at/all.hlog", &log));
    assert_null(log);
    assert_int_equal(0, hlog_open("/dev/full", &log));
    assert_int_equal(-ENOSPC, hlog_begin(log, UNIX_START_NS));
    assert_int_equal(-ENOSPC, hlog_close(log));
    assert_int_equal(0, hlog_close(NULL));
}

static void a_file_that_has_no_room_for_a_head_is_an_error_at_once(void **state)
{
    struct rlimit before, tight = {.rlim_cur = 0};
    struct hlog *log = NULL;
    int result;

    (void)state;
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    tight.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &tight));
    result = hlog_open(path, &log);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(-EFBIG, result);
    assert_null(log);
}

static void after_an_error_nothing_is_written_and_close_repeats_it(void **state)
{
    struct rlimit before, tight = {.rlim_cur = 500};
    struct hlog *log = open_log();
    int first, second;

    (void)state;
    distribution_draw(DISTRIBUTION_UNIFORM, 1, (uint64_t *)(void *)payload, 2000);
    for (int i = 0; i < 2000; i++)
        histogram_record(&histogram, ((uint64_t *)(void *)payload)[i]);
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    tight.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &tight));
    first = hlog_write(log, "connect", 0, NS_PER_S, &histogram);
    setrlimit(RLIMIT_FSIZE, &before);
    second = hlog_write(log, "connect", 0, NS_PER_S, &histogram);
    assert_int_equal(-EFBIG, first);
    assert_int_equal(-EFBIG, second);
    assert_int_equal(-EFBIG, hlog_close(log));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_begins_with_its_version_and_its_start, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(an_interval_is_a_line_with_tag_times_and_maximum, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(an_interval_is_in_the_file_once_it_is_written, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_histogram_is_a_head_and_counts_with_runs_of_empty_buckets,
                                        make_file, remove_file),
        cmocka_unit_test_setup_teardown(an_empty_histogram_is_one_empty_bucket, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(the_largest_count_takes_nine_bytes, make_file, remove_file),
        cmocka_unit_test_setup_teardown(every_bucket_is_written, make_file, remove_file),
        cmocka_unit_test_setup_teardown(a_full_histogram_has_room, make_file, remove_file),
        cmocka_unit_test(a_file_that_cannot_be_created_is_an_error),
        cmocka_unit_test_setup_teardown(a_file_that_has_no_room_for_a_head_is_an_error_at_once,
                                        make_file, remove_file),
        cmocka_unit_test_setup_teardown(after_an_error_nothing_is_written_and_close_repeats_it,
                                        make_file, remove_file),
    };
    return cmocka_run_group_tests_name("hlog", tests, NULL, NULL);
}
