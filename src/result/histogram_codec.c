/* The format is HdrHistogram's V2 encoding; numbers in it are big endian. */
#include "result/histogram_codec.h"

#include "base/counter.h"

#include <endian.h>
#include <errno.h>
#include <resolv.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define COOKIE_PLAIN      (UINT32_C(0x1c849303) | 0x10) /* 0x10: counts in ZigZag LEB128 */
#define COOKIE_COMPRESSED (UINT32_C(0x1c849304) | 0x10)
#define DIGITS            3

struct plain_head {
    uint32_t cookie;
    uint32_t count_bytes; /* of what follows */
    uint32_t offset;      /* of the first bucket; moved only for shifted histograms */
    uint32_t digits;
    uint64_t lowest, highest;
    uint64_t ratio; /* of integers to values: a double */
};

struct packed_head {
    uint32_t cookie;
    uint32_t bytes; /* of what follows */
};

_Static_assert(sizeof(struct plain_head) == HISTOGRAM_HEAD_BYTES, "no padding");

/* ZigZag: the sign becomes the lowest bit. LEB128: seven bits in each byte, the lowest first, and
 * the highest bit means that more follows; the ninth byte is the last and has eight bits. */
static unsigned char *number_encode(unsigned char *to, int64_t number)
{
    uint64_t rest = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

    for (int i = 1; i < HISTOGRAM_COUNT_BYTES_MAX && rest > 0x7f; i++) {
        *to++ = (unsigned char)(rest | 0x80);
        rest >>= 7;
    }
    *to++ = (unsigned char)rest;
    return to;
}

/* The counts of all buckets up to the highest in use; -n means n empty ones in a row. Returns the
 * end of the output. */
static unsigned char *counts_encode(unsigned char *to, const struct histogram *histogram)
{
    uint32_t last = histogram_bucket(counter_read(&histogram->max_ns));
    int64_t empty = 0;

    for (uint32_t i = 0; i <= last; i++) {
        uint64_t count = counter_read(&histogram->buckets[i]);

        if (count == 0) {
            empty++;
            continue;
        }
        if (empty > 0)
            to = number_encode(to, empty > 1 ? -empty : 0);
        empty = 0;
        to = number_encode(to, (int64_t)count);
    }
    return empty > 0 ? number_encode(to, empty > 1 ? -empty : 0) : to;
}

/* Returns the bytes in codec->plain. */
static size_t plain_encode(struct histogram_codec *codec, const struct histogram *histogram)
{
    static const double ratio = 1;
    unsigned char *counts = codec->plain + sizeof(struct plain_head);
    size_t count_bytes = (size_t)(counts_encode(counts, histogram) - counts);
    struct plain_head head = {.cookie = htobe32(COOKIE_PLAIN),
                              .count_bytes = htobe32((uint32_t)count_bytes),
                              .digits = htobe32(DIGITS),
                              .lowest = htobe64(1),
                              .highest = htobe64(HISTOGRAM_MAX_NS)};

    memcpy(&head.ratio, &ratio, sizeof(ratio));
    head.ratio = htobe64(head.ratio);
    memcpy(codec->plain, &head, sizeof(head));
    return sizeof(head) + count_bytes;
}

const char *histogram_encode(struct histogram_codec *codec, const struct histogram *histogram)
{
    uLongf bytes = sizeof(codec->packed) - sizeof(struct packed_head);
    struct packed_head head;

    /* Fast rather than small: this machine also makes the load. */
    if (compress2(codec->packed + sizeof(head), &bytes, codec->plain,
                  plain_encode(codec, histogram), Z_BEST_SPEED) != Z_OK)
        return NULL; /* only lack of memory can fail: the buffer is large enough */
    head.cookie = htobe32(COOKIE_COMPRESSED);
    head.bytes = htobe32((uint32_t)bytes);
    memcpy(codec->packed, &head, sizeof(head));
    b64_ntop(codec->packed, sizeof(head) + bytes, codec->text, sizeof(codec->text));
    return codec->text;
}

/* Read one number as number_encode writes it. Returns the start of the next one, or NULL. */
static const unsigned char *number_decode(const unsigned char *from, const unsigned char *end,
                                          int64_t *ret_number)
{
    uint64_t number = 0;

    for (unsigned i = 0;; i++) {
        bool is_last = i == HISTOGRAM_COUNT_BYTES_MAX - 1;

        if (from == end)
            return NULL;
        number |= (uint64_t)(is_last ? *from : *from & 0x7f) << 7 * i;
        if (is_last || !(*from & 0x80)) {
            *ret_number = (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0));
            return from + 1;
        }
        from++;
    }
}

/* Count `count` values of one bucket. Returns 0, or -ERANGE if that is too many. */
static int bucket_fill(struct histogram *histogram, uint32_t bucket, uint64_t count)
{
    uint64_t ns = histogram_bucket_low_ns(bucket);

    if (histogram->count > INT64_MAX - count)
        return -ERANGE;
    histogram->buckets[bucket] = count;
    if (histogram->count == 0)
        histogram->min_ns = ns;
    histogram->max_ns = ns;
    histogram->count += count;
    histogram->sum_ns += count * ns; /* modulo 2^64, as in recording */
    return 0;
}

static int counts_decode(const unsigned char *from, const unsigned char *end,
                         struct histogram *histogram)
{
    uint64_t bucket = 0;

    while (from < end) {
        int64_t number;
        int result = 0;

        from = number_decode(from, end, &number);
        if (!from)
            return -EINVAL;
        if (bucket >= HISTOGRAM_BUCKET_COUNT || number < -(int64_t)HISTOGRAM_BUCKET_COUNT)
            return -ERANGE;
        if (number > 0)
            result = bucket_fill(histogram, (uint32_t)bucket, (uint64_t)number);
        if (result < 0)
            return result;
        bucket += number < 0 ? (uint64_t)-number : 1;
    }
    return 0;
}

/* Read codec->plain, of which this many bytes are filled. */
static int plain_decode(const struct histogram_codec *codec, size_t bytes,
                        struct histogram *histogram)
{
    const unsigned char *counts = codec->plain + sizeof(struct plain_head);
    struct plain_head head;

    if (bytes < sizeof(head))
        return -EINVAL;
    memcpy(&head, codec->plain, sizeof(head));
    if (be32toh(head.cookie) != COOKIE_PLAIN || be32toh(head.count_bytes) != bytes - sizeof(head))
        return -EINVAL;
    if (be32toh(head.digits) != DIGITS || be64toh(head.lowest) != 1 || head.offset != 0)
        return -ENOTSUP;
    return counts_decode(counts, counts + (bytes - sizeof(head)), histogram);
}

int histogram_decode(struct histogram_codec *codec, const char *text, struct histogram *histogram)
{
    int packed_bytes = b64_pton(text, codec->packed, sizeof(codec->packed));
    uLongf plain_bytes = sizeof(codec->plain);
    struct packed_head head;
    int result;

    if (packed_bytes < (int)sizeof(head))
        return -EINVAL;
    memcpy(&head, codec->packed, sizeof(head));
    if (be32toh(head.cookie) != COOKIE_COMPRESSED ||
        be32toh(head.bytes) != (uint32_t)packed_bytes - sizeof(head))
        return -EINVAL;
    result = uncompress(codec->plain, &plain_bytes, codec->packed + sizeof(head),
                        (uLong)packed_bytes - sizeof(head));
    if (result != Z_OK)
        return result == Z_MEM_ERROR ? -ENOMEM : -EINVAL;
    return plain_decode(codec, plain_bytes, histogram);
}
