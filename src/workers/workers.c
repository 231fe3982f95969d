#include "workers/workers.h"

#include "base/clock.h"
#include "base/signals.h"
#include "base/units.h"
#include "workers/worker_break.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>

/* Upper limits for a very busy machine; normally nothing waits this long. */
#define WORKER_START_NS (5 * NS_PER_S)  /* to start one worker */
#define WORKERS_END_NS  (10 * NS_PER_S) /* to close all that is open, once it must end at once */

/* poll(2) refuses two descriptors when the limit is lower, as prlimit(2) may make it at any time;
 * it may be short of memory, and a sandbox may refuse it. Then check this often what it would
 * report. */
#define NO_POLL_PAUSE_NS (100 * NS_PER_MS)

/* What the thread of workers_run waits for: signals, workers, and other threads' calls. */
#define WAITS 3

struct workers {
    struct workers_args args;
    const struct engine_class *class;
    char engine_reason[WORKERS_ERROR_BYTES];
    struct cpus cpus;
    int start_cpu; /* the CPU that the program ran on when it started the workers */
    int done_fd;   /* each worker that has run adds 1, and each broken engine */
    int signal_fd; /* readable after each signal; -1: none */
    bool stopping;
    unsigned stops, asks;            /* signals that were handled */
    uint32_t lost_count;             /* workers that ended because their engines broke */
    char broken[WORKER_BREAK_BYTES]; /* whose engine broke last, and how */
    struct worker *list[CPUS_MAX];
};

static void workers_free(struct workers *workers)
{
    if (workers->done_fd >= 0)
        close(workers->done_fd);
    free(workers);
}

int workers_cpu(const struct workers *workers, uint32_t i)
{
    return worker_cpu(workers->list[i]);
}

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
            .listener_fd = args->listeners ? args->listeners[i] : -1,
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

/* Start with the requested engine. */
static int workers_start_one(struct workers *workers, const struct engine_class *class,
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

/* Start with the first engine that works, and say why earlier ones do not. If none does, one line
 * lists all the reasons, equal ones once. */
static int workers_start_any(struct workers *workers, char error[WORKERS_ERROR_BYTES])
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

/* Report a failed call that is not an engine's. Returns error. */
static int workers_fail(const char *call, int error, char text[WORKERS_ERROR_BYTES])
{
    char advice[ADVICE_BYTES];

    snprintf(text, WORKERS_ERROR_BYTES, "cannot start: %s: %s (%s); %s", call, strerror(-error),
             strerrorname_np(-error), advice_find(call, -error, 0, advice));
    return error;
}

/* Open what the thread of workers_run needs. Returns 0, or -errno with one line in error. */
static int workers_open(struct workers *workers, char error[WORKERS_ERROR_BYTES])
{
    int result = cpus_read(&workers->cpus);

    workers->start_cpu = sched_getcpu();
    workers->done_fd = eventfd(0, EFD_CLOEXEC);
    if (workers->done_fd < 0)
        return workers_fail("eventfd", -errno, error);
    return result < 0 ? workers_fail("sched_getaffinity", result, error) : 0;
}

int workers_start(const struct workers_args *args, struct workers **ret_workers,
                  char error[WORKERS_ERROR_BYTES])
{
    struct workers *workers = calloc(1, sizeof(*workers));
    int result;

    if (!workers)
        return workers_fail("calloc", -ENOMEM, error);
    workers->args = *args;
    result = workers_open(workers, error);
    if (result == 0)
        result = args->engine == WORKERS_ENGINE_AUTO
                     ? workers_start_any(workers, error)
                     : workers_start_one(workers, engine_chosen[args->engine], error);
    if (result < 0) {
        workers_free(workers);
        return result;
    }
    *ret_workers = workers;
    return 0;
}

const struct engine_class *workers_engine(const struct workers *workers)
{
    return workers->class;
}

const char *workers_engine_reason(const struct workers *workers)
{
    return workers->engine_reason;
}

unsigned workers_engine_features(const struct workers *workers)
{
    unsigned features = worker_engine_features(workers->list[0]);

    for (uint32_t i = 1; i < workers->args.count; i++)
        features &= worker_engine_features(workers->list[i]);
    return features;
}

void workers_go(struct workers *workers)
{
    workers->signal_fd = signals_watch(); /* before a client is served: a stop must be orderly */
    for (uint32_t i = 0; i < workers->args.count; i++)
        worker_go(workers->list[i]);
}

struct thread_time workers_time(const struct workers *workers, uint32_t i)
{
    return worker_time(workers->list[i]);
}

static void workers_stop_by(struct workers *workers, uint64_t deadline_ns)
{
    if (!workers->stopping && workers->args.stopping)
        workers->args.stopping(workers->args.context);
    workers->stopping = true;
    for (uint32_t i = 0; i < workers->args.count; i++)
        worker_stop(workers->list[i], deadline_ns);
}

void workers_stop(struct workers *workers)
{
    if (!workers->stopping)
        workers_stop_by(workers, clock_now_ns() + workers->args.stop_timeout_ns);
}

void workers_wake(struct workers *workers)
{
    for (uint32_t i = 0; i < workers->args.count; i++)
        worker_wake(workers->list[i]);
}

/* Report a broken engine, and the consequence. */
static void workers_report_break(struct workers *workers, uint32_t i,
                                 const struct worker_break *broken)
{
    char line[2 * WORKERS_ERROR_BYTES], then[WORKERS_ERROR_BYTES], advice[ADVICE_BYTES];

    worker_break_format(broken, i, workers->broken);
    workers->lost_count += !broken->next;
    if (broken->next)
        worker_break_renewal(broken, then);
    else if (workers->args.job->renew)
        worker_break_loss(broken, workers->args.count - workers->lost_count, workers->stopping,
                          then);
    else
        snprintf(then, sizeof(then), "all workers stop");
    snprintf(line, sizeof(line), "%s; %s; %s", workers->broken, then,
             advice_find(broken->call, broken->error, 0, advice));
    workers->args.notice(workers->args.context, line);
}

/* Report what broke. If that ends a job, the others stop too. Returns how many workers have run. */
static uint32_t workers_check_broken(struct workers *workers)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < workers->args.count; i++) {
        struct worker_break broken;

        count += worker_has_run(workers->list[i]);
        if (worker_take_break(workers->list[i], &broken))
            workers_report_break(workers, i, &broken);
    }
    if (workers->lost_count > 0 && !workers->args.job->renew && !workers->stopping)
        workers_stop(workers);
    return count;
}

/* Tick, and sleep until something happens or the next tick is due. Returns like ppoll(2). */
static int workers_tick_and_poll(struct workers *workers, struct pollfd fds[WAITS])
{
    uint64_t due_ns, now_ns;
    struct timespec timeout = {0};

    if (!workers->args.tick)
        return poll(fds, WAITS, -1);
    due_ns = workers->args.tick(workers->args.context, false);
    now_ns = clock_now_ns();
    if (due_ns > now_ns) {
        timeout.tv_sec = (time_t)((due_ns - now_ns) / NS_PER_S);
        timeout.tv_nsec = (long)((due_ns - now_ns) % NS_PER_S);
    }
    return ppoll(fds, WAITS, &timeout, NULL);
}

/* Handle the signals that came since the last call: the first requests an orderly stop, the second
 * ends all at once. */
static void workers_obey(struct workers *workers)
{
    unsigned stops = signals_stops(), asks = signals_asks();

    if (stops != workers->stops) {
        bool at_once = workers->stopping || stops > 1;

        workers->stops = stops;
        if (at_once)
            signals_extend(WORKERS_END_NS);
        workers_stop_by(workers, at_once ? 1 : clock_now_ns() + workers->args.stop_timeout_ns);
    }
    if (asks != workers->asks) {
        workers->asks = asks;
        if (workers->args.print_totals)
            workers->args.print_totals(workers->args.context);
    }
}

/* Take what a descriptor reports. Returns false if that is impossible: it would be reported again
 * at once. */
static bool workers_take(const struct pollfd *fd)
{
    eventfd_t count;

    return !(fd->revents & POLLIN) || eventfd_read(fd->fd, &count) == 0 || errno == EAGAIN;
}

/* Wait until all workers have run, passing signals on to them. */
static void workers_wait(struct workers *workers)
{
    uint32_t ended_count = 0;

    while (ended_count < workers->args.count) {
        struct pollfd fds[WAITS] = {
            {.fd = workers->signal_fd, .events = POLLIN},
            {.fd = workers->done_fd, .events = POLLIN},
            {.fd = workers->args.called ? workers->args.call_fd : -1, .events = POLLIN}};
        bool works = workers_tick_and_poll(workers, fds) >= 0 || errno == EINTR;

        for (size_t i = 0; i < WAITS; i++)
            works = workers_take(&fds[i]) && works;
        if (!works)
            clock_pause(NO_POLL_PAUSE_NS);
        if (workers->args.called) /* also where poll(2) is refused */
            workers->args.called(workers->args.context);
        workers_obey(workers);
        ended_count = workers_check_broken(workers);
    }
}

int workers_run(struct workers *workers, char error[WORKERS_ERROR_BYTES])
{
    int result = 0, lost = 0;

    workers_wait(workers);
    if (workers->args.tick)
        workers->args.tick(workers->args.context, true);
    for (uint32_t i = 0; i < workers->args.count; i++) {
        int broken = worker_join(workers->list[i]);

        lost = broken < 0 ? broken : lost;
    }
    if (lost < 0 && (!workers->args.job->renew || workers->lost_count == workers->args.count)) {
        result = lost;
        snprintf(error, WORKERS_ERROR_BYTES, "%s%s; start it again",
                 workers->args.job->renew ? "no worker is left, the last was " : "",
                 workers->broken);
    }
    signals_unwatch();
    workers_free(workers);
    return result;
}
