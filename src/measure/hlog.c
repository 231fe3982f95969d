/* The format is that of HdrHistogram's HistogramLogWriter and of its V2 encoding; numbers in it are
 * big endian. */
#include "measure/hlog.h"

#include "base/counter.h"
#include "base/output.h"
#include "base/units.h"

#include <endian.h>
#include <errno.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <sys/stat.h>

#define COOKIE_PLAIN      (UINT32_C(0x1c849303) | 0x10) /* 0x10: counts in ZigZag LEB128 */
#define COOKIE_COMPRESSED (UINT32_C(0x1c849304) | 0x10)
#define DIGITS            3
#define HEAD_BYTES_TRIED  250

#define COUNT_BYTES_MAX   9 /* of one count in ZigZag LEB128 */
#define PLAIN_BYTES_MAX   (sizeof(struct plain_head) + HISTOGRAM_BUCKET_COUNT * COUNT_BYTES_MAX)
#define PACKED_BYTES_MAX  (PLAIN_BYTES_MAX + PLAIN_BYTES_MAX / 8) /* any compressBound and more */
#define BASE64_BYTES(raw) (((raw) + 2) / 3 * 4 + 1)

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

_Static_assert(sizeof(struct plain_head) == 40, "no padding");

/* The last steps of each histogram on its way into the file. */
struct hlog {
    struct output out;
    int fd;
    int error; /* the first one, -errno */
    unsigned char plain[PLAIN_BYTES_MAX];
    unsigned char packed[sizeof(struct packed_head) + PACKED_BYTES_MAX];
    char base64[BASE64_BYTES(sizeof(struct packed_head) + PACKED_BYTES_MAX)];
};

static double seconds_of(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* Write the head of a log: its version, and when it starts, in words too. Timestamps count from
 * BaseTime; without it, readers guess what they count from. */
static int head_write(struct output *out, uint64_t unix_start_ns)
{
    double start_s = seconds_of(unix_start_ns);
    time_t seconds = (time_t)(unix_start_ns / NS_PER_S);
    char words[64];
    struct tm day;

    if (!gmtime_r(&seconds, &day))
        return -errno;
    strftime(words, sizeof(words), "%a %b %d %H:%M:%S UTC %Y", &day);
    fprintf(out->stream,
            "#[Histogram log format version 1.3]\n"
            "#[StartTime: %.3f (seconds since epoch), %s]\n"
            "#[BaseTime: %.3f (seconds since epoch)]\n"
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
            "\"Interval_Compressed_Histogram\"\n",
            start_s, words, start_s);
    return output_flush(out);
}

/* A file that cannot hold the head is to be told of before the run: try, and take it back. */
static int room_try(int fd)
{
    static const char head[HEAD_BYTES_TRIED];
    struct stat file;

    if (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode))
        return 0;
    if (pwrite(fd, head, sizeof(head), 0) < 0 || ftruncate(fd, 0) < 0)
        return -errno;
    return 0;
}

int hlog_open(const char *path, struct hlog **ret_log)
{
    struct hlog *log = malloc(sizeof(*log));
    int result;

    if (!log)
        return -ENOMEM;
    log->error = 0;
    log->fd = output_create(path);
    result = log->fd < 0 ? log->fd : room_try(log->fd);
    if (result == 0)
        result = output_begin(&log->out, log->fd, OUTPUT_PATIENT);
    if (result < 0) {
        if (log->fd >= 0)
            close(log->fd);
        free(log);
        return result;
    }
    *ret_log = log;
    return 0;
}

int hlog_begin(struct hlog *log, uint64_t unix_start_ns)
{
    log->error = head_write(&log->out, unix_start_ns);
    return log->error;
}

/* ZigZag: the sign becomes the lowest bit. LEB128: seven bits in each byte, the lowest first, and
 * the highest bit says that more follows; the ninth byte is the last and has eight. */
static unsigned char *number_encode(unsigned char *to, int64_t number)
{
    uint64_t rest = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

    for (int i = 1; i < COUNT_BYTES_MAX && rest > 0x7f; i++) {
        *to++ = (unsigned char)(rest | 0x80);
        rest >>= 7;
    }
    *to++ = (unsigned char)rest;
    return to;
}

/* The counts of all buckets up to the highest in use; -n stands for n empty ones in a row. Returns
 * the end of what it wrote. */
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

/* Returns the bytes in log->plain. */
static size_t histogram_encode(struct hlog *log, const struct histogram *histogram)
{
    static const double ratio = 1;
    unsigned char *counts = log->plain + sizeof(struct plain_head);
    size_t count_bytes = (size_t)(counts_encode(counts, histogram) - counts);
    struct plain_head head = {.cookie = htobe32(COOKIE_PLAIN),
                              .count_bytes = htobe32((uint32_t)count_bytes),
                              .digits = htobe32(DIGITS),
                              .lowest = htobe64(1),
                              .highest = htobe64(HISTOGRAM_MAX_NS)};

    memcpy(&head.ratio, &ratio, sizeof(ratio));
    head.ratio = htobe64(head.ratio);
    memcpy(log->plain, &head, sizeof(head));
    return sizeof(head) + count_bytes;
}

/* Compress log->plain into log->packed, and that into log->base64. */
static int hlog_pack(struct hlog *log, size_t plain_bytes)
{
    uLongf bytes = PACKED_BYTES_MAX;
    struct packed_head head;

    /* Fast rather than small: the time is taken from the machine that makes the load. */
    if (compress2(log->packed + sizeof(head), &bytes, log->plain, plain_bytes, Z_BEST_SPEED) !=
        Z_OK)
        return -ENOMEM; /* nothing else can fail it: there is room */
    head.cookie = htobe32(COOKIE_COMPRESSED);
    head.bytes = htobe32((uint32_t)bytes);
    memcpy(log->packed, &head, sizeof(head));
    b64_ntop(log->packed, sizeof(head) + bytes, log->base64, sizeof(log->base64));
    return 0;
}

/* Write one line, and see to it that it is in the file whatever comes next. */
static int line_write(struct hlog *log, const char *tag, uint64_t start_ns, uint64_t length_ns,
                      uint64_t max_ns)
{
    fprintf(log->out.stream, "%s%s%s%.3f,%.3f,%.3f,%s\n", tag ? "Tag=" : "", tag ? tag : "",
            tag ? "," : "", seconds_of(start_ns), seconds_of(length_ns),
            (double)max_ns / (double)NS_PER_MS, log->base64);
    return output_flush(&log->out);
}

int hlog_write(struct hlog *log, const char *tag, uint64_t start_ns, uint64_t length_ns,
               const struct histogram *histogram)
{
    if (log->error == 0)
        log->error = hlog_pack(log, histogram_encode(log, histogram));
    if (log->error == 0)
        log->error = line_write(log, tag, start_ns, length_ns, counter_read(&histogram->max_ns));
    return log->error;
}

int hlog_close(struct hlog *log)
{
    int result, closed;

    if (!log)
        return 0;
    result = log->error;
    closed = output_end(&log->out);
    if (close(log->fd) < 0 && closed == 0)
        closed = -errno; /* close(2): a quota or a file server may refuse what it took before */
    free(log);
    return result < 0 ? result : closed;
}
