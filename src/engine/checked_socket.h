/* Shared by the files of the checking engine, and private to them: what it knows about its owner's
 * sockets. */
#ifndef HELLO_CHECKED_SOCKET_H
#define HELLO_CHECKED_SOCKET_H

#include "engine/engine.h"

#include <pthread.h>

#include <netinet/in.h>

/* The state of one socket, by its number. */
struct checked_socket {
    bool known;           /* used with this engine before */
    bool open;            /* the owner's, not closed yet */
    bool finished;        /* its FIN was sent */
    uint8_t op;           /* the pending one, an enum engine_op */
    uint32_t bytes;       /* requested to be moved */
    uint64_t token;       /* the owner's */
    uint64_t inner_token; /* for the engine within, see inner_token_new */
    const void *data;     /* to send: must not change until the event ... */
    uint64_t data_hash;
    const struct sockaddr *address; /* to connect to: the owner's, until the next wait ... */
    struct sockaddr_in6 copy;       /* ... and the one of the engine within, wiped then */
    uint32_t address_bytes;
    uint32_t next_connect; /* the next socket that connects since the last wait */
    uint32_t next_pending; /* the next socket whose token is in the same bucket */
};

/* Ends a list of sockets: no socket has this number. */
#define NO_SOCKET UINT32_MAX

struct checked {
    struct engine engine;
    struct engine_class class; /* this one, with the strings of the engine within */
    struct engine *within;
    pthread_t thread;
    uint32_t sockets_max;
    struct checked_socket *sockets; /* sockets_max of them, touched as numbers are used */
    uint32_t *buckets; /* sockets_max of them: first socket whose token is in it, + 1 */
    uint32_t sequence; /* counts operations */
    uint32_t first_connect;
    bool accepting;
    uint32_t capacity;    /* connections that may still be accepted */
    int abandoned;        /* a socket closed while an operation was pending ... */
    uint8_t abandoned_op; /* ... which was this; ENGINE_OP_NONE: no such socket */
};

/* Its operations; with the names filled in they become the class of an engine. */
extern const struct engine_class checked_class;

/* The engine, in its own thread. */
struct checked *checked_of(struct engine *engine);

/* The `destroy` of its class. */
void checked_destroy(struct engine *engine);

/* A socket that its owner may use. */
struct checked_socket *checked_socket_at(struct checked *checked, int sock);

/* A socket for immediate use: neither this operation nor a connect is pending on it. */
struct checked_socket *checked_socket_without(struct checked *checked, int sock, enum engine_op op);

/* The owner gets a socket. Its number is its own until it is closed. */
void checked_socket_open(struct checked *checked, int sock);

/* An operation is about to be queued. Returns the token for the engine within: the socket below a
 * sequence number, so that a duplicate, late or unexpected event is recognised. */
uint64_t checked_socket_begin(struct checked *checked, int sock, enum engine_op op, uint64_t token,
                              uint32_t bytes);

/* Nothing is pending any more: the event came, or queueing failed. */
void checked_socket_end(struct checked *checked, int sock);

/* The pending operation may now act on a descriptor or memory with another owner, so engine_wait
 * must not be called any more. */
void checked_socket_abandon(struct checked *checked, int sock);

/* The socket of an event from the engine within: its operation is pending, and is reported once,
 * with its token. */
uint32_t checked_socket_of_event(struct checked *checked, const struct engine_event *event);

/* A hash of the data to send. */
uint64_t checked_hash(const void *data, uint32_t bytes);

#endif
