/* The job of a generator worker: start connections when they are due (open loop) or when others end
 * (closed loop), until the time or the count is reached, then let the last ones end.
 *
 * Thread rule: generator_new before the worker runs; generator_tally and the counters of
 * generator_progress at any time by any thread; everything else by the worker. */
#ifndef HELLO_GENERATOR_H
#define HELLO_GENERATOR_H

#include "generator/flow.h"
#include "generator/schedule.h"
#include "workers/worker.h"

#include <stdint.h>

/* Starts that were intended before the end may be made this long after it, then they are dropped.
 * So a machine that stalls at the end makes starts late, as at any other time. */
#define GENERATOR_GRACE_NS UINT64_C(100000000)

struct generator;

struct generator_args {
    const struct flow_settings *settings; /* the caller's, with everything it points to */
    uint32_t thread, threads;             /* this one, and their number */
    uint64_t seed;                        /* of random arrivals, the same for all threads */
    uint32_t target_count;
    uint32_t flows_max;   /* in flight at once */
    uint64_t count;       /* measured starts to intend; UINT64_MAX: until duration_ns */
    uint64_t start_ns;    /* of the run, monotonic; set it before the worker runs */
    uint64_t duration_ns; /* from the start on, warm-up included; UINT64_MAX: until count */
};

/* What a generator reports while it runs: counters, see base/counter.h. */
struct generator_progress {
    uint64_t in_flight;
    uint64_t window_end_ns; /* when it was asked to stop early, or 0 */
    uint64_t last_end_ns;   /* of the last measured connection; 0: none has ended */
    uint64_t next_start_ns; /* open loop, after the run: when the next start would have been due */
    /* After the run, warm-up included: */
    uint64_t sockets_opened;
    uint64_t sockets_reused; /* how often a socket was used again */
};

/* The job for a worker, with a generator as its state. */
extern const struct worker_job generator_job;

/* Create a generator; `args` must outlive it. Returns it (free it with generator_free), or NULL if
 * out of memory. */
struct generator *generator_new(const struct generator_args *args);
void generator_free(struct generator *generator);

/* Its counts for one target so far, and its progress. */
const struct tally *generator_tally(const struct generator *generator, uint32_t target);
const struct generator_progress *generator_progress(const struct generator *generator);

/* The first wrong answer and the first short one from a target; call these after the run. */
const struct wrong_answer *generator_wrong_answer(const struct generator *generator,
                                                  uint32_t target);
const struct short_answer *generator_short_answer(const struct generator *generator,
                                                  uint32_t target);

#endif
