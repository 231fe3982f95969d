/* Watches a run from outside of its workers: second by second it reads what they counted and what
 * the machine did, and keeps it as the time series of the report, in the histogram log, and on the
 * screen. The workers never wait for it.
 *
 * Thread rule: for one thread, the one that waits for the workers. */
#ifndef HELLO_RECORDER_H
#define HELLO_RECORDER_H

#include "crew/crew.h"
#include "load/generator.h"
#include "measure/hlog.h"
#include "report/live.h"
#include "report/report.h"

#include <stdint.h>

/* An interval of the series is so long, or longer if that would make too many of them (series.h).
 */
#define RECORDER_INTERVAL_NS UINT64_C(1000000000)

struct recorder;

struct recorder_args {
    struct report *report; /* lanes and threads are set; what is recorded goes there */
    struct generator *const *generators; /* report->threads of them */
    uint64_t length_ns;                  /* warm-up and duration; UINT64_MAX: the count decides */
    struct hlog *hlog;                   /* or NULL */
};

/* Get ready to watch a run. Returns it, the caller's to give to recorder_free, or NULL if there is
 * no memory. */
struct recorder *recorder_new(const struct recorder_args *args);
void recorder_free(struct recorder *recorder);

/* Begin to watch, just before the workers go. `live` is what to draw on, or NULL. Returns the time
 * of the run's start (monotonic), for the workers to begin with. */
uint64_t recorder_begin(struct recorder *recorder, const struct crew *crew, struct live *live);

/* Look at the run; `crew` is asked for the CPU time of its workers. `last`: the workers have run,
 * so this ends the last interval. Returns when to look again. */
uint64_t recorder_tick(struct recorder *recorder, const struct crew *crew, bool last);

/* The run is over, and recorder_tick has seen the last of it: add up what was found into the
 * report. The report then uses the recorder's memory, so free the recorder after it. */
void recorder_finish(struct recorder *recorder);

#endif
