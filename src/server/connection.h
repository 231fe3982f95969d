/* The life of a connection on the responder's side, for every engine.
 *
 *              accepted
 *                 |
 *             greeting          the greeting goes to the kernel
 *         linger / \ swift
 *        leaving    `---> closed  half-closed; most clients close while nobody waits for them
 *           |
 *       lingering                 what the client says is thrown away until it closes
 *           |
 *         closed
 *
 * What fails for want of memory or room leads to `retrying`, and back when it is tried again.
 *
 * When a deadline comes, patience.h says what to do. If that is to end, the pending operation is
 * cancelled, and when it has ended so does the connection, unless the operation got there after
 * all: the clock starts again then. Each connection ends in exactly one outcome, counted when it
 * closes.
 *
 * linger: send, FIN, drain to the client's FIN, close. Nothing that the client says, or when, can
 * cost it the greeting (RFC 2525 2.17: a close with unread input resets the client, and so does
 * input after the close). What the network loses is waited for.
 *
 * swift: send, throw away what has arrived, close. Cheaper, and as good for clients that have said
 * all before they were greeted. What the network loses the kernel repeats, for as long as it does
 * so for closed sockets.
 *
 * In both, greeting and FIN leave in one segment (MSG_MORE, tcp_send_fin in the kernel).
 *
 * Thread rule: a set of connections belongs to one worker. */
#ifndef HELLO_CONNECTION_H
#define HELLO_CONNECTION_H

#include "base/deadline.h"
#include "base/slab.h"
#include "engine/engine.h"
#include "server/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What failed for want of memory or room is tried again after this time, this often. */
#define CONNECTION_RETRY_NS    UINT64_C(50000000)
#define CONNECTION_RETRIES_MAX 100

/* Clients close when they have read the FIN, mostly a round trip after it was sent. To wait for
 * each costs more than to look at all of them a little later. Any turn after this time makes the
 * look; one is made just for it a while later (leave_slack_ns). */
#define CONNECTION_LEAVE_NS UINT64_C(100000000)

/* So many are looked at in a turn, at most: more than a turn accepts, and few enough that those who
 * come do not wait for long. */
#define CONNECTION_LOOKS_MAX (ENGINE_EVENTS_MAX / 2)

/* A client that had not acknowledged all at the linger timeout is looked at again after this time:
 * no ACK is delayed for longer (RFC 1122 4.2.3.2). */
#define CONNECTION_WATCH_NS UINT64_C(500000000)

/* What all connections share; stays the caller's and must outlive the set. */
struct connection_settings {
    const void *greeting;
    uint32_t greeting_bytes;
    bool linger; /* false: swift */
    uint64_t linger_timeout_ns;
    uint64_t delivery_timeout_ns; /* from accept to the last ACK */
    uint64_t leave_ns; /* what a client gets to close before it is waited for; 0: no such time */
    uint64_t leave_slack_ns; /* what it gets more, while no turn is made anyway */
};

/* What kept connections from going on that was no fault of their clients. */
struct connection_trouble {
    uint64_t count;
    const char *call; /* the system call that failed last, and its errno, positive */
    int error;
};

/* One worker's connections. Private to connection.c, but for `counts` and `trouble`, which may be
 * read. */
struct connections {
    const struct connection_settings *settings;
    struct engine *engine;
    struct slab slab;
    struct deadline_queue greeted; /* linger timeouts */
    struct deadline_queue leaving; /* first looks, after leave_ns */
    struct deadline_queue retries;
    struct deadline_queue undelivered; /* further looks, after CONNECTION_WATCH_NS */
    struct outcome_counts counts;
    struct connection_trouble trouble;
};

/* Make an empty set for at most `capacity` connections. Returns 0 or -ENOMEM. */
int connections_init(struct connections *connections, const struct connection_settings *settings,
                     struct engine *engine, uint32_t capacity);

/* Free the set; a zeroed one is fine. Connections that are still open are not closed. */
void connections_release(struct connections *connections);

/* A connection was accepted: begin its life. The socket belongs to the set from here on. */
void connection_accept(struct connections *connections, int sock, uint64_t now_ns);

/* An operation of a connection ended (ENGINE_OP_SEND or ENGINE_OP_RECV). */
void connection_event(struct connections *connections, const struct engine_event *event,
                      uint64_t now_ns);

/* Go on with another engine: the one before broke, and is destroyed. What was pending is queued
 * anew, and what was being cancelled ends. */
void connections_resume(struct connections *connections, struct engine *engine, uint64_t now_ns);

/* When a turn has to be made for connections_look or connections_expire, or DEADLINE_NEVER. If
 * `others_come`, who may make turns anyway, looks have time for leave_slack_ns. */
uint64_t connections_due_ns(const struct connections *connections, bool others_come);

/* Look at clients that had time to close, CONNECTION_LOOKS_MAX at most. Nothing is pending on them,
 * so this is due in each turn, be the engine behind or not: what is put off piles up. */
void connections_look(struct connections *connections, uint64_t now_ns);

/* True if there are any to be looked at, now or later. */
bool connections_leave(const struct connections *connections);

/* Act on the other deadlines that have come. Not while the engine is behind. */
void connections_expire(struct connections *connections, uint64_t now_ns);

/* How many are open. */
uint32_t connections_open(const struct connections *connections);

/* How many more can be accepted. */
uint32_t connections_room(const struct connections *connections);

/* Begin to end all that are open, counted as abandoned: what is pending on them is cancelled. */
void connections_stop(struct connections *connections, uint64_t now_ns);

/* Close all that are open, counted as abandoned: what of their greetings is not delivered yet is
 * left to the kernel. The engine must not be waited for again. */
void connections_abandon(struct connections *connections);

#endif
