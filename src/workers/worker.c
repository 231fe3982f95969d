#include "workers/worker.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/signals.h"
#include "host/cpus.h"
#include "workers/renewals.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/resource.h>

/* A thread's stack where stacks have no limit (pthread_create(3)). */
#define STACK_BYTES (UINT64_C(2) << 20)

struct worker {
    struct worker_args args;
    int cpu; /* that it is pinned to; -1: any */
    pthread_t thread;
    sem_t ready; /* the worker is prepared, or start_result says why not */
    sem_t go;    /* run, or end at once if not `run` */
    bool run;
    int start_result;
    unsigned engine_features; /* set before it is ready */
    struct engine_failure failure;
    int wake_fd;                       /* written after stop_deadline_ns was set */
    _Atomic uint64_t stop_deadline_ns; /* 0: keep running */
    int run_result;                    /* of the job's run, once it has run */
    atomic_bool has_run;
    struct renewals renewals; /* engines that replaced broken ones */
    pthread_mutex_t lock;     /* for `broken` */
    struct worker_break broken;
    pid_t thread_id;             /* set before it is ready */
    _Atomic uint64_t run_cpu_ns; /* CPU time, once it has run; 0: it has not */
    uint64_t run_wait_ns;        /* waited for a CPU; set before that */
};

static int worker_open(struct worker *worker, struct engine **ret_engine,
                       struct engine_failure *ret_failure)
{
    const struct worker_args *args = &worker->args;
    struct engine_args engine_args = {.connects = !args->listener_fd,
                                      .listener_fd = args->listener_fd ? *args->listener_fd : -1,
                                      .wake_fd = worker->wake_fd,
                                      .sockets_max = args->sockets_max};

    return engine_open(args->class, &engine_args, ret_engine, ret_failure);
}

static int worker_prepare(struct worker *worker, struct engine **ret_engine)
{
    const struct worker_args *args = &worker->args;
    int result;

    if (args->cpu >= 0 && cpus_pin((uint16_t)args->cpu) == 0)
        worker->cpu = cpus_only(); /* an unpinned worker also works, only slower */
    result = worker_open(worker, ret_engine, &worker->failure);
    if (result < 0)
        return result;
    worker->engine_features = (*ret_engine)->features;
    result = args->job->prepare(args->state, *ret_engine);
    if (result < 0)
        engine_fail(&worker->failure, "allocation", result, 0);
    return result;
}

/* Select the next engine. Returns false if there is none. */
static bool worker_turn_to_next(struct worker *worker)
{
    struct worker_args *args = &worker->args;

    if (!args->others || !*args->others)
        return false;
    args->class = *args->others++;
    return true;
}

/* Open a replacement while the broken engine still exists, which holds little by now: the same
 * class again, or the next one if it broke again soon or no longer works. Returns NULL with
 * *ret_failure filled in if there is none. */
static struct engine *worker_open_another(struct worker *worker, struct engine_failure *ret_failure)
{
    struct engine *engine;
    enum renewal renewal;

    *ret_failure = (struct engine_failure){0};
    if (!worker->args.job->renew)
        return NULL;
    renewal = renewals_take(&worker->renewals, clock_now_ns());
    if (renewal == RENEWAL_REFUSED)
        return NULL;
    if (renewal == RENEWAL_AGAIN)
        worker_turn_to_next(worker);
    while (worker_open(worker, &engine, ret_failure) < 0) {
        if (!worker_turn_to_next(worker))
            return NULL;
    }
    return engine;
}

/* Record a break for worker_take_break. The clients wait for this thread: if the other one cannot
 * be woken, it sees the break when something else wakes it. */
static void worker_report_break(struct worker *worker, const struct worker_break *broken)
{
    uint32_t count;

    pthread_mutex_lock(&worker->lock);
    count = worker->broken.count;
    worker->broken = *broken;
    worker->broken.count = count + 1;
    pthread_mutex_unlock(&worker->lock);
    event_raise(worker->args.done_fd);
}

/* Run the job, with another engine whenever one breaks, while there is one. Returns the result of
 * the last run. */
static int worker_run(struct worker *worker, struct engine **engine)
{
    const struct worker_job *job = worker->args.job;
    void *state = worker->args.state;
    int result;

    while ((result = job->run(state, worker)) < 0) {
        const char *call = (*engine)->failed_call;
        struct worker_break broken = {
            .engine = (*engine)->class->name, .call = call ? call : "wait", .error = -result};
        struct engine *another = worker_open_another(worker, &broken.failure);

        broken.next = another ? another->class->name : NULL;
        worker_report_break(worker, &broken);
        if (!another && job->salvage)
            job->salvage(state);
        if (!another)
            break;
        engine_destroy(*engine);
        *engine = another;
        job->renew(state, another);
    }
    return result;
}

/* It has run. The thread that waits for that sleeps without a limit, but during a stop it looks by
 * itself. */
static void worker_report_end(struct worker *worker)
{
    atomic_store(&worker->has_run, true);
    for (unsigned tries = 0; event_raise(worker->args.done_fd) < 0 && tries < EVENT_TRIES_MAX &&
                             worker_stop_ns(worker) == 0;
         tries++)
        clock_pause(EVENT_RETRY_NS);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct engine *engine = NULL;

    worker->thread_id = gettid();
    worker->start_result = worker_prepare(worker, &engine);
    sem_post(&worker->ready);
    while (sem_wait(&worker->go) < 0)
        ;
    if (worker->run)
        worker->run_result = worker_run(worker, &engine);
    engine_destroy(engine);
    worker->args.job->release(worker->args.state);
    worker->run_wait_ns = thread_wait_ns(worker->thread_id);
    atomic_store(&worker->run_cpu_ns, clock_read_ns(CLOCK_THREAD_CPUTIME_ID));
    if (worker->run)
        worker_report_end(worker);
    return NULL;
}

static void worker_free(struct worker *worker)
{
    if (worker->wake_fd >= 0)
        close(worker->wake_fd);
    sem_destroy(&worker->ready);
    sem_destroy(&worker->go);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

static int worker_start_thread(struct worker *worker, struct engine_failure *ret_failure)
{
    struct rlimit stack;
    int result;

    worker->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (worker->wake_fd < 0)
        return engine_fail(ret_failure, "eventfd", -errno, 0);
    result = -pthread_create(&worker->thread, NULL, worker_main, worker);
    if (result == 0)
        return 0;
    if (getrlimit(RLIMIT_STACK, &stack) < 0 || stack.rlim_cur == RLIM_INFINITY)
        stack.rlim_cur = STACK_BYTES;
    return engine_fail(ret_failure, "pthread_create", result, stack.rlim_cur);
}

int worker_start(const struct worker_args *args, struct worker **ret_worker,
                 struct engine_failure *ret_failure)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    int result;

    if (!worker)
        return engine_fail(ret_failure, "allocation", -ENOMEM, 0);
    worker->args = *args;
    worker->cpu = -1;
    sem_init(&worker->ready, 0, 0);
    sem_init(&worker->go, 0, 0);
    pthread_mutex_init(&worker->lock, NULL);
    result = worker_start_thread(worker, ret_failure);
    if (result < 0) {
        worker_free(worker);
        return result;
    }
    while (sem_wait(&worker->ready) < 0)
        ;
    if (worker->start_result < 0) {
        result = worker->start_result;
        *ret_failure = worker->failure;
        worker_join(worker);
        return result;
    }
    *ret_worker = worker;
    return 0;
}

int worker_cpu(const struct worker *worker)
{
    return worker->cpu;
}

unsigned worker_engine_features(const struct worker *worker)
{
    return worker->engine_features;
}

void worker_go(struct worker *worker)
{
    worker->run = true;
    sem_post(&worker->go);
}

void worker_stop(struct worker *worker, uint64_t deadline_ns)
{
    atomic_store(&worker->stop_deadline_ns, deadline_ns);
    for (unsigned tries = 1; event_raise(worker->wake_fd) < 0 && !worker_has_run(worker); tries++) {
        signals_cannot_wake(tries);
        clock_pause(EVENT_RETRY_NS);
    }
}

void worker_wake(struct worker *worker)
{
    event_raise(worker->wake_fd);
}

uint64_t worker_stop_ns(const struct worker *worker)
{
    return atomic_load(&worker->stop_deadline_ns);
}

bool worker_has_run(const struct worker *worker)
{
    return atomic_load(&worker->has_run);
}

bool worker_take_break(struct worker *worker, struct worker_break *ret_break)
{
    pthread_mutex_lock(&worker->lock);
    *ret_break = worker->broken;
    worker->broken.count = 0;
    pthread_mutex_unlock(&worker->lock);
    return ret_break->count > 0;
}

struct thread_time worker_time(const struct worker *worker)
{
    struct thread_time time = {.wait_ns = thread_wait_ns(worker->thread_id)};
    uint64_t run_ns = atomic_load(&worker->run_cpu_ns);
    clockid_t clock;

    if (run_ns == 0 && pthread_getcpuclockid(worker->thread, &clock) == 0)
        time.run_ns = clock_read_ns(clock); /* 0 if it ends just now ... */
    run_ns = atomic_load(&worker->run_cpu_ns);
    if (run_ns != 0) /* ... so then this is set */
        time = (struct thread_time){.run_ns = run_ns, .wait_ns = worker->run_wait_ns};
    return time;
}

int worker_join(struct worker *worker)
{
    int result;

    if (!worker)
        return 0;
    if (!worker->run)
        sem_post(&worker->go);
    pthread_join(worker->thread, NULL);
    result = worker->run_result;
    worker_free(worker);
    return result;
}
