/* Histograms as text: HdrHistogram's V2 encoding, compressed and in base64, as in a line of a
 * histogram log and in a document. It keeps the buckets, but not the exact minimum, maximum and
 * sum.
 *
 * Thread rule: a codec belongs to one thread. */
#ifndef HELLO_HISTOGRAM_CODEC_H
#define HELLO_HISTOGRAM_CODEC_H

#include "result/histogram.h"

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_COUNT_BYTES_MAX 9 /* of one count in ZigZag LEB128 */
#define HISTOGRAM_HEAD_BYTES      40
#define HISTOGRAM_PLAIN_BYTES_MAX \
    (HISTOGRAM_HEAD_BYTES + HISTOGRAM_BUCKET_COUNT * HISTOGRAM_COUNT_BYTES_MAX)

/* The header, and more than any compressBound. */
#define HISTOGRAM_PACKED_BYTES_MAX (8 + HISTOGRAM_PLAIN_BYTES_MAX + HISTOGRAM_PLAIN_BYTES_MAX / 8)
#define HISTOGRAM_TEXT_BYTES       ((HISTOGRAM_PACKED_BYTES_MAX + 2) / 3 * 4 + 1)

/* The buffers for the steps between a histogram and its text: large, and the caller's. */
struct histogram_codec {
    unsigned char plain[HISTOGRAM_PLAIN_BYTES_MAX];
    unsigned char packed[HISTOGRAM_PACKED_BYTES_MAX];
    char text[HISTOGRAM_TEXT_BYTES];
};

/* Encode a histogram, which may be written at the same time. Returns the text, valid until the next
 * call and owned by the codec, or NULL (out of memory). */
const char *histogram_encode(struct histogram_codec *codec, const struct histogram *histogram);

/* Decode a text into an empty histogram; minimum, maximum and sum are computed from the buckets.
 * Other programs may have written the text, if their histograms have the same buckets. Returns 0,
 * -EINVAL (not such a text), -ENOTSUP (buckets of another kind), -ERANGE (a count beyond 2^63, or
 * more counts than buckets) or -ENOMEM; then the histogram may hold a part of it. */
int histogram_decode(struct histogram_codec *codec, const char *text, struct histogram *histogram);

#endif
