/* A log of histograms in HdrHistogram's V2 format (histogram log format 1.3): text lines of tag,
 * start, length, maximum, and the compressed histogram in base64, as HistogramLogReader and its
 * relatives in other languages read them. Values are in nanoseconds; the maximum is in
 * milliseconds, the default of the format.
 *
 * Thread rule: a log belongs to one thread. */
#ifndef HELLO_HLOG_H
#define HELLO_HLOG_H

#include "result/histogram.h"

#include <stdint.h>

struct hlog;

/* Create or empty a file. The caller must give *ret_log to hlog_close. Returns 0 or -errno. */
int hlog_open(const char *path, struct hlog **ret_log);

/* Write the header of the log, once, before anything else. Intervals count from unix_start_ns, a
 * time of CLOCK_REALTIME. Returns 0 or -errno, which hlog_close repeats. */
int hlog_begin(struct hlog *log, uint64_t unix_start_ns);

/* Write one interval. The tag has no comma, space or line break. NULL: no tag; tools such as
 * HistogramLogProcessor read these lines by default. start_ns counts from the log's start. Returns
 * 0 or -errno; after an error nothing more is written, and hlog_close repeats it. */
int hlog_write(struct hlog *log, const char *tag, uint64_t start_ns, uint64_t length_ns,
               const struct histogram *histogram);

/* Finish the file and free the log. Returns 0, or the first error, -errno. NULL is allowed. */
int hlog_close(struct hlog *log);

#endif
