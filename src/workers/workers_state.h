/* The state of all workers, for the files that they consist of.
 *
 * Thread rule: as for workers.h. */
#ifndef HELLO_WORKERS_STATE_H
#define HELLO_WORKERS_STATE_H

#include "workers/worker_break.h"
#include "workers/workers.h"

struct workers {
    struct workers_args args;
    const struct engine_class *class;
    char engine_reason[WORKERS_ERROR_BYTES];
    struct cpus cpus;
    int start_cpu; /* the CPU that the program ran on when it started the workers */
    int done_fd;   /* each worker that has run adds 1, and each broken engine */
    int signal_fd; /* readable after each signal; -1: none */
    bool stopping;
    unsigned stops, asks, hangups;   /* signals that were handled */
    uint32_t lost_count;             /* workers that ended because their engines broke */
    bool lost_all;                   /* the others cannot go on without one of those */
    char broken[WORKER_BREAK_BYTES]; /* whose engine broke last, and how */
    struct worker *list[CPUS_MAX];
};

/* Start every worker with the requested engine, or none (workers_start.c). Returns 0, or -errno
 * with one line in error. */
int workers_start_one(struct workers *workers, const struct engine_class *class,
                      char error[WORKERS_ERROR_BYTES]);

/* Start with the first engine that works, and say why earlier ones do not. If none does, one line
 * lists all the reasons, equal ones once. Returns 0, or -errno with the line in error. */
int workers_start_any(struct workers *workers, char error[WORKERS_ERROR_BYTES]);

#endif
