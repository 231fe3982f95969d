/* Watches a run from outside its workers: every second it reads their counts and the machine's
 * usage, and adds them to the time series, the histogram log and the live view. The workers never
 * wait for it.
 *
 * Thread rule: for one thread, the one that waits for the workers. */
#ifndef HELLO_RECORDER_H
#define HELLO_RECORDER_H

#include "generator/generator.h"
#include "report/live.h"
#include "result/document.h"
#include "result/hlog.h"
#include "workers/workers.h"

#include <stdint.h>

/* Length of an interval of the series, or longer if there would be too many (series.h). */
#define RECORDER_INTERVAL_NS UINT64_C(1000000000)

struct recorder;

struct recorder_args {
    const struct load_config *config;
    struct document *document;           /* targets and threads are set; results go there */
    struct generator *const *generators; /* document->threads of them */
    uint64_t length_ns;                  /* warm-up and duration; UINT64_MAX: until the count */
    struct hlog *hlog;                   /* or NULL */
};

/* Prepare to watch a run. Returns the recorder (free it with recorder_free), or NULL if out of
 * memory. */
struct recorder *recorder_new(const struct recorder_args *args);
void recorder_free(struct recorder *recorder);

/* Start to watch, just before the workers start. `live` is the view to draw, or NULL. Returns the
 * start time of the run (monotonic), for the workers. */
uint64_t recorder_begin(struct recorder *recorder, const struct workers *workers,
                        struct live *live);

/* Sample the run, with the CPU time of the workers. `last`: the workers have ended, so this is the
 * last interval. Returns when the next sample is due. */
uint64_t recorder_tick(struct recorder *recorder, const struct workers *workers, bool last);

/* Add up the results in the document. Call it after the run and the last recorder_tick. */
void recorder_finish(struct recorder *recorder);

#endif
