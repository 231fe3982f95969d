/* Which engine the workers start with, and on which CPUs. */
#include "base/signals.h"
#include "base/units.h"
#include "workers/workers_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How long the start of one worker may take on a very busy machine. */
#define WORKER_START_NS (5 * NS_PER_S)

/* The CPU to pin worker i to, or -1: any. */
static int workers_place(const struct workers *workers, uint32_t i)
{
    if (!workers->args.pins || workers->args.count > workers->cpus.count)
        return -1;
    return cpus_place(&workers->cpus, workers->start_cpu, i);
}

/* Report the workers that the kernel did not pin as requested. */
static void workers_report_places(const struct workers *workers)
{
    uint32_t moved = 0;
    char line[128];

    for (uint32_t i = 0; i < workers->args.count; i++)
        moved += workers_place(workers, i) != worker_cpu(workers->list[i]);
    if (moved == 0)
        return;
    snprintf(line, sizeof(line),
             "warning: %u of %u threads could not be pinned to a CPU, so they use any; see "
             "sched_setaffinity(2), or use --cpus none",
             moved, workers->args.count);
    workers->args.notice(workers->args.context, line);
}

/* The engines that may replace this one if it breaks: with "auto" those after it. */
static const struct engine_class *const *workers_others(const struct workers *workers,
                                                        const struct engine_class *class)
{
    const struct engine_class *const *others = engine_classes;

    if (workers->args.engine != WORKERS_ENGINE_AUTO)
        return NULL;
    while (*others++ != class)
        ;
    return others;
}

/* Start every worker with this engine, or none. */
static int workers_start_all(struct workers *workers, const struct engine_class *class,
                             struct engine_failure *ret_failure)
{
    const struct workers_args *args = &workers->args;

    for (uint32_t i = 0; i < args->count; i++) {
        struct worker_args worker_args = {
            .cpu = workers_place(workers, i),
            .class = class,
            .others = workers_others(workers, class),
            .listener_fd = args->listeners ? &args->listeners[i] : NULL,
            .sockets_max = args->sockets_max,
            .job = args->job,
            .state = args->states[i],
            .done_fd = workers->done_fd,
        };
        int result;

        signals_extend(WORKER_START_NS);
        result = worker_start(&worker_args, &workers->list[i], ret_failure);

        if (result < 0) {
            while (i-- > 0)
                worker_join(workers->list[i]);
            return result;
        }
    }
    workers->class = class;
    workers_report_places(workers);
    return 0;
}

/* Append to the line in `error` that an engine does not work, and why. */
static void workers_add_failure(const struct engine_class *class,
                                const struct engine_failure *failure,
                                char error[WORKERS_ERROR_BYTES])
{
    size_t length = strlen(error);

    snprintf(error + length, WORKERS_ERROR_BYTES - length,
             "%sengine %s does not work here: %s: %s (%s); %s", length > 0 ? "; " : "", class->name,
             failure->step, strerror(failure->error), strerrorname_np(failure->error),
             failure->advice);
}

int workers_start_one(struct workers *workers, const struct engine_class *class,
                      char error[WORKERS_ERROR_BYTES])
{
    struct engine_failure failure;
    int result = workers_start_all(workers, class, &failure);

    error[0] = '\0';
    if (result < 0)
        workers_add_failure(class, &failure, error);
    snprintf(workers->engine_reason, sizeof(workers->engine_reason), "asked for");
    return result;
}

int workers_start_any(struct workers *workers, char error[WORKERS_ERROR_BYTES])
{
    struct engine_failure first = {0}, failure;
    bool are_alike = true;
    int result = -ENOENT;

    error[0] = '\0';
    for (size_t i = 0; engine_classes[i]; i++) {
        size_t length = strlen(error);

        result = workers_start_all(workers, engine_classes[i], &failure);
        if (result == 0 && i == 0) {
            snprintf(workers->engine_reason, sizeof(workers->engine_reason),
                     "the best that works here");
            return 0;
        }
        if (result == 0) {
            snprintf(error + length, WORKERS_ERROR_BYTES - length, "; using %s",
                     engine_classes[i]->name);
            memcpy(workers->engine_reason, error, sizeof(workers->engine_reason));
            workers->args.notice(workers->args.context, error);
            return 0;
        }
        if (i == 0)
            first = failure;
        are_alike =
            are_alike && failure.error == first.error && strcmp(failure.step, first.step) == 0;
        workers_add_failure(engine_classes[i], &failure, error);
    }
    if (are_alike)
        snprintf(error, WORKERS_ERROR_BYTES, "no engine works here: %s: %s (%s); %s", first.step,
                 strerror(first.error), strerrorname_np(first.error), first.advice);
    return result;
}
