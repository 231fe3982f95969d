#include "crew/crew.h"

#include "base/clock.h"
#include "base/signals.h"
#include "base/units.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

/* The most that may be needed on a very busy machine; nothing waits for that long. */
#define WORKER_START_NS (5 * NS_PER_S)  /* to start one worker */
#define CREW_END_NS     (10 * NS_PER_S) /* to close all that is open, once it must end at once */

struct crew {
    struct crew_args args;
    const struct engine_class *class;
    char engine_reason[CREW_ERROR_BYTES];
    struct cpus cpus;
    int start_cpu; /* where the kernel ran the program when it started the crew */
    int done_fd;   /* each worker that has run adds 1, and each engine that broke */
    bool stopping;
    unsigned stops, asks; /* signals that were obeyed */
    uint32_t lost_count;  /* workers that ended as their engines broke */
    char broken[256];     /* which worker's engine broke last, and how */
    struct worker *workers[CPUS_MAX];
};

static void crew_free(struct crew *crew)
{
    if (crew->done_fd >= 0)
        close(crew->done_fd);
    free(crew);
}

int crew_cpu(const struct crew *crew, uint32_t i)
{
    return worker_cpu(crew->workers[i]);
}

/* The CPU that worker i is to stay on, or -1: any. */
static int crew_place(const struct crew *crew, uint32_t i)
{
    if (!crew->args.pins || crew->args.count > crew->cpus.count)
        return -1;
    return cpus_place(&crew->cpus, crew->start_cpu, i);
}

/* Tell of workers that the kernel did not let stay where they should. */
static void crew_tell_places(const struct crew *crew)
{
    uint32_t moved = 0;
    char line[128];

    for (uint32_t i = 0; i < crew->args.count; i++)
        moved += crew_place(crew, i) != worker_cpu(crew->workers[i]);
    if (moved == 0)
        return;
    snprintf(line, sizeof(line),
             "warning: %u of %u threads could not be kept on a CPU, so they use any; see "
             "sched_setaffinity(2), or use --cpus none",
             moved, crew->args.count);
    crew->args.notice(crew->args.context, line);
}

/* What workers may go on with if this engine breaks: with "auto" those after it. */
static const struct engine_class *const *crew_others(const struct crew *crew,
                                                     const struct engine_class *class)
{
    const struct engine_class *const *others = engine_classes;

    if (crew->args.engine != CREW_ENGINE_AUTO)
        return NULL;
    while (*others++ != class)
        ;
    return others;
}

/* Start every worker with this engine, or none. */
static int crew_start_workers(struct crew *crew, const struct engine_class *class,
                              struct engine_failure *ret_failure)
{
    const struct crew_args *args = &crew->args;

    for (uint32_t i = 0; i < args->count; i++) {
        struct worker_args worker_args = {
            .cpu = crew_place(crew, i),
            .class = class,
            .others = crew_others(crew, class),
            .listener_fd = args->listeners ? args->listeners[i] : -1,
            .sockets_max = args->sockets_max,
            .job = args->job,
            .state = args->states[i],
            .done_fd = crew->done_fd,
        };
        int result;

        signals_extend(WORKER_START_NS);
        result = worker_start(&worker_args, &crew->workers[i], ret_failure);

        if (result < 0) {
            while (i-- > 0)
                worker_join(crew->workers[i]);
            return result;
        }
    }
    crew->class = class;
    crew_tell_places(crew);
    return 0;
}

/* Add to the line in `error` that an engine does not work, and why. */
static void crew_add_failure(const struct engine_class *class, const struct engine_failure *failure,
                             char error[CREW_ERROR_BYTES])
{
    size_t length = strlen(error);

    snprintf(error + length, CREW_ERROR_BYTES - length,
             "%sengine %s does not work here: %s: %s (%s); %s", length > 0 ? "; " : "", class->name,
             failure->step, strerror(failure->error), strerrorname_np(failure->error),
             failure->advice);
}

/* Start the engine that was asked for. */
static int crew_start_one(struct crew *crew, const struct engine_class *class,
                          char error[CREW_ERROR_BYTES])
{
    struct engine_failure failure;
    int result = crew_start_workers(crew, class, &failure);

    error[0] = '\0';
    if (result < 0)
        crew_add_failure(class, &failure, error);
    snprintf(crew->engine_reason, sizeof(crew->engine_reason), "asked for");
    return result;
}

/* Start the first engine that works, and say why not those before it. If none does, all that is
 * wrong stands in one line, once if it is the same. */
static int crew_start_any(struct crew *crew, char error[CREW_ERROR_BYTES])
{
    struct engine_failure first = {0}, failure;
    bool are_alike = true;
    int result = -ENOENT;

    error[0] = '\0';
    for (size_t i = 0; engine_classes[i]; i++) {
        size_t length = strlen(error);

        result = crew_start_workers(crew, engine_classes[i], &failure);
        if (result == 0 && i == 0) {
            snprintf(crew->engine_reason, sizeof(crew->engine_reason), "the best that works here");
            return 0;
        }
        if (result == 0) {
            snprintf(error + length, CREW_ERROR_BYTES - length, "; using %s",
                     engine_classes[i]->name);
            memcpy(crew->engine_reason, error, sizeof(crew->engine_reason));
            crew->args.notice(crew->args.context, error);
            return 0;
        }
        if (i == 0)
            first = failure;
        are_alike =
            are_alike && failure.error == first.error && strcmp(failure.step, first.step) == 0;
        crew_add_failure(engine_classes[i], &failure, error);
    }
    if (are_alike)
        snprintf(error, CREW_ERROR_BYTES, "no engine works here: %s: %s (%s); %s", first.step,
                 strerror(first.error), strerrorname_np(first.error), first.advice);
    return result;
}

/* Say that a call failed which no engine has to do with. Returns error. */
static int crew_fail(const char *call, int error, char text[CREW_ERROR_BYTES])
{
    char advice[ADVICE_BYTES];

    snprintf(text, CREW_ERROR_BYTES, "cannot start: %s: %s (%s); %s", call, strerror(-error),
             strerrorname_np(-error), advice_find(call, -error, 0, advice));
    return error;
}

/* Open what the crew's own thread needs. Returns 0, or -errno with one line in error. */
static int crew_open(struct crew *crew, char error[CREW_ERROR_BYTES])
{
    int result = cpus_read(&crew->cpus);

    crew->start_cpu = sched_getcpu();
    crew->done_fd = eventfd(0, EFD_CLOEXEC);
    if (crew->done_fd < 0)
        return crew_fail("eventfd", -errno, error);
    return result < 0 ? crew_fail("sched_getaffinity", result, error) : 0;
}

int crew_start(const struct crew_args *args, struct crew **ret_crew, char error[CREW_ERROR_BYTES])
{
    struct crew *crew = calloc(1, sizeof(*crew));
    int result;

    if (!crew)
        return crew_fail("calloc", -ENOMEM, error);
    crew->args = *args;
    result = crew_open(crew, error);
    if (result == 0)
        result = args->engine == CREW_ENGINE_AUTO
                     ? crew_start_any(crew, error)
                     : crew_start_one(crew, engine_chosen[args->engine], error);
    if (result < 0) {
        crew_free(crew);
        return result;
    }
    *ret_crew = crew;
    return 0;
}

const struct engine_class *crew_engine(const struct crew *crew)
{
    return crew->class;
}

const char *crew_engine_reason(const struct crew *crew)
{
    return crew->engine_reason;
}

unsigned crew_engine_features(const struct crew *crew)
{
    unsigned features = worker_engine_features(crew->workers[0]);

    for (uint32_t i = 1; i < crew->args.count; i++)
        features &= worker_engine_features(crew->workers[i]);
    return features;
}

void crew_go(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->args.count; i++)
        worker_go(crew->workers[i]);
}

struct thread_time crew_time(const struct crew *crew, uint32_t i)
{
    return worker_time(crew->workers[i]);
}

static void crew_stop(struct crew *crew, uint64_t deadline_ns)
{
    if (!crew->stopping && crew->args.stopping)
        crew->args.stopping(crew->args.context);
    crew->stopping = true;
    for (uint32_t i = 0; i < crew->args.count; i++)
        worker_stop(crew->workers[i], deadline_ns);
}

/* Say why a worker gets no other engine, and what follows. */
static void crew_write_loss(const struct crew *crew, const struct worker_break *broken,
                            char text[CREW_ERROR_BYTES])
{
    uint32_t left = crew->args.count - crew->lost_count;
    char why[128], rest[96] = "";

    if (broken->failure.step)
        snprintf(why, sizeof(why), "no engine starts in its place (%s: %s)", broken->failure.step,
                 strerror(broken->failure.error));
    else
        snprintf(why, sizeof(why), "it did %u times before in %u s", WORKER_RENEWALS_MAX,
                 (unsigned)(WORKER_RENEWALS_NS / NS_PER_S));
    if (left == 0)
        snprintf(rest, sizeof(rest), ", and no other worker is left");
    else if (!crew->stopping)
        snprintf(rest, sizeof(rest), "; %u other%s on; restart to have it back", left,
                 left == 1 ? " goes" : "s go");
    snprintf(text, CREW_ERROR_BYTES, "%s, so it ends once those who wait are served%s", why, rest);
}

/* Tell of an engine that broke, and what follows from it. */
static void crew_tell_break(struct crew *crew, uint32_t i, const struct worker_break *broken)
{
    char line[2 * CREW_ERROR_BYTES], then[CREW_ERROR_BYTES], advice[ADVICE_BYTES], times[32] = "";

    if (broken->count > 1)
        snprintf(times, sizeof(times), " %u times", broken->count);
    snprintf(crew->broken, sizeof(crew->broken), "worker %u: engine %s broke%s: %s: %s (%s)", i,
             broken->engine, times, broken->call, strerror(broken->error),
             strerrorname_np(broken->error));
    crew->lost_count += !broken->next;
    if (broken->next)
        snprintf(then, sizeof(then), "it goes on with %sengine %s, connections and all",
                 strcmp(broken->next, broken->engine) == 0 ? "a fresh " : "", broken->next);
    else if (crew->args.job->renew)
        crew_write_loss(crew, broken, then);
    else
        snprintf(then, sizeof(then), "all workers stop");
    snprintf(line, sizeof(line), "%s; %s; %s", crew->broken, then,
             advice_find(broken->call, broken->error, 0, advice));
    crew->args.notice(crew->args.context, line);
}

/* Tell what broke. Where that ends a job, the others stop, too. Returns how many workers have run.
 */
static uint32_t crew_look_after(struct crew *crew)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < crew->args.count; i++) {
        struct worker_break broken;

        count += worker_has_run(crew->workers[i]);
        if (worker_take_break(crew->workers[i], &broken))
            crew_tell_break(crew, i, &broken);
    }
    if (crew->lost_count > 0 && !crew->args.job->renew && !crew->stopping)
        crew_stop(crew, clock_now_ns() + crew->args.stop_timeout_ns);
    return count;
}

/* Tick, and sleep until something happened or the next tick is due. Returns as ppoll(2). */
static int crew_tick_and_poll(struct crew *crew, struct pollfd fds[2])
{
    uint64_t due_ns, now_ns;
    struct timespec timeout = {0};

    if (!crew->args.tick)
        return poll(fds, 2, -1);
    due_ns = crew->args.tick(crew->args.context, false);
    now_ns = clock_now_ns();
    if (due_ns > now_ns) {
        timeout.tv_sec = (time_t)((due_ns - now_ns) / NS_PER_S);
        timeout.tv_nsec = (long)((due_ns - now_ns) % NS_PER_S);
    }
    return ppoll(fds, 2, &timeout, NULL);
}

/* Obey the signals that have come since the last time: the first asks for an orderly stop, the
 * second ends all at once. */
static void crew_obey(struct crew *crew)
{
    unsigned stops = signals_stops(), asks = signals_asks();

    if (stops != crew->stops) {
        bool at_once = crew->stopping || stops > 1;

        crew->stops = stops;
        if (at_once)
            signals_extend(CREW_END_NS);
        crew_stop(crew, at_once ? 1 : clock_now_ns() + crew->args.stop_timeout_ns);
    }
    if (asks != crew->asks) {
        crew->asks = asks;
        if (crew->args.asked)
            crew->args.asked(crew->args.context);
    }
}

/* Wait until all workers have run, passing signals on to them. */
static int crew_wait(struct crew *crew)
{
    struct pollfd fds[] = {{.fd = signals_watch(), .events = POLLIN},
                           {.fd = crew->done_fd, .events = POLLIN}};
    uint32_t ended_count = 0;

    while (ended_count < crew->args.count) {
        eventfd_t count;

        if (crew_tick_and_poll(crew, fds) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (fds[0].revents & POLLIN && eventfd_read(fds[0].fd, &count) == 0)
            crew_obey(crew);
        if (fds[1].revents & POLLIN && eventfd_read(crew->done_fd, &count) == 0)
            ended_count = crew_look_after(crew);
    }
    return 0;
}

int crew_run(struct crew *crew, char error[CREW_ERROR_BYTES])
{
    int result = crew_wait(crew);
    int lost = 0;

    if (result < 0) {
        snprintf(error, CREW_ERROR_BYTES, "cannot wait for signals: %s", strerror(-result));
        crew_stop(crew, 1);
    }
    if (crew->args.tick)
        crew->args.tick(crew->args.context, true);
    for (uint32_t i = 0; i < crew->args.count; i++) {
        int broken = worker_join(crew->workers[i]);

        lost = broken < 0 ? broken : lost;
    }
    if (result == 0 && lost < 0 &&
        (!crew->args.job->renew || crew->lost_count == crew->args.count)) {
        result = lost;
        snprintf(error, CREW_ERROR_BYTES, "%s%s; start it again",
                 crew->args.job->renew ? "no worker is left, the last was " : "", crew->broken);
    }
    signals_unwatch();
    crew_free(crew);
    return result;
}
