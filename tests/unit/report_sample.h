/* A document with plausible values, for the tests of its printers: report_text.c, document_write.c,
 * report_csv.c, live.c. It starts as a healthy run; the functions below spoil it in known ways.
 *
 * All values are computed, none is random: two samples made the same way are equal. */
#ifndef HELLO_REPORT_SAMPLE_H
#define HELLO_REPORT_SAMPLE_H

#include "generator/config.h"
#include "report/report.h"

#define REPORT_SAMPLE_TARGETS_MAX 5
#define REPORT_SAMPLE_STARTED     40000 /* by the first target; each later one starts 1,000 fewer */
#define REPORT_SAMPLE_WINDOW_S    5     /* measured, after one second of warm-up */
#define REPORT_SAMPLE_INTERVALS   6     /* of one second, the first of them warm-up */

/* Large: from report_sample_new. Everything that the document points to is in here, so a test may
 * change anything. */
struct report_sample {
    struct document document;
    struct option_texts asserted; /* for the tests of assertions */
    struct tally tallies[REPORT_SAMPLE_TARGETS_MAX];
    struct tally all;
    struct document_interval intervals[REPORT_SAMPLE_INTERVALS];
    struct document_point points[REPORT_SAMPLE_INTERVALS][REPORT_SAMPLE_TARGETS_MAX];
};

/* A closed loop of 64 connections against 1 to REPORT_SAMPLE_TARGETS_MAX targets: 127.0.0.1:1848,
 * [::1]:1848, 127.0.0.2:1848, ... Nothing failed. Never NULL; free it with report_sample_free. */
struct report_sample *report_sample_new(uint32_t target_count);
void report_sample_free(struct report_sample *sample);

/* The same as an open loop of 40,000 starts per second, Poisson, with some late and dropped. */
void report_sample_open_loop(struct report_sample *sample);

/* Make every kind of failure happen in the first target: kind k in phase p, if it can happen there,
 * 10 * k + p times. RESULT_OTHER is half EHOSTDOWN, half unknown (0). */
void report_sample_failures(struct report_sample *sample);

/* Make a target's first answer wrong at this time: after `offset` expected bytes came these; or too
 * short. The test sets the counts. */
void report_sample_wrong_answer(struct report_sample *sample, uint32_t target, uint64_t at_ns,
                                uint32_t offset, const char *got);
void report_sample_short_answer(struct report_sample *sample, uint32_t target, uint64_t at_ns,
                                uint32_t came_bytes);

/* Verdicts "generator_busy" and "throttled"; assertions of which the second does not hold. */
void report_sample_verdicts(struct report_sample *sample);
void report_sample_assertions(struct report_sample *sample);

/* A machine that has a CPU quota and is throttled, stalls, and loses packets. */
void report_sample_troubles(struct report_sample *sample);

/* An open loop, failures, troubles, verdicts, assertions, rare options, and a cut series. */
void report_sample_all(struct report_sample *sample);

/* A signal ended it in the third second. */
void report_sample_cut_short(struct report_sample *sample);

#endif
