#include "server/responder.h"

#include "base/clock.h"
#include "net/listener.h"
#include "net/peer_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Turns that may be spent on events that wait when all is over. */
#define LAST_TURNS_MAX 64

enum responder_phase {
    RESPONDER_SERVING,
    RESPONDER_EMPTYING,  /* stopping: the accept queue is emptied */
    RESPONDER_CLOSING,   /* accepting ends; its last connections come */
    RESPONDER_FINISHING, /* the listener is closed; connections end */
    RESPONDER_DONE,
};

struct responder {
    const struct responder_args *args;
    const struct worker *worker;
    struct engine *engine;
    struct connections connections;
    enum responder_phase phase;
    uint64_t now_ns; /* read once a turn */
    bool accepting;
    uint64_t accept_retry_ns; /* not before this time; 0: any time */
    uint64_t stopped_ns;      /* when the stop began */
    uint64_t accepted_ns;     /* when the last connection came, or the stop began */
    bool scarce;              /* told of, and not over */
    bool starved;             /* accepting ended for scarcity, and has not begun again */
    uint64_t scarce_ns;       /* when it last showed */
};

static void responder_notice(const struct responder *responder, const char *what,
                             const char *advice)
{
    char line[256];

    snprintf(line, sizeof(line), "worker %u: %s%s%s", responder->args->number, what,
             advice ? "; " : "", advice ? advice : "");
    responder->args->notice(responder->args->context, line);
}

static void responder_scarce(struct responder *responder, const char *what, const char *advice)
{
    responder->scarce_ns = responder->now_ns;
    responder->starved = true;
    if (responder->scarce)
        return;
    responder->scarce = true;
    responder_notice(responder, what, advice);
}

static void responder_accept_failed(struct responder *responder, int error)
{
    char what[160];
    const char *advice = "see accept(2)";

    if (error == -ECANCELED || error == -EINTR || peer_error_of_accept(-error))
        return;
    responder->accept_retry_ns = responder->now_ns + RESPONDER_RETRY_NS;
    if (!listener_has_waiting(responder->args->listener_fd))
        return; /* an engine may fail before anybody comes */
    if (error == -EMFILE)
        advice = "raise the descriptor limit (ulimit -n, LimitNOFILE=)";
    else if (error == -ENFILE)
        advice = "raise the sysctl fs.file-max";
    else if (error == -ENOMEM || error == -ENOBUFS || error == -EAGAIN)
        advice = "the kernel is short of memory";
    snprintf(what, sizeof(what), "cannot accept: %s; clients wait in the accept queue",
             strerror(-error));
    responder_scarce(responder, what, advice);
}

static void responder_accepted(struct responder *responder, const struct engine_event *event)
{
    responder->accepting = event->more;
    if (event->result < 0) {
        responder_accept_failed(responder, event->result);
        return;
    }
    responder->accepted_ns = responder->now_ns;
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
    case ENGINE_OP_WAKE:    /* stop_deadline_ns is looked at in every turn */
    case ENGINE_OP_CONNECT: /* never asked for */
        break;
    }
}

/* Accept whenever there is room and nothing speaks against it. */
static void responder_keep_accepting(struct responder *responder)
{
    uint32_t room = connections_room(&responder->connections);

    if (responder->phase > RESPONDER_EMPTYING || responder->accepting)
        return;
    if (room == 0) {
        responder_scarce(responder, "as many connections as --max-connections allows; others wait",
                         NULL);
        return;
    }
    if (responder->now_ns < responder->accept_retry_ns)
        return;
    if (responder->starved)
        responder->scarce_ns = responder->now_ns;
    responder->starved = false;
    if (engine_accept_start(responder->engine, room) == 0)
        responder->accepting = true;
    else
        responder->accept_retry_ns = responder->now_ns + RESPONDER_RETRY_NS;
}

static void responder_end_scarcity(struct responder *responder)
{
    if (responder->scarce && responder->accepting &&
        responder->now_ns >= responder->scarce_ns + RESPONDER_SCARCITY_NS) {
        responder->scarce = false;
        responder_notice(responder, "accepting freely again", NULL);
    }
}

/* True if the listener is to be closed at the next moment at which nobody waits: new connections
 * begin all the time, so it will not become quiet. */
static bool responder_hurries(const struct responder *responder)
{
    return !responder->args->listeners->refusing &&
           responder->now_ns >= responder->stopped_ns + RESPONDER_UNFILTERED_NS;
}

/* True if a connection waits that is to be served: those that have begun, if there is no end to
 * others those that came in time. */
static bool responder_is_waited_for(const struct responder *responder)
{
    return listener_has_waiting(responder->args->listener_fd) &&
           (responder->args->listeners->refusing ||
            responder->now_ns < responder->stopped_ns + RESPONDER_HANDSHAKES_NS);
}

/* True if there is a connection to wait for before the listener is closed. */
static bool responder_expects_more(const struct responder *responder)
{
    if (responder_is_waited_for(responder))
        return true; /* there is no room for it yet */
    return !responder_hurries(responder) &&
           responder->now_ns < responder->stopped_ns + RESPONDER_HANDSHAKES_NS &&
           listeners_have_handshakes(responder->args->listeners, responder->now_ns);
}

/* Move on from phase to phase once a stop was asked for. */
static void responder_advance(struct responder *responder)
{
    uint64_t deadline_ns = worker_stop_ns(responder->worker);

    if (deadline_ns == 0)
        return;
    if (responder->phase == RESPONDER_SERVING) {
        responder->phase = RESPONDER_EMPTYING;
        responder->stopped_ns = responder->accepted_ns = responder->now_ns;
    }
    if (responder->phase == RESPONDER_EMPTYING &&
        (responder_hurries(responder) ||
         responder->now_ns >= responder->accepted_ns + RESPONDER_QUIET_NS)) {
        if (responder_expects_more(responder))
            responder->accepted_ns = responder->now_ns; /* look again later */
        else
            responder->phase = RESPONDER_CLOSING;
    }
    if (responder->phase == RESPONDER_CLOSING && responder->accepting)
        engine_accept_stop(responder->engine);
    if (responder->phase == RESPONDER_CLOSING && !responder->accepting) {
        responder->phase =
            responder_is_waited_for(responder) ? RESPONDER_EMPTYING : RESPONDER_FINISHING;
        if (responder->phase == RESPONDER_FINISHING)
            listeners_close_one(responder->args->listeners, responder->args->number);
    }
    if (responder->now_ns >= deadline_ns || (responder->phase == RESPONDER_FINISHING &&
                                             connections_open(&responder->connections) == 0)) {
        if (responder->phase != RESPONDER_FINISHING)
            listeners_close_one(responder->args->listeners, responder->args->number);
        responder->phase = RESPONDER_DONE;
    }
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* How long the next wait may take: -1, for ever, when nothing is due. */
static int64_t responder_timeout_ns(struct responder *responder)
{
    uint64_t due_ns = connections_due_ns(&responder->connections, responder->accepting);
    uint64_t deadline_ns = worker_stop_ns(responder->worker);

    if (!responder->accepting && responder->phase <= RESPONDER_EMPTYING &&
        connections_room(&responder->connections) > 0)
        due_ns = earlier(due_ns, responder->accept_retry_ns);
    if (responder->scarce && responder->accepting)
        due_ns = earlier(due_ns, responder->scarce_ns + RESPONDER_SCARCITY_NS);
    if (responder->phase == RESPONDER_EMPTYING)
        due_ns = earlier(due_ns, responder->accepted_ns + RESPONDER_QUIET_NS);
    if (deadline_ns)
        due_ns = earlier(due_ns, deadline_ns);
    if (due_ns == DEADLINE_NEVER)
        return -1;
    return due_ns > responder->now_ns ? (int64_t)(due_ns - responder->now_ns) : 0;
}

static int responder_run(void *state, const struct worker *worker)
{
    struct responder *responder = state;
    struct engine_event events[ENGINE_EVENTS_MAX];
    int count = 0;

    responder->worker = worker;
    responder->now_ns = clock_now_ns();
    responder_keep_accepting(responder);
    while (responder->phase != RESPONDER_DONE && count >= 0) {
        count = engine_wait(responder->engine, responder_timeout_ns(responder), events);
        responder->now_ns = clock_now_ns();
        for (int i = 0; i < count; i++)
            responder_dispatch(responder, &events[i]);
        connections_look(&responder->connections, responder->now_ns);
        if (!engine_is_behind(responder->engine))
            connections_expire(&responder->connections, responder->now_ns);
        responder_advance(responder);
        responder_keep_accepting(responder);
        responder_end_scarcity(responder);
    }
    /* What came in at the very end is counted, too. */
    for (int turn = 0; turn < LAST_TURNS_MAX && count > 0; turn++) {
        count = engine_wait(responder->engine, 0, events);
        for (int i = 0; i < count; i++)
            responder_dispatch(responder, &events[i]);
    }
    connections_abandon(&responder->connections);
    return count < 0 ? count : 0;
}

static int responder_prepare(void *state, struct engine *engine)
{
    struct responder *responder = state;

    responder->engine = engine;
    return connections_init(&responder->connections, responder->args->settings, engine,
                            responder->args->connections_max);
}

static void responder_release(void *state)
{
    struct responder *responder = state;

    connections_release(&responder->connections);
}

const struct worker_job responder_job = {
    .prepare = responder_prepare,
    .run = responder_run,
    .release = responder_release,
};

struct responder *responder_new(const struct responder_args *args)
{
    struct responder *responder = calloc(1, sizeof(*responder));

    if (responder)
        responder->args = args;
    return responder;
}

const struct outcome_counts *responder_counts(const struct responder *responder)
{
    return &responder->connections.counts;
}
