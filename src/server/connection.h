/* The life of a connection on the responder's side, for every engine.
 *
 *              accepted
 *                 |   `------.
 *                 |        asking   (--greet-after, --answer) until its request has come
 *                 |   .------'   `---> closed   it has not, in time
 *             greeting          the greeting goes to the kernel
 *         linger / \ swift
 *        leaving    `---> closed  half-closed; most clients close before the first probe
 *           |
 *       lingering                 input is discarded until the client closes
 *           |
 *         closed
 *
 * A shortage of memory or queue space leads to `retrying`, and back when it is tried again.
 *
 * At a deadline, patience.h decides what to do. To end a connection, the pending operation is
 * cancelled; when it has ended, the connection ends, unless the operation succeeded after all: then
 * the timeout starts again. Each connection ends in exactly one outcome, counted when it closes.
 *
 * linger: send, FIN, drain to the client's FIN, close. No input, at any time, can cost the client
 * its greeting (RFC 2525 2.17: a close with unread input resets the client, and so does input after
 * the close). The connection waits until lost segments are retransmitted.
 *
 * swift: send, discard the input that has arrived, close. Cheaper, and as good for clients that
 * send all their input before the greeting. The kernel retransmits lost segments as long as it does
 * so for closed sockets.
 *
 * asking: input is read at once into a buffer on the stack, and matched (request.h). While there is
 * none, a recv for a few bytes waits in the connection itself.
 *
 * In both, greeting and FIN leave in one segment (MSG_MORE, tcp_send_fin in the kernel).
 *
 * Thread rule: a set of connections belongs to one worker. */
#ifndef HELLO_CONNECTION_H
#define HELLO_CONNECTION_H

#include "base/deadline.h"
#include "base/slab.h"
#include "engine/engine.h"
#include "server/durations.h"
#include "server/outcome.h"
#include "server/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A failure for lack of memory or queue space is retried after this time, this often. */
#define CONNECTION_RETRY_NS    UINT64_C(50000000)
#define CONNECTION_RETRIES_MAX 100

/* Clients close when they have read the FIN, mostly one round trip after it was sent. Waiting for
 * each costs more than probing all of them a little later. Any iteration after this time probes;
 * leave_slack_ns later one is made just for it. */
#define CONNECTION_LEAVE_NS UINT64_C(100000000)

/* FIN probes per iteration, at most: more than an iteration accepts, and few enough that new
 * clients do not wait long. */
#define CONNECTION_PROBES_MAX (ENGINE_EVENTS_MAX / 2)

/* A client that had not acknowledged all at the linger timeout is checked again after this time: no
 * ACK is delayed longer (RFC 1122 4.2.3.2). */
#define CONNECTION_WATCH_NS UINT64_C(500000000)

/* A client that asks has this time where its place is needed: those who ask slowly, or never, take
 * no more than half of the places for longer. */
#define CONNECTION_HURRY_NS UINT64_C(100000000)

/* So many settings at most are in use at once by the connections of a set. */
#define CONNECTION_SETTINGS_MAX 16

/* What connections share; stays the caller's and must not change while in use. */
struct connection_settings {
    const void *greeting;
    uint32_t greeting_bytes;
    bool linger; /* false: swift */
    uint64_t linger_timeout_ns;
    uint64_t delivery_timeout_ns;  /* from accept, or the request, to the last ACK */
    uint64_t leave_ns;             /* time to close before the first probe; 0: no probe */
    uint64_t leave_slack_ns;       /* more time, while no other iteration is made */
    const struct request *request; /* what a client must send first; NULL: nothing */
};

/* Failures of connections that their clients did not cause. */
struct connection_trouble {
    uint64_t count;
    const char *call; /* the system call that failed last, and its errno, positive */
    int error;
};

/* Settings in use, and how many connections were answered with them and are open. */
struct connection_uses {
    const struct connection_settings *settings;
    uint32_t count;
};

/* One worker's connections. Private to connection.c, except `counts`, `durations` and `trouble`,
 * which may be read; the first two by any thread (base/counter.h). */
struct connections {
    const struct connection_settings *settings; /* of the next that is answered ... */
    uint32_t place;                             /* ... which are here in `uses` */
    struct connection_uses uses[CONNECTION_SETTINGS_MAX];
    struct engine *engine;
    struct slab slab;
    struct deadline_queue greeted; /* linger timeouts */
    struct deadline_queue leaving; /* first probes, after leave_ns */
    struct deadline_queue retries;
    struct deadline_queue undelivered; /* further checks, after CONNECTION_WATCH_NS */
    struct deadline_queue asking;      /* request timeouts */
    struct outcome_counts counts;
    struct durations
        durations; /* from accept to end, to an iteration of the worker; of all ended */
    struct connection_trouble trouble;
};

/* Make an empty set for at most `capacity` connections, with these settings at place 0. Returns 0
 * or -ENOMEM. */
int connections_init(struct connections *connections, const struct connection_settings *settings,
                     struct engine *engine, uint32_t capacity);

/* Free the set; a zeroed one is fine. Connections that are still open are not closed. */
void connections_release(struct connections *connections);

/* Answer with these settings from now on; those who were answered before keep theirs to their end.
 * Only the greeting may differ, with the answers made of it. `place`, below
 * CONNECTION_SETTINGS_MAX, is the caller's choice: nobody uses other settings at it. */
void connections_settle(struct connections *connections, uint32_t place,
                        const struct connection_settings *settings);

/* How many open connections were answered with the settings at a place. */
static inline uint32_t connections_users(const struct connections *connections, uint32_t place)
{
    return connections->uses[place].count;
}

/* A connection was accepted: start it. From now on the set owns the socket. */
void connection_accept(struct connections *connections, int sock, uint64_t now_ns);

/* An operation of a connection ended (ENGINE_OP_SEND or ENGINE_OP_RECV). */
void connection_event(struct connections *connections, const struct engine_event *event,
                      uint64_t now_ns);

/* Continue with another engine: the previous one broke and is destroyed. Pending operations are
 * queued again; what was being cancelled ends. */
void connections_resume(struct connections *connections, struct engine *engine, uint64_t now_ns);

/* When connections_probe or connections_expire needs an iteration, or DEADLINE_NEVER. If
 * `others_come`, and so may cause an iteration anyway, probes can wait for leave_slack_ns. */
uint64_t connections_due_ns(const struct connections *connections, bool others_come);

/* Probe clients that had time to close, CONNECTION_PROBES_MAX at most. Nothing is pending on them,
 * so call it in each iteration, even when the engine is behind: deferred probes accumulate. */
void connections_probe(struct connections *connections, uint64_t now_ns);

/* True if any must be probed, now or later. */
bool connections_leave(const struct connections *connections);

/* Act on the other deadlines that have come. Not while the engine is behind. */
void connections_expire(struct connections *connections, uint64_t now_ns);

/* How many are open. */
uint32_t connections_open(const struct connections *connections);

/* How many more can be accepted. */
uint32_t connections_capacity(const struct connections *connections);

/* Begin to end all open connections, counted as abandoned: pending operations are cancelled. */
void connections_stop(struct connections *connections, uint64_t now_ns);

/* Close all open connections, counted as abandoned: the kernel delivers the rest of their
 * greetings. engine_wait must not be called again. */
void connections_abandon(struct connections *connections, uint64_t now_ns);

#endif
