#include "server/responder.h"

#include "base/check.h"
#include "base/clock.h"
#include "net/listener.h"
#include "net/peer_error.h"
#include "server/responder_state.h"
#include "server/salvage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Iterations for events that still wait at the end. */
#define LAST_ITERATIONS_MAX 64

static void responder_cannot_accept(struct responder *responder, const char *call, int error)
{
    struct condition_sight sight =
        condition_sight_of("cannot accept, clients wait in the accept queue", call, error);

    responder->accept_retry_ns = responder->now_ns + RESPONDER_RETRY_NS;
    symptoms_see(&responder->symptoms, condition_cause_of(-error), &sight, responder->now_ns);
}

static void responder_accept_failed(struct responder *responder, int error)
{
    if (error == -ECANCELED || error == -EINTR || peer_error_of_accept(-error) ||
        responder->phase >= RESPONDER_FINISHING) /* the listener is closed: nobody waits */
        return;
    if (listener_has_waiting(responder->args->listener_fd))
        responder_cannot_accept(responder, responder->engine->class->accept_call, error);
    else /* an engine may fail before a client comes */
        responder->accept_retry_ns = responder->now_ns + RESPONDER_RETRY_NS;
}

/* At capacity. New clients wait; that deserves a line only if one does. */
static void responder_check_waiting(struct responder *responder)
{
    const struct responder_args *args = responder->args;
    struct condition_sight sight = {0};

    if (responder->now_ns < responder->waiting_check_ns)
        return;
    responder->waiting_check_ns = responder->now_ns + RESPONDER_CHECK_NS;
    if (!listener_has_waiting(args->listener_fd))
        return;
    snprintf(sight.what, sizeof(sight.what),
             "worker %u has as many connections as --max-connections allows it (%u), others wait",
             args->number, args->connections_max);
    symptoms_see(&responder->symptoms, CONDITION_CAPACITY, &sight, responder->now_ns);
}

/* Report failures that clients did not cause, and sockets that cannot be closed. */
static void responder_check_trouble(struct responder *responder)
{
    const struct connections *connections = &responder->connections;
    const struct connection_trouble *trouble = &connections->trouble;
    /* As in connection_fail: what is short is tried again, a full queue of the engine, too. */
    bool passes =
        condition_cause_of(trouble->error) == CONDITION_MEMORY || trouble->error == ENOSPC;
    struct condition_sight sight;

    if (trouble->count != responder->troubles_seen) {
        responder->troubles_seen = trouble->count;
        responder->troubled_greeted = connections->counts.outcomes[OUTCOME_GREETED];
        sight = condition_sight_of(passes ? "connections are delayed" : "connections fail",
                                   trouble->call, -trouble->error);
        symptoms_see(&responder->symptoms, CONDITION_CONNECTIONS, &sight, responder->now_ns);
    }
    if (responder->engine->close_error) {
        sight = condition_sight_of("sockets cannot be closed", "close",
                                   -responder->engine->close_error);
        responder->engine->close_error = 0;
        responder->troubled_greeted = UINT64_MAX; /* a greeting alone is not enough */
        symptoms_see(&responder->symptoms, CONDITION_CONNECTIONS, &sight, responder->now_ns);
    }
}

/* The symptoms that may be over: their absence proves nothing until the operation was tried
 * again. */
static uint32_t responder_fading(const struct responder *responder)
{
    uint64_t greeted = responder->connections.counts.outcomes[OUTCOME_GREETED];
    uint32_t fading = 1u << CONDITION_CAPACITY;

    if (responder->accepting)
        fading |= 1u << CONDITION_DESCRIPTORS | 1u << CONDITION_MEMORY | 1u << CONDITION_ACCEPTING;
    if (greeted != responder->troubled_greeted)
        fading |= 1u << CONDITION_CONNECTIONS;
    return fading;
}

static void responder_accepted(struct responder *responder, const struct engine_event *event)
{
    responder->accepting = event->more;
    if (event->result < 0) {
        responder_accept_failed(responder, event->result);
        return;
    }
    responder->accepted_ns = responder->now_ns;
    if (responder->args->samples_waits)
        pulse_sample(&responder->pulse, responder->connections.counts.accepted, event->result);
    connection_accept(&responder->connections, event->result, responder->now_ns);
}

static void responder_dispatch(struct responder *responder, const struct engine_event *event)
{
    switch (event->op) {
    case ENGINE_OP_ACCEPT:
        responder_accepted(responder, event);
        break;
    case ENGINE_OP_SEND:
    case ENGINE_OP_RECV:
        connection_event(&responder->connections, event, responder->now_ns);
        break;
    case ENGINE_OP_WAKE: /* each iteration reads stop_deadline_ns */
        break;
    case ENGINE_OP_NONE:
    case ENGINE_OP_CONNECT:
        CHECK(false, "op=%d was never asked for", (int)event->op);
    }
}

/* Accept while below capacity, unless something prevents it. */
static void responder_keep_accepting(struct responder *responder)
{
    uint32_t capacity = connections_capacity(&responder->connections);
    int result;

    if (responder->phase > RESPONDER_EMPTYING || responder->accepting)
        return;
    if (capacity == 0) {
        responder_check_waiting(responder);
        return;
    }
    if (responder->now_ns < responder->accept_retry_ns)
        return;
    result = engine_accept_start(responder->engine, capacity);
    responder->accepting = result == 0;
    if (result < 0)
        responder_cannot_accept(responder, responder->engine->class->watch_call, result);
}

/* Look whether clients wait for whom another process was woken that is gone by now: an accept that
 * begins anew finds them. */
static void responder_look(struct responder *responder)
{
    unsigned looks = atomic_load_explicit(&responder->args->listeners->looks, memory_order_relaxed);

    if (looks == responder->looks)
        return;
    responder->looks = looks;
    if (responder->accepting && responder->phase <= RESPONDER_EMPTYING)
        engine_accept_stop(responder->engine); /* responder_keep_accepting starts it again */
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* How long the next wait may take; -1, for ever, if nothing is due. */
static int64_t responder_timeout_ns(struct responder *responder)
{
    uint64_t due_ns = connections_due_ns(&responder->connections, responder->accepting);
    uint64_t deadline_ns = worker_stop_ns(responder->worker);

    if (!responder->accepting && responder->phase <= RESPONDER_EMPTYING)
        due_ns = earlier(due_ns, connections_capacity(&responder->connections) > 0
                                     ? responder->accept_retry_ns
                                     : responder->waiting_check_ns);
    due_ns = earlier(due_ns, symptoms_due_ns(&responder->symptoms, responder_fading(responder)));
    if (responder->phase == RESPONDER_EMPTYING)
        due_ns = earlier(due_ns, responder_emptied_ns(responder));
    if (deadline_ns)
        due_ns = earlier(due_ns, deadline_ns);
    if (due_ns == DEADLINE_NEVER)
        return -1;
    return due_ns > responder->now_ns ? (int64_t)(due_ns - responder->now_ns) : 0;
}

/* End open connections, so that nothing is pending when they are closed. Those accepted at the very
 * end are also greeted and counted. Returns 0 or -errno (the engine is broken). */
static int responder_end(struct responder *responder, struct engine_event *events)
{
    uint32_t iterations = LAST_ITERATIONS_MAX + connections_open(&responder->connections);
    int count;

    connections_stop(&responder->connections, responder->now_ns);
    do {
        count = engine_wait(responder->engine, 0, events);
        for (int i = 0; i < count; i++)
            responder_dispatch(responder, &events[i]);
    } while (count > 0 && --iterations > 0);
    return count < 0 ? count : 0;
}

/* Once per iteration. */
static void responder_read_clock(struct responder *responder)
{
    uint64_t now_ns = clock_now_ns();

    CHECK(now_ns >= responder->now_ns, "before=%llu now=%llu",
          (unsigned long long)responder->now_ns, (unsigned long long)now_ns);
    responder->now_ns = now_ns;
    pulse_begin(&responder->pulse, now_ns);
}

/* One iteration: handle events, and what is due. */
static void responder_iteration(struct responder *responder, const struct engine_event *events,
                                int count)
{
    responder_read_clock(responder);
    responder_follow_greetings(responder);
    for (int i = 0; i < count; i++)
        responder_dispatch(responder, &events[i]);
    connections_probe(&responder->connections, responder->now_ns);
    if (!engine_is_behind(responder->engine))
        connections_expire(&responder->connections, responder->now_ns);
    responder_look(responder);
    responder_advance(responder);
    responder_keep_accepting(responder);
    responder_check_trouble(responder);
    symptoms_fade(&responder->symptoms, responder_fading(responder), responder->now_ns);
    responder_tidy_greetings(responder);
}

static int responder_run(void *state, const struct worker *worker)
{
    struct responder *responder = state;
    struct engine_event events[ENGINE_EVENTS_MAX];
    int count;

    responder->worker = worker;
    responder_read_clock(responder);
    responder_advance(responder); /* the previous engine may have got the stop's wake-up */
    responder_keep_accepting(responder);
    while (responder->phase != RESPONDER_DONE) {
        pulse_end(&responder->pulse);
        count = engine_wait(responder->engine, responder_timeout_ns(responder), events);
        if (count < 0)
            return count;
        responder_iteration(responder, events, count);
    }
    pulse_cease(&responder->pulse);
    count = responder_end(responder, events);
    if (count < 0)
        return count;
    connections_abandon(&responder->connections, responder->now_ns);
    return 0;
}

static int responder_prepare(void *state, struct engine *engine)
{
    struct responder *responder = state;

    responder->engine = engine;
    return responder_begin_connections(responder);
}

static void responder_renew(void *state, struct engine *engine)
{
    struct responder *responder = state;

    responder->engine = engine;
    responder->accepting = false;
    responder->accept_retry_ns = 0;
    connections_resume(&responder->connections, engine, clock_now_ns());
}

static void responder_salvage(void *state)
{
    struct responder *responder = state;

    pulse_cease(&responder->pulse);
    salvage_run(&(struct salvage){
        .connections = &responder->connections,
        .listeners = responder->args->listeners,
        .number = responder->args->number,
        .listener_fd = responder->phase < RESPONDER_FINISHING ? responder->args->listener_fd : -1,
        .worker = responder->worker,
    });
    symptoms_withdraw(&responder->symptoms);
}

static void responder_release(void *state)
{
    struct responder *responder = state;

    connections_release(&responder->connections);
    responder_end_greetings(responder);
}

const struct worker_job responder_job = {
    .prepare = responder_prepare,
    .run = responder_run,
    .renew = responder_renew,
    .salvage = responder_salvage,
    .release = responder_release,
};

struct responder *responder_new(const struct responder_args *args)
{
    struct responder *responder = calloc(1, sizeof(*responder));

    if (responder) {
        responder->args = args;
        responder->symptoms = symptoms_none(args->conditions);
    }
    return responder;
}

struct responder_view responder_view(const struct responder *responder)
{
    return (struct responder_view){
        .counts = &responder->connections.counts,
        .durations = &responder->connections.durations,
        .pulse = &responder->pulse,
        .conditions = responder->symptoms.begun,
    };
}

const struct outcome_counts *responder_counts(const struct responder *responder)
{
    return &responder->connections.counts;
}
