/* What a worker of the generator does: start connections when they are due (open loop) or as others
 * end (closed loop), until time or the count is up, then let the last ones end.
 *
 * Thread rule: generator_new before, generator_tally and the counters of generator_progress at any
 * time by any thread; all else by the worker. */
#ifndef HELLO_GENERATOR_H
#define HELLO_GENERATOR_H

#include "crew/worker.h"
#include "load/flow.h"
#include "load/schedule.h"

#include <stdint.h>

/* Starts that were intended before the end are still made for so long after it, then dropped: a
 * machine that stood still just then makes them late, as at any other time. */
#define GENERATOR_GRACE_NS UINT64_C(100000000)

struct generator;

struct generator_args {
    const struct flow_settings *settings; /* the caller's, as all that it points to */
    uint32_t thread, threads;             /* this one, and how many there are */
    uint64_t seed;                        /* of random arrivals, the same for all threads */
    uint32_t lane_count;
    uint32_t flows_max;   /* in flight at once */
    uint64_t count;       /* measured starts to intend; UINT64_MAX: the duration decides */
    uint64_t start_ns;    /* of the run, monotonic; set it before the worker runs */
    uint64_t duration_ns; /* from the start on, warm-up included; UINT64_MAX: the count decides */
};

/* What a generator tells while it runs: counters, see base/counter.h. */
struct generator_progress {
    uint64_t in_flight;
    uint64_t window_end_ns; /* when it was told to stop early, or 0 */
    uint64_t last_end_ns;   /* of the last measured connection; 0: none has ended */
    uint64_t
        next_start_ns; /* open loop, once it has run: when one more start would have been due */
    /* Once it has run, warm-up included: */
    uint64_t sockets_opened;
    uint64_t sockets_reused; /* how often one made a further connection */
};

/* The job to give to a worker, with a generator as its state. */
extern const struct worker_job generator_job;

/* Make a generator; `args` must outlive it. Returns it, to be given to generator_free, or NULL if
 * there is no memory. */
struct generator *generator_new(const struct generator_args *args);
void generator_free(struct generator *generator);

/* What it counted for one lane so far, and how far it is. */
const struct tally *generator_tally(const struct generator *generator, uint32_t lane);
const struct generator_progress *generator_progress(const struct generator *generator);

/* The first wrong answer and the first short one that it got from a lane, once it has run. */
const struct wrong_answer *generator_wrong_answer(const struct generator *generator, uint32_t lane);
const struct short_answer *generator_short_answer(const struct generator *generator, uint32_t lane);

#endif
