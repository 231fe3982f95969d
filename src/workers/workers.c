#include "workers/workers.h"

#include "base/clock.h"
#include "base/signals.h"
#include "base/units.h"
#include "base/wait.h"
#include "workers/workers_state.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

/* How long closing all that is open may take on a very busy machine, once it must end at once. */
#define WORKERS_END_NS (10 * NS_PER_S)

/* During a stop: how often to look whether a worker has run, if it cannot report that. */
#define WORKERS_LOOK_NS NS_PER_S

/* Where no wait is possible: how often to check what it would report. */
#define NO_WAIT_PAUSE_NS (100 * NS_PER_MS)

/* What the thread of workers_run waits for: signals, workers, and other threads' calls. */
#define WAITS 3

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

/* A worker gets no other engine. Writes the consequence. */
static void workers_lose(struct workers *workers, uint32_t i, const struct worker_break *broken,
                         char then[WORKER_CONSEQUENCE_BYTES])
{
    const struct workers_args *args = &workers->args;
    const char *needed = args->needs ? args->needs(args->context, i) : NULL;

    workers->lost_all = workers->lost_all || (needed && !workers->stopping);
    worker_break_loss(broken, args->count - workers->lost_count, workers->stopping, needed, then);
}

/* Report a broken engine, and the consequence. */
static void workers_report_break(struct workers *workers, uint32_t i,
                                 const struct worker_break *broken)
{
    char line[2 * WORKERS_ERROR_BYTES], then[WORKERS_ERROR_BYTES], advice[ADVICE_BYTES];

    worker_break_format(broken, i, workers->broken);
    workers->lost_count += !broken->next;
    if (broken->next) {
        worker_break_renewal(broken, then);
    } else if (workers->args.job->renew) {
        workers_lose(workers, i, broken, then);
    } else {
        workers->lost_all = true;
        snprintf(then, sizeof(then), "all workers stop");
    }
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
    if (workers->lost_all && !workers->stopping)
        workers_stop(workers);
    return count;
}

/* Tick, and sleep until something happens or the next tick is due. Returns like wait_fds. */
static int workers_tick_and_wait(struct workers *workers, struct pollfd fds[WAITS])
{
    uint64_t due_ns = UINT64_MAX, timeout_ns = WAIT_FOREVER, now_ns;

    if (workers->args.tick)
        due_ns = workers->args.tick(workers->args.context, false);
    now_ns = clock_now_ns();
    if (due_ns != UINT64_MAX)
        timeout_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    if (workers->stopping && timeout_ns > WORKERS_LOOK_NS)
        timeout_ns = WORKERS_LOOK_NS;
    return wait_fds(fds, WAITS, timeout_ns);
}

/* Handle the signals that came since the last call: the first requests an orderly stop, the second
 * ends all at once; so does the first while all stop because a worker was lost. */
static void workers_obey(struct workers *workers)
{
    unsigned stops = signals_stops(), asks = signals_asks(), hangups = signals_hangups();

    if (stops != workers->stops) {
        bool at_once = stops > 1 || (workers->stopping && workers->lost_count > 0);

        workers->stops = stops;
        if (at_once) {
            signals_extend(WORKERS_END_NS);
            workers_stop_by(workers, 1);
        } else {
            workers_stop(workers);
        }
    }
    if (asks != workers->asks) {
        workers->asks = asks;
        if (workers->args.print_totals)
            workers->args.print_totals(workers->args.context);
    }
    if (hangups != workers->hangups) {
        workers->hangups = hangups;
        if (workers->args.hang_up && !workers->stopping)
            workers->args.hang_up(workers->args.context);
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
        int ready = workers_tick_and_wait(workers, fds);
        bool works = ready >= 0 || ready == -EINTR;

        for (size_t i = 0; i < WAITS; i++)
            works = workers_take(&fds[i]) && works;
        if (!works)
            clock_pause(NO_WAIT_PAUSE_NS);
        if (workers->args.called) /* also where no wait is possible */
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
    if (lost < 0 && (workers->lost_all || workers->lost_count == workers->args.count)) {
        result = lost;
        snprintf(error, WORKERS_ERROR_BYTES, "%s%s; start it again",
                 workers->lost_all ? "" : "no worker is left, the last was ", workers->broken);
    }
    signals_unwatch();
    workers_free(workers);
    return result;
}
