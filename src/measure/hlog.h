/* A log of histograms in HdrHistogram's V2 format (histogram log format 1.3): text lines of tag,
 * start, length, maximum, and the compressed histogram in base64, as HistogramLogReader and its
 * relatives in other languages read them. Values are nanoseconds; the maximum is given in
 * milliseconds, which is that format's default.
 *
 * Thread rule: a log belongs to one thread. */
#ifndef HELLO_HLOG_H
#define HELLO_HLOG_H

#include "measure/histogram.h"

#include <stdint.h>

struct hlog;

/* Create a file, or empty it. *ret_log is the caller's, to give to hlog_close. Returns 0 or -errno.
 */
int hlog_open(const char *path, struct hlog **ret_log);

/* Write the head of the log, once and first. unix_start_ns is the time of day, from CLOCK_REALTIME,
 * from which the intervals are counted. Returns 0 or -errno, which hlog_close repeats. */
int hlog_begin(struct hlog *log, uint64_t unix_start_ns);

/* Write one interval. The tag has no comma, space or line break; NULL: none, which is what tools
 * such as HistogramLogProcessor look at unless they are told of a tag. start_ns counts from the
 * log's start. Returns 0 or -errno; after an error nothing more is written, and hlog_close repeats
 * it. */
int hlog_write(struct hlog *log, const char *tag, uint64_t start_ns, uint64_t length_ns,
               const struct histogram *histogram);

/* Finish the file and free the log. Returns 0, or the first error, -errno. NULL is fine. */
int hlog_close(struct hlog *log);

#endif
