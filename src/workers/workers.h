/* All workers of a program: started together with the same engine, stopped together by a signal.
 *
 * Thread rule: for one thread, the one that handles signals. */
#ifndef HELLO_WORKERS_H
#define HELLO_WORKERS_H

#include "base/failure.h"
#include "host/cpus.h"
#include "workers/worker.h"

#include <stdbool.h>
#include <stdint.h>

/* Enough to say what each of the engines lacks. */
#define WORKERS_ERROR_BYTES FAILURE_LINE_BYTES

/* Value of workers_args.engine; any other is a place in engine_choices. */
enum { WORKERS_ENGINE_AUTO = 0 };

struct workers;

struct workers_args {
    uint32_t count;  /* workers */
    bool pins;       /* pin each worker to its own CPU, if there are enough */
    unsigned engine; /* WORKERS_ENGINE_AUTO: the first that works here */
    const struct worker_job *job;
    void *const *states;      /* `count` of them, one for each worker's job */
    const int *listeners;     /* `count` of them, -1 once its worker closed it; or NULL */
    uint32_t sockets_max;     /* the descriptor limit */
    uint64_t stop_timeout_ns; /* how long workers may take to stop after the first signal */

    /* Gets one line that is worth knowing. */
    void (*notice)(void *context, const char *line);

    /* Called by workers_run after it was woken, also by a write to call_fd, an eventfd: how another
     * thread has something done that is for this one. NULL: call_fd is not used. */
    int call_fd;
    void (*called)(void *context);

    /* Called by workers_run when worker i ends because its engine broke. Returns why the others
     * cannot go on without it: then all stop in order; or NULL: they can. May be NULL. */
    const char *(*needs)(void *context, uint32_t i);

    /* Called once when a stop begins, before the workers are notified; may be NULL. */
    void (*stopping)(void *context);

    /* Called by workers_run when a user asks for the totals (SIGUSR1); may be NULL. */
    void (*print_totals)(void *context);

    /* Called by workers_run when files are to be read again (SIGHUP), unless a stop began; may be
     * NULL. */
    void (*hang_up)(void *context);

    /* Called by workers_run when due, first at once, and a `last` time when all workers have run.
     * Returns when it is due next (monotonic nanoseconds). NULL: workers_run sleeps until a signal
     * comes or a worker ends. */
    uint64_t (*tick)(void *context, bool last);
    void *context;
};

/* Start all workers with the requested engine, or none, pinned according to `pins`; they run after
 * workers_go. With WORKERS_ENGINE_AUTO, once an engine works, a notice says why others were
 * skipped. Returns 0, or -errno with one line in error. The caller owns *ret_workers and must give
 * it to workers_run. */
int workers_start(const struct workers_args *args, struct workers **ret_workers,
                  char error[WORKERS_ERROR_BYTES]);

/* The engine that the workers use. */
const struct engine_class *workers_engine(const struct workers *workers);

/* Why that one: "asked for", "the best that works here", or the line that says why the last one was
 * skipped. Belongs to the workers. */
const char *workers_engine_reason(const struct workers *workers);

/* The kernel features of all workers' engines: enum engine_feature. */
unsigned workers_engine_features(const struct workers *workers);

/* Let the workers run. From now on a signal begins an orderly stop, which workers_run carries out:
 * it must be called soon. */
void workers_go(struct workers *workers);

/* Begin an orderly stop, as the first signal does; nothing happens if a stop began already. */
void workers_stop(struct workers *workers);

/* Wake all workers, so that each looks at what has changed. */
void workers_wake(struct workers *workers);

/* How long worker i ran and waited for a CPU so far, or in total once it has run. Only while the
 * workers exist: in a tick or before workers_run. */
struct thread_time workers_time(const struct workers *workers, uint32_t i);

/* The CPU that worker i is pinned to, or -1: any. */
int workers_cpu(const struct workers *workers, uint32_t i);

/* Wait until all workers have ended, and free them. The first stop signal (base/signals.h) begins
 * an orderly stop; the second stops at once. A broken engine is reported at once. Its worker
 * continues with another engine; if there is none it ends, while the others go on. If the job ends
 * with its engine, or the others need it, all workers stop in order. Returns 0, or -errno with one
 * line in error if a job ended with its engine, a worker was lost that is needed, or broken engines
 * left no worker to end in order. */
int workers_run(struct workers *workers, char error[WORKERS_ERROR_BYTES]);

#endif
