/* All workers of a program: started together with one engine, stopped together by a signal.
 *
 * Thread rule: for one thread, the one that waits for signals. */
#ifndef HELLO_CREW_H
#define HELLO_CREW_H

#include "base/cpus.h"
#include "crew/worker.h"

#include <stdbool.h>
#include <stdint.h>

/* Room for what each of the engines lacks. */
#define CREW_ERROR_BYTES 1024

/* Value of crew_args.engine; any other is a place in engine_choices. */
enum { CREW_ENGINE_AUTO = 0 };

struct crew;

struct crew_args {
    uint32_t count;  /* workers */
    bool pins;       /* each worker stays on a CPU of its own, if there are enough */
    unsigned engine; /* CREW_ENGINE_AUTO: the first that works here */
    const struct worker_job *job;
    void *const *states;      /* `count` of them, one for each worker's job */
    const int *listeners;     /* `count` of them, or NULL */
    uint32_t sockets_max;     /* the descriptor limit */
    uint64_t stop_timeout_ns; /* how long workers may take to stop after the first signal */

    /* Tells of something worth knowing, one line. */
    void (*notice)(void *context, const char *line);

    /* Called once when a stop begins, before the workers hear of it; may be NULL. */
    void (*stopping)(void *context);

    /* Called by crew_run when somebody asks how it goes (SIGUSR1); may be NULL. */
    void (*asked)(void *context);

    /* Called by crew_run whenever it is due, first at once, and a `last` time when all workers have
     * run. Returns when it is due next (monotonic nanoseconds). NULL: crew_run sleeps until there
     * is a signal or a worker has ended. */
    uint64_t (*tick)(void *context, bool last);
    void *context;
};

/* Start all workers with the engine asked for, or none, pinned as `pins` says; they
 * run from crew_go on. With CREW_ENGINE_AUTO a notice says why an engine was passed over, once
 * another works. Returns 0, or -errno with one line in error. *ret_crew is the caller's, to give to
 * crew_run. */
int crew_start(const struct crew_args *args, struct crew **ret_crew, char error[CREW_ERROR_BYTES]);

/* The engine that the workers use. */
const struct engine_class *crew_engine(const struct crew *crew);

/* Why it is that one: "asked for", "the best that works here", or the line that told why the last
 * one was passed over. The crew's. */
const char *crew_engine_reason(const struct crew *crew);

/* What the engines of all workers got from the kernel: enum engine_feature. */
unsigned crew_engine_features(const struct crew *crew);

/* Let the workers run. */
void crew_go(struct crew *crew);

/* How long worker i ran and waited for a CPU so far, or in all once it has run; while the crew is
 * there, so in a tick or before crew_run. */
struct thread_time crew_time(const struct crew *crew, uint32_t i);

/* The CPU that worker i stays on, or -1: any. */
int crew_cpu(const struct crew *crew, uint32_t i);

/* Wait until all workers have ended, and free the crew. The first signal that asks for a stop
 * (base/signals.h) begins an orderly one; the second stops at once. An engine that breaks is told
 * of at once. Its worker goes on with another, and if there is none it ends, while the others go
 * on; where the job ends with its engine, all stop in order. Returns 0, or -errno with one line in
 * error if engines broke so that no worker was left to end in order, or one whose job ended with
 * it. */
int crew_run(struct crew *crew, char error[CREW_ERROR_BYTES]);

#endif
