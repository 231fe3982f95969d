/* The results of a run, as one document: filled by a session, written and read as JSON, rendered by
 * report/. It owns all its data, so it can outlive the run, or come from a file.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_DOCUMENT_H
#define HELLO_DOCUMENT_H

#include "host/cpus.h"
#include "host/machine.h"
#include "host/stalls.h"
#include "host/thread_use.h"
#include "host/usage.h"
#include "net/address.h"
#include "net/offloads.h"
#include "net/route.h"
#include "result/assertion.h"
#include "result/options.h"
#include "result/tally.h"
#include "result/wrong_answer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define DOCUMENT_SCHEMA "hello-load/3"

#define TARGETS_MAX 64 /* addresses, for all target arguments together */

/* One target, or all targets together. */
struct document_target {
    const char *family;               /* "ipv4", "ipv6"; NULL: all together (no host, no weight) */
    char host[256];                   /* as typed, without port and weight: "localhost", "::1" */
    uint32_t weight;                  /* its share of the starts, relative to the others */
    char name[ADDRESS_TEXT_BYTES];    /* "127.0.0.1:1848", "[::1]:1848", "all" */
    struct route_device device;       /* that its packets are sent through */
    struct offloads offloads;         /* of that device */
    const struct tally *tally;        /* of the whole measured time */
    double connections_per_s;         /* successful ones: ok_in_window / rate_s */
    struct wrong_answer wrong_answer; /* its first; none for all together, see answers.h */
    struct short_answer short_answer; /* the same */
};

/* One target in one interval of the time series. An interval is a second, or longer in a very long
 * run. Percentiles are of the connections that ended in it. */
struct document_point {
    uint64_t started, ok, failed, late, dropped;
    uint64_t failed_as[RESULT_COUNT]; /* failed by kind, over all phases */
    uint64_t p50_ns[TIMING_COUNT], p90_ns[TIMING_COUNT], p99_ns[TIMING_COUNT];
    uint64_t p99_9_ns[TIMING_COUNT], max_ns[TIMING_COUNT];
};

struct document_interval {
    uint64_t start_ns, length_ns; /* from the start of the run, warm-up included */
    bool warmup;                  /* nothing is measured yet: points are empty */
    struct document_point all;
    struct document_point *targets; /* target_count of them */
    struct usage usage;             /* in this interval */
    uint64_t in_flight;             /* connections open at its end */
    uint64_t stalls, stalled_ns, longest_stall_ns;
};

/* Statements about the result in words, see verdict.h. */
#define DOCUMENT_VERDICT_BYTES 400
#define DOCUMENT_VERDICTS_MAX  32
/* What limited the result, on this side. */
enum document_limit {
    DOCUMENT_LIMIT_NONE,      /* nothing on this side */
    DOCUMENT_LIMIT_GENERATOR, /* hello-load with these options */
    DOCUMENT_LIMIT_MACHINE,   /* the machine it ran on */
    DOCUMENT_LIMIT_UNKNOWN,
};

/* "none", "generator", "machine", "unknown". */
const char *document_limit_name(enum document_limit limit);

/* All of them, in their order; NULL ends the list. */
extern const char *const document_limit_choices[];

struct document_verdict {
    char name[32];                     /* for programs: "generator_busy", "throttled", ... */
    enum document_limit limit;         /* the limit it names */
    bool is_good;                      /* nothing needs to be changed */
    char text[DOCUMENT_VERDICT_BYTES]; /* one sentence: the finding with values, what to change */
};

/* An evaluated assertion, see report/assertions.h. */
struct document_assertion {
    char text[ASSERTION_TEXT_BYTES]; /* as typed: "p99<5ms" */
    char value[32];                  /* what was measured, with its unit: "3.2ms" */
    bool holds;
    double number; /* the same, in nanoseconds, per second, percent or a count; NAN: none */
    char unit[12]; /* "ns", "per_s", "percent", "count"; "": none */
};
#define DOCUMENT_ASSERTIONS_MAX (OPTION_TEXTS_MAX + 4) /* with those that assertions.h adds */

/* The sockets of the connections, warm-up included. */
struct document_sockets {
    uint64_t opened;
    uint64_t reused;   /* how often a socket was used again */
    char refusal[128]; /* why sockets of the run or of a target were not reused; "": they may be */
};

struct document {
    char version[32]; /* of the program that measured */
    struct result_options options;
    uint64_t connections;     /* the limit that was in force */
    char engine[32];          /* "uring", "epoll"; "": none was started */
    char engine_reason[512];  /* why this one: "asked for", "the best that works here", or the line
                                 that says why another one was not used */
    unsigned engine_features; /* of all threads: enum engine_feature */
    struct document_sockets sockets;
    uint32_t threads;
    uint64_t seed;          /* of random arrivals */
    uint64_t unix_start_ns; /* time of day at the start of the run: intervals count from it */
    double warmup_s;        /* the real length */
    double window_s;        /* the measured time */
    double rate_s;    /* divisor of rates: window_s or, in an open loop, until the next start would
                         have been due */
    double elapsed_s; /* from the start to the last end, everything included */
    bool cut_short;   /* by a signal */
    bool target_is_local; /* all targets are addresses of this machine */

    uint32_t target_count;
    struct document_target targets[TARGETS_MAX];
    struct document_target all;
    struct tally *tallies; /* target_count + 1: of each target, then of all together */

    uint64_t interval_count;
    struct document_interval *intervals;
    bool intervals_cut; /* the run was too long for the series */

    struct machine machine;
    uint64_t tracked_connections; /* a fact (base/fact.h): by the kernel, at the end of the run */
    struct usage usage;           /* in the measured time */
    double thread_allowed; /* share of a CPU that each thread may use: quota / threads, or 1 */
    struct thread_use thread[CPUS_MAX]; /* each of the threads */
    struct stalls stalls;               /* in the measured time */

    enum document_limit limit; /* from the most important verdict that names one */
    uint32_t verdict_count;
    struct document_verdict verdicts[DOCUMENT_VERDICTS_MAX];
    uint32_t assertion_count;
    struct document_assertion assertions[DOCUMENT_ASSERTIONS_MAX];

    struct json_t *source; /* the JSON it was read from, which holds its texts; NULL: none */
};

/* Allocate the data of each target; the document must be zeroed. Returns 0 or -ENOMEM. End it with
 * document_release. */
int document_init(struct document *document, uint32_t target_count);

/* Free what a document owns, but not the document itself. A zeroed one is allowed. */
void document_release(struct document *document);

/* True if this point has samples of the timing, so its percentiles mean something. Points do not
 * count their samples, but their counts show it: lateness is timed for each start, everything else
 * for each successful connection, if it is timed at all. */
static inline bool document_point_has(const struct document *document,
                                      const struct document_point *point, enum timing timing)
{
    uint64_t timed = timing == TIMING_LATENESS ? point->started : point->ok;

    return timed > 0 && document->all.tally->timings[timing].count > 0;
}

/* True if connections started at a given rate, independent of how fast they ended. */
static inline bool document_is_open_loop(const struct document *document)
{
    return document->options.rate.starts > 0;
}

/* Write the document as JSON, as described in document.schema.json. Returns 0 or -errno; then a
 * part may be written. */
int document_write(const struct document *document, FILE *out);

/* A document that is read may have so many bytes: the longest series (100,000 intervals of about
 * 2 KiB, with one target) has 200 MiB. Reading it takes about 9 times as much memory. */
#define DOCUMENT_BYTES_MAX (UINT64_C(256) << 20)

/* Read what document_write wrote into a zeroed document. Returns 0, -EINVAL (not such a document:
 * `error` says what is wrong, and where), -EFBIG (more than DOCUMENT_BYTES_MAX), -ENOMEM or the
 * -errno of reading. End it with document_release in all cases. */
#define DOCUMENT_ERROR_BYTES 256
int document_read(struct document *document, FILE *in, char error[DOCUMENT_ERROR_BYTES]);

#endif
