/* A worker: one thread on one CPU with one engine, doing the job of its program. Workers share
 * nothing while they run; their counters are read after they have ended.
 *
 * Thread rule: for the thread that starts the workers, except worker_stop_ns. */
#ifndef HELLO_WORKER_H
#define HELLO_WORKER_H

#include "engine/engine.h"
#include "host/thread_time.h"

#include <stdbool.h>
#include <stdint.h>

struct worker;

/* What a program does in its workers. Each function is called in the worker's thread. */
struct worker_job {
    /* Get ready to run with this engine; no client is served yet. Returns 0, or -errno: the worker
     * does not start. */
    int (*prepare)(void *state, struct engine *engine);

    /* Work until done, or until worker_stop_ns asks for a stop. Returns 0, or -errno if the engine
     * broke. */
    int (*run)(void *state, const struct worker *worker);

    /* The engine broke and is destroyed: continue with this one in the next run. NULL: the job ends
     * when its engine breaks. */
    void (*renew)(void *state, struct engine *engine);

    /* The engine broke, and there is no other: do what is possible without one. NULL: nothing. */
    void (*salvage)(void *state);

    /* Free what prepare allocated, after the engine is destroyed; also called if prepare failed. */
    void (*release)(void *state);
};

struct worker_args {
    int cpu; /* to stay on; -1: any */
    const struct engine_class *class;
    const struct engine_class *const
        *others;            /* for later breaks, best first; NULL ends it; NULL: none */
    const int *listener_fd; /* the engine's, read whenever one opens: -1 once the worker closed it;
                             * NULL: there is none, and the engine connects */
    uint32_t sockets_max;
    const struct worker_job *job;
    void *state; /* passed to the job; the caller's, must outlive the worker */
    int done_fd; /* an eventfd: gets 1 when an engine breaks, and when the worker has run */
};

/* What happened to a worker whose engine broke. */
struct worker_break {
    uint32_t count;                /* how often since the last worker_take_break */
    const char *engine;            /* the last that broke */
    const char *call;              /* the system call that failed ... */
    int error;                     /* ... and its errno, positive */
    const char *next;              /* the engine that it continues with; NULL: none, so it ends */
    struct engine_failure failure; /* why; step NULL: not wanted, or refused (renewals.h) */
};

/* Start a worker's thread, its engine, and its job's preparations.
 * Returns 0, or -errno with *ret_failure filled in and nothing left running. */
int worker_start(const struct worker_args *args, struct worker **ret_worker,
                 struct engine_failure *ret_failure);

/* The CPU that a started worker is pinned to, as the kernel reports it; -1: any. */
int worker_cpu(const struct worker *worker);

/* The kernel features of a started worker's engine: enum engine_feature. */
unsigned worker_engine_features(const struct worker *worker);

/* Let a started worker run. */
void worker_go(struct worker *worker);

/* Ask a worker to stop at deadline_ns at the latest; may be called again with an earlier one. If it
 * cannot be woken and does not end by itself, the process ends (signals_cannot_wake). */
void worker_stop(struct worker *worker, uint64_t deadline_ns);

/* Wake it, so that it looks at what has changed. */
void worker_wake(struct worker *worker);

/* The deadline for stopping, or 0: keep running. The engine reports ENGINE_OP_WAKE when it changes.
 * Any thread. */
uint64_t worker_stop_ns(const struct worker *worker);

/* True once a worker has run. Earlier breaks can be taken by then. */
bool worker_has_run(const struct worker *worker);

/* Take the report about engines that broke since the last call. Returns false if none did. */
bool worker_take_break(struct worker *worker, struct worker_break *ret_break);

/* How long a worker's thread ran and waited for a CPU so far, or in total once it has run. Any
 * thread. */
struct thread_time worker_time(const struct worker *worker);

/* Wait until a worker has ended, and free it. One that never got worker_go ends at once.
 * Returns what its job's run returned. NULL is fine. */
int worker_join(struct worker *worker);

#endif
