/* Shared by the files that implement connections, and private to them. */
#ifndef HELLO_CONNECTION_STATE_H
#define HELLO_CONNECTION_STATE_H

#include "server/connection.h"

enum connection_state {
    CONNECTION_CLOSED,    /* not in use */
    CONNECTION_ASKING,    /* a recv is pending: its request has not come */
    CONNECTION_GREETING,  /* a send is pending */
    CONNECTION_RETRYING,  /* nothing is pending; the failed operation is retried when due */
    CONNECTION_LEAVING,   /* half-closed; nothing is pending while the client has time to close */
    CONNECTION_LINGERING, /* half-closed; a recv is pending */
    CONNECTION_STATE_COUNT,
};

struct connection {
    _Alignas(64) struct slab_item item; /* one cache line each; a slab begins with a page */
    int sock;
    uint8_t state;    /* enum connection_state */
    bool cancelled;   /* its deadline came: the pending operation will end ... */
    uint8_t ending;   /* ... and the connection with it, in this enum outcome */
    bool half_closed; /* greeted: only draining is left */
    bool late;        /* at a deadline the client had not acknowledged all */
    uint8_t retries;  /* operations that failed for lack of memory */
    bool asks;        /* its request has not come */
    uint8_t answer;   /* enum answer; unless it asks */
    uint32_t sent_bytes;
    union {
        uint32_t left_bytes;    /* unacknowledged at the last deadline, FIN included */
        unsigned char input[4]; /* while it asks: what its recv reads */
    };
    union {
        union request_progress request; /* while it asks */
        uint32_t place;                 /* of its settings, in connections.uses; unless it asks */
    };
    uint64_t begun_ns; /* accepted, or its request had come */
    struct deadline deadline;
};
_Static_assert(sizeof(struct connection) == 64, "a connection is one cache line");

/* Change the state, by the table of moves. */
void connection_move(struct connection *connection, enum connection_state state);

/* The operation that is pending on an open connection. */
enum engine_op connection_pending(const struct connection *connection);

/* Places must be freed soon: more than half of them are taken. */
bool connections_scarce(const struct connections *connections);

/* The part of the answer that the kernel has not taken yet. */
uint32_t connection_rest_bytes(const struct connections *connections,
                               const struct connection *connection);

/* It had the whole delivery timeout. */
bool connection_is_overdue(const struct connections *connections,
                           const struct connection *connection, uint64_t now_ns);

/* It was accepted: wait for its request. */
void connection_ask(struct connections *connections, struct connection *connection,
                    uint64_t now_ns);

/* Its recv ended with this result. */
void connection_asked(struct connections *connections, struct connection *connection, int result,
                      uint64_t now_ns);

/* Go on to ask: what was pending has not happened, as it failed, or as there is another engine. */
void connection_resume_asking(struct connections *connections, struct connection *connection,
                              uint64_t now_ns);

/* Begin to send an answer. Nothing is pending. */
void connection_answer(struct connections *connections, struct connection *connection,
                       enum answer answer, uint64_t now_ns);

/* Send the rest of the answer. */
void connection_send(struct connections *connections, struct connection *connection,
                     uint64_t now_ns);

/* Receive input, and discard it. */
void connection_drain(struct connections *connections, struct connection *connection,
                      unsigned flags, uint64_t now_ns);

/* An operation failed, or could not be queued. A shortage may be over soon; a client that reset the
 * connection, or whose host is gone, stays gone. */
void connection_fail(struct connections *connections, struct connection *connection, int error,
                     uint64_t now_ns);

/* The only exit of a connection. Nothing is pending on its socket, unless it is abandoned. */
void connection_close(struct connections *connections, struct connection *connection,
                      enum outcome outcome, uint64_t now_ns);

#endif
