/* What a run found, ready to be told: by report_text.c to people, by report_json.c and report_csv.c
 * to programs. The report is only read by them.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_REPORT_H
#define HELLO_REPORT_H

#include "base/cpus.h"
#include "load/assertion.h"
#include "load/config.h"
#include "load/tally.h"
#include "load/target.h"
#include "load/wrong_answer.h"
#include "measure/machine.h"
#include "measure/stalls.h"
#include "measure/thread_use.h"
#include "measure/usage.h"
#include "net/offloads.h"
#include "net/route.h"
#include "report/terminal.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One target, or all together. */
struct report_lane {
    const struct target *target;      /* NULL: all together */
    char name[ADDRESS_TEXT_BYTES];    /* "127.0.0.1:1848", "[::1]:1848", "all" */
    struct route_device device;       /* that its packets leave by */
    struct offloads offloads;         /* of that device */
    const struct tally *tally;        /* of the whole measured time */
    double connections_per_s;         /* that ended well: ok_in_window / rate_s */
    struct wrong_answer wrong_answer; /* its first, none for all together; see answers.h */
    struct short_answer short_answer; /* the same */
};

/* One interval of the time series and one lane in it: second by second, unless the run is very
 * long. Percentiles are of the connections that ended in it. */
struct report_point {
    uint64_t started, ok, failed, late, dropped;
    uint64_t failed_as[RESULT_COUNT]; /* failed by kind, over all phases */
    uint64_t p50_ns[TIMING_COUNT], p90_ns[TIMING_COUNT], p99_ns[TIMING_COUNT];
    uint64_t p99_9_ns[TIMING_COUNT], max_ns[TIMING_COUNT];
};

struct report_interval {
    uint64_t start_ns, length_ns; /* from the start of the run, warm-up included */
    bool warmup;                  /* before anything was measured: points are empty */
    struct report_point all;
    struct report_point *lanes; /* lane_count of them */
    struct usage usage;         /* in this interval */
    uint64_t in_flight;         /* connections, at its end */
    uint64_t stalls, stalled_ns, longest_stall_ns;
};

/* What can be said of the result in words, see verdict.h. */
#define REPORT_VERDICT_BYTES 400
#define REPORT_VERDICTS_MAX  32
enum report_limit { /* what kept the result from being better, as far as this side is concerned */
                    REPORT_LIMIT_NONE,      /* nothing of this side */
                    REPORT_LIMIT_GENERATOR, /* hello-load as it was told to run */
                    REPORT_LIMIT_MACHINE,   /* what it ran on */
                    REPORT_LIMIT_UNKNOWN,
};

/* "none", "generator", "machine", "unknown". */
const char *report_limit_name(enum report_limit limit);

struct report_verdict {
    const char *name;                /* for programs: "generator_busy", "throttled", ... */
    enum report_limit limit;         /* what it says of that */
    bool is_good;                    /* nothing is to be changed for its sake */
    char text[REPORT_VERDICT_BYTES]; /* one sentence: what is so, with values, and what to change */
};

/* An assertion of the user's, see judgement.h. */
struct report_assertion {
    char text[ASSERTION_TEXT_BYTES]; /* as typed: "p99<5ms" */
    char value[32];                  /* what was measured, with its unit: "3.2ms" */
    bool holds;
    double number;    /* the same, in nanoseconds, per second, percent or a count; NAN: none */
    const char *unit; /* "ns", "per_s", "percent", "count" */
};
#define REPORT_ASSERTIONS_MAX (OPTION_TEXTS_MAX + 4) /* with those that judgement.h adds */

/* The sockets that connections were made with, warm-up included. */
struct report_sockets {
    uint64_t opened;
    uint64_t reused; /* how often one made a further connection */
    const char
        *refusal; /* why those of the run, or of a target, were not used again; NULL: they may */
};

struct report {
    const struct load_config *config;
    uint64_t connections;     /* the limit that was in force */
    const char *engine;       /* "uring", "epoll" */
    char engine_reason[512];  /* why it is that one: "asked for", "the best that works here", or the
                                 line that told why another was passed over */
    unsigned engine_features; /* that all threads have: enum engine_feature */
    struct report_sockets sockets;
    uint32_t threads;
    uint64_t seed;          /* of random arrivals */
    uint64_t unix_start_ns; /* time of day when the run began: what intervals count from */
    double warmup_s;        /* that really passed */
    double window_s;        /* in which connections were measured */
    double rate_s;        /* what rates are divided by: window_s or, in an open loop, until one more
                             start would have been due */
    double elapsed_s;     /* from the start to the last end, all included */
    bool cut_short;       /* by a signal */
    bool target_is_local; /* all targets are addresses of this machine */

    uint32_t lane_count;
    struct report_lane lanes[TARGETS_MAX];
    struct report_lane all;

    uint64_t interval_count;
    struct report_interval *intervals;
    bool intervals_cut; /* the run was so long that the series ends before it does */

    struct machine machine;
    uint64_t tracked_connections; /* a fact (base/fact.h): by the kernel, when the run ended */
    struct usage usage;           /* in the measured time */
    double thread_allowed; /* the share of a CPU that each thread may use: quota / threads, or 1 */
    struct thread_use thread[CPUS_MAX]; /* each of the threads */
    const struct stalls *stalls;        /* in the measured time */

    enum report_limit limit; /* of the most important verdict that names one */
    uint32_t verdict_count;
    struct report_verdict verdicts[REPORT_VERDICTS_MAX];
    uint32_t assertion_count;
    struct report_assertion assertions[REPORT_ASSERTIONS_MAX];
};

/* Tell people: ten seconds of reading, as the terminal can show it; of its columns 60 to 100 are
 * made use of. */
void report_text(const struct report *report, FILE *out, const struct terminal *terminal);

/* The last line of a run, for programs: "hello-load: done connections_per_s=... ". whole: with the
 * counts that are 0, too, which people need not see. */
void report_line(const struct report *report, FILE *out, bool whole);

/* One JSON document, as src/report/report.schema.json describes it. Returns 0 or -errno; a part of
 * it may be written then. */
int report_json(const struct report *report, FILE *out);

/* The time series: a line of names, then one line for each interval and lane. */
void report_csv(const struct report *report, FILE *out);

#endif
