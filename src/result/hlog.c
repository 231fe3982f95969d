/* The format is that of HdrHistogram's HistogramLogWriter. */
#include "result/hlog.h"

#include "base/counter.h"
#include "base/output.h"
#include "base/units.h"
#include "result/histogram_codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#define HEAD_BYTES_TRIED 250

struct hlog {
    struct output out;
    int fd;
    int error; /* the first one, -errno */
    struct histogram_codec codec;
};

static double seconds_of(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* Write the header of a log: its version and its start time, also in words. Timestamps count from
 * BaseTime; without it, readers have to guess. */
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

/* Report a file that cannot hold the header before the run: write one, then remove it. */
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

/* Write one line, and flush it to the file, so that it is safe whatever comes next. */
static int line_write(struct hlog *log, const char *tag, uint64_t start_ns, uint64_t length_ns,
                      uint64_t max_ns, const char *base64)
{
    fprintf(log->out.stream, "%s%s%s%.3f,%.3f,%.3f,%s\n", tag ? "Tag=" : "", tag ? tag : "",
            tag ? "," : "", seconds_of(start_ns), seconds_of(length_ns),
            (double)max_ns / (double)NS_PER_MS, base64);
    return output_flush(&log->out);
}

int hlog_write(struct hlog *log, const char *tag, uint64_t start_ns, uint64_t length_ns,
               const struct histogram *histogram)
{
    const char *base64;

    if (log->error < 0)
        return log->error;
    base64 = histogram_encode(&log->codec, histogram);
    log->error =
        base64 ? line_write(log, tag, start_ns, length_ns, counter_read(&histogram->max_ns), base64)
               : -ENOMEM;
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
        closed = -errno; /* close(2): a quota or a file server may refuse earlier data */
    free(log);
    return result < 0 ? result : closed;
}
