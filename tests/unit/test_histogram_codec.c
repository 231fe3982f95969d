/* A text that is no histogram of ours is refused, with the error that histogram_codec.h promises.
 */
#include "result/histogram_codec.h"

#include <endian.h>
#include <errno.h>
#include <resolv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define PLAIN  0x1c849313u
#define PACKED 0x1c849314u

/* The parts of a text. What a test leaves 0 is as it should be. */
struct parts {
    uint32_t packed_cookie, packed_bytes; /* instead of the right ones */
    uint32_t plain_cookie, count_bytes, digits, offset;
    uint64_t lowest;
    uint32_t plain_cut; /* bytes that the plain part has too few */
    bool is_not_packed; /* by zlib */
    uint32_t bytes;     /* of the counts */
    unsigned char counts[32];
};

static struct histogram_codec *codec;
static struct histogram *histogram;

static int make_codec(void **state)
{
    (void)state;
    codec = calloc(1, sizeof(*codec));
    histogram = calloc(1, sizeof(*histogram));
    return codec && histogram ? 0 : -1;
}

static int free_codec(void **state)
{
    (void)state;
    free(codec);
    free(histogram);
    return 0;
}

static unsigned char *put(unsigned char *to, uint32_t number)
{
    number = htobe32(number);
    memcpy(to, &number, sizeof(number));
    return to + sizeof(number);
}

static uint32_t either(uint32_t asked, uint32_t right)
{
    return asked ? asked : right;
}

/* The text that these parts make. */
static const char *text_of(const struct parts *parts)
{
    static char text[1024];
    unsigned char plain[128] = {0}, packed[256];
    unsigned char *to = plain;
    uLong plain_bytes = 40 + parts->bytes - parts->plain_cut;
    uLongf bytes = sizeof(packed) - 8;

    to = put(to, either(parts->plain_cookie, PLAIN));
    to = put(to, either(parts->count_bytes, parts->bytes));
    to = put(to, parts->offset);
    to = put(to, either(parts->digits, 3));
    to = put(to, 0); /* the lowest value: 64 bits */
    put(to, either((uint32_t)parts->lowest, 1));
    memcpy(plain + 40, parts->counts, parts->bytes);
    assert_int_equal(Z_OK, compress(packed + 8, &bytes, plain, plain_bytes));
    if (parts->is_not_packed)
        memset(packed + 8, 0xff, bytes);
    put(put(packed, either(parts->packed_cookie, PACKED)),
        either(parts->packed_bytes, (uint32_t)bytes));
    assert_true(b64_ntop(packed, bytes + 8, text, sizeof(text)) > 0);
    return text;
}

static void check(int expected, const struct parts *parts)
{
    memset(histogram, 0, sizeof(*histogram));
    assert_int_equal(expected, histogram_decode(codec, text_of(parts), histogram));
}

static void numbers_are_counts_and_negative_ones_are_empty_buckets(void **state)
{
    (void)state;
    check(0, &(struct parts){.bytes = 3, .counts = {0x02, 0x03, 0x04}}); /* 1, -2, 2 */
    assert_int_equal(3, histogram->count);
    assert_int_equal(1, histogram->buckets[0]);
    assert_int_equal(2, histogram->buckets[3]);
    assert_int_equal(0, histogram->min_ns);
    assert_int_equal(3, histogram->max_ns);
    assert_int_equal(6, histogram->sum_ns);
}

static void what_is_no_such_text_is_refused(void **state)
{
    static const char *const texts[] = {"", "!", "HISTF", "HISTFA=="};
    static const struct parts rows[] = {
        {.packed_cookie = PLAIN},
        {.packed_bytes = 1},
        {.is_not_packed = true},
        {.plain_cookie = PACKED},
        {.count_bytes = 7},
        {.plain_cut = 1},
        {.bytes = 1, .counts = {0x80}}, /* says that more follows */
        {.bytes = 8, .counts = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(-EINVAL, histogram_decode(codec, texts[i], histogram));
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(-EINVAL, &rows[i]);
}

static void buckets_of_another_kind_are_refused(void **state)
{
    (void)state;
    check(-ENOTSUP, &(struct parts){.digits = 2});
    check(-ENOTSUP, &(struct parts){.offset = 1});
    check(-ENOTSUP, &(struct parts){.lowest = 1000});
}

static void more_than_a_histogram_can_hold_is_refused(void **state)
{
    static const struct parts rows[] = {
        /* 2^62 twice, each in nine bytes */
        {.bytes = 18,
         .counts = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                    0x80, 0x80, 0x80, 0x80, 0x80}},
        /* -2^31 empty buckets */
        {.bytes = 5, .counts = {0xff, 0xff, 0xff, 0xff, 0x0f}},
        /* -20000, -20000, and a bucket after them */
        {.bytes = 7, .counts = {0xbf, 0xb8, 0x02, 0xbf, 0xb8, 0x02, 0x02}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(-ERANGE, &rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_counts_and_negative_ones_are_empty_buckets),
        cmocka_unit_test(what_is_no_such_text_is_refused),
        cmocka_unit_test(buckets_of_another_kind_are_refused),
        cmocka_unit_test(more_than_a_histogram_can_hold_is_refused),
    };
    return cmocka_run_group_tests_name("histogram_codec", tests, make_codec, free_codec);
}
