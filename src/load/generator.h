/* What a worker of the generator does: keep a number of flows in flight until enough were started
 * or time is up, then let the last ones end. */
#ifndef HELLO_GENERATOR_H
#define HELLO_GENERATOR_H

#include "crew/worker.h"
#include "load/flow.h"
#include "load/result.h"

#include <stdint.h>

struct generator;

struct generator_args {
    uint32_t flows_max;   /* in flight at once */
    uint64_t count;       /* flows to start; UINT64_MAX: as many as fit into the duration */
    uint64_t duration_ns; /* UINT64_MAX: until the count is reached */
    const struct flow_settings *settings; /* the caller's */
};

/* The job to give to a worker, with a generator as its state. */
extern const struct worker_job generator_job;

/* Make a generator; `args` must outlive it. Returns it, to be given to free(3), or NULL if there is
 * no memory. */
struct generator *generator_new(const struct generator_args *args);

/* Its counters; to be read when its worker has ended. */
const struct result_counts *generator_counts(const struct generator *generator);

#endif
