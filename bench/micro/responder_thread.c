#include "responder_thread.h"

#include "base/clock.h"
#include "base/units.h"
#include "server/listeners.h"
#include "server/responder.h"
#include "workers/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#define BACKLOG 4096
#define STOP_NS (10 * NS_PER_S) /* how long open connections may take to end */

struct responder_thread {
    struct listeners listeners;
    int done_fd; /* not read */
    struct conditions conditions;
    struct responder_args args;
    struct responder *responder;
    struct worker *worker;
};

/* Dropped: shortages also show in the counts. */
static void responder_is_silent(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static void responder_thread_free(struct responder_thread *thread)
{
    if (thread->done_fd >= 0)
        close(thread->done_fd);
    free(thread->responder);
    listeners_close(&thread->listeners);
    conditions_release(&thread->conditions);
    free(thread);
}

/* Listen on the loopback address of a family. Returns 0, or -errno with one line in error. */
static int loopback_listen(struct listeners *listeners, int family,
                           char error[RESPONDER_ERROR_BYTES])
{
    struct listeners_args args = {
        .count = 1, .backlog = BACKLOG, .stop_fd = -1, .notice = responder_is_silent};
    struct failure failure;
    int result;

    if (family == AF_INET6)
        args.address = (struct address){
            .v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
        };
    else
        args.address = (struct address){
            .v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}},
        };
    result = listeners_open(listeners, &args, &failure);
    if (result < 0)
        snprintf(error, RESPONDER_ERROR_BYTES, "%.*s", RESPONDER_ERROR_BYTES - 1, failure.line);
    return result;
}

/* Start the worker with its job. Returns 0, or -errno with one line in error. */
static int responder_thread_work(struct responder_thread *thread,
                                 const struct responder_thread_args *args,
                                 char error[RESPONDER_ERROR_BYTES])
{
    struct worker_args worker_args = {
        .cpu = args->cpu,
        .class = args->class,
        .listener_fd = &thread->listeners.fds[0],
        .sockets_max = args->sockets_max,
        .job = &responder_job,
        .done_fd = thread->done_fd,
    };
    struct engine_failure failure = {.step = "allocation", .error = ENOMEM};
    int result = -ENOMEM;

    thread->responder = responder_new(&thread->args);
    worker_args.state = thread->responder;
    if (thread->responder && thread->done_fd >= 0)
        result = worker_start(&worker_args, &thread->worker, &failure);
    if (result < 0)
        snprintf(error, RESPONDER_ERROR_BYTES, "no responder with %s: %s: %s; %s",
                 args->class->name, failure.step, strerror(failure.error), failure.advice);
    return result;
}

int responder_thread_start(const struct responder_thread_args *args,
                           struct responder_thread **ret_thread, char error[RESPONDER_ERROR_BYTES])
{
    struct responder_thread *thread = calloc(1, sizeof(*thread));
    int result;

    if (!thread) {
        snprintf(error, RESPONDER_ERROR_BYTES, "no memory for a responder");
        return -ENOMEM;
    }
    conditions_init(&thread->conditions, responder_is_silent, NULL);
    thread->done_fd = eventfd(0, EFD_CLOEXEC);
    result = loopback_listen(&thread->listeners, args->family, error);
    if (result < 0) {
        responder_thread_free(thread);
        return result;
    }
    thread->args = (struct responder_args){
        .listeners = &thread->listeners,
        .listener_fd = thread->listeners.fds[0],
        .connections_max = args->connections_max,
        .settings = args->settings,
        .conditions = &thread->conditions,
    };
    result = responder_thread_work(thread, args, error);
    if (result < 0) {
        responder_thread_free(thread);
        return result;
    }
    worker_go(thread->worker);
    *ret_thread = thread;
    return 0;
}

const struct address *responder_thread_address(const struct responder_thread *thread)
{
    return &thread->listeners.address;
}

int responder_thread_stop(struct responder_thread *thread, struct outcome_counts *ret_counts)
{
    int result;

    worker_stop(thread->worker, clock_now_ns() + STOP_NS);
    result = worker_join(thread->worker);
    *ret_counts = *responder_counts(thread->responder);
    responder_thread_free(thread);
    return result;
}
