/* How a responder stops. Alone at its listener: new connections are refused, those that have begun
 * are waited for and accepted, then the listener is closed. Where another process goes on
 * accepting, new clients are its own, and it never gets quiet: pending accepts are cancelled, and
 * who waits then is accepted, until nobody does. */
#include "net/listener.h"
#include "server/responder_state.h"

/* True if another process goes on accepting from the listener. */
static bool responder_is_relieved(const struct responder *responder)
{
    return listeners_is_shared(responder->args->listeners, responder->args->number);
}

/* True if no new connection begins there. */
static bool responder_is_refusing(const struct responder *responder)
{
    return listeners_is_refusing(responder->args->listeners, responder->args->number);
}

/* True if the listener must be closed as soon as no client waits: new connections keep beginning,
 * so it will not become quiet. */
static bool responder_hurries(const struct responder *responder)
{
    return responder_is_relieved(responder) ||
           (!responder_is_refusing(responder) &&
            responder->now_ns >= responder->stopped_ns + RESPONDER_UNFILTERED_NS);
}

/* True if a waiting connection must be served: any that has begun or, if new ones never end, any
 * that came in time. One at a shared listener must be served although another process accepts
 * there: that one may not have been woken for it, because the kernel wakes one waiting accept
 * (io_uring's too) per client, and ours may have been cancelled after that. */
static bool responder_is_waited_for(const struct responder *responder)
{
    if (responder_is_relieved(responder) && (connections_capacity(&responder->connections) == 0 ||
                                             responder->now_ns < responder->accept_retry_ns))
        return false; /* we cannot */
    return listener_has_waiting(responder->args->listener_fd) &&
           (responder_is_refusing(responder) ||
            responder->now_ns < responder->stopped_ns + RESPONDER_HANDSHAKES_NS);
}

/* True if the listener must stay open for a connection. */
static bool responder_expects_more(const struct responder *responder)
{
    if (responder_is_waited_for(responder))
        return true; /* no capacity for it yet */
    return !responder_hurries(responder) &&
           responder->now_ns < responder->stopped_ns + RESPONDER_HANDSHAKES_NS &&
           listeners_have_handshakes(responder->args->listeners, responder->now_ns);
}

uint64_t responder_emptied_ns(const struct responder *responder)
{
    /* A client that waits is an event soon, unless the other process takes it. */
    return responder_is_relieved(responder) ? responder->now_ns + RESPONDER_RELIEVED_NS
                                            : responder->accepted_ns + RESPONDER_QUIET_NS;
}

void responder_advance(struct responder *responder)
{
    uint64_t deadline_ns = worker_stop_ns(responder->worker);

    if (deadline_ns == 0)
        return;
    if (responder->phase == RESPONDER_SERVING) {
        responder->phase =
            responder_is_relieved(responder) ? RESPONDER_CLOSING : RESPONDER_EMPTYING;
        responder->stopped_ns = responder->accepted_ns = responder->now_ns;
    }
    if (responder->phase == RESPONDER_EMPTYING &&
        (responder_hurries(responder) ||
         responder->now_ns >= responder->accepted_ns + RESPONDER_QUIET_NS)) {
        if (responder_expects_more(responder))
            responder->accepted_ns = responder->now_ns; /* check again later */
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
