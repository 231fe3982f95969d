/* What the files of the checking engine share, and what it knows of its owner's sockets. Private to
 * them. */
#ifndef HELLO_CHECKED_SOCKET_H
#define HELLO_CHECKED_SOCKET_H

#include "engine/engine.h"

#include <pthread.h>

#include <netinet/in.h>

/* What is known of one socket, by its number. */
struct checked_socket {
    bool known;           /* it was used with this engine */
    bool open;            /* the owner's, and not closed since */
    bool finished;        /* its FIN was sent */
    uint8_t op;           /* that is pending, an enum engine_op */
    uint32_t bytes;       /* that it was asked to move */
    uint64_t token;       /* the owner's */
    uint64_t inner_token; /* what the engine within has for it, see inner_token_new */
    const void *data;     /* to be sent: stays as it is until the event ... */
    uint64_t data_hash;
    const struct sockaddr *address; /* to connect to: the owner's, until the next wait, ... */
    struct sockaddr_in6 copy;       /* ... and what the engine within has, wiped out then */
    uint32_t address_bytes;
    uint32_t next_connect; /* the next socket that connects since the last wait */
    uint32_t next_pending; /* the next socket whose token is in the same bucket */
};

/* Ends a list of sockets: no socket has this number. */
#define NO_SOCKET UINT32_MAX

struct checked {
    struct engine engine;
    struct engine_class class; /* this one, with the words of the engine within */
    struct engine *within;
    pthread_t thread;
    uint32_t sockets_max;
    struct checked_socket *sockets; /* sockets_max of them, touched as numbers are used */
    uint32_t *buckets; /* sockets_max of them: first socket whose token is in it, + 1 */
    uint32_t sequence; /* counts operations */
    uint32_t first_connect;
    bool accepting;
    uint32_t room;        /* connections that may still come */
    int abandoned;        /* a socket that was closed with an operation pending ... */
    uint8_t abandoned_op; /* ... which was this; ENGINE_OP_NONE: there is none */
};

/* Its operations, which need names to become the class of an engine. */
extern const struct engine_class checked_class;

/* The engine, in its own thread. */
struct checked *checked_of(struct engine *engine);

/* The `destroy` of its class. */
void checked_destroy(struct engine *engine);

/* A socket that its owner may use. */
struct checked_socket *checked_socket_at(struct checked *checked, int sock);

/* One that is to be used at once, with no such operation pending, nor one that connects it. */
struct checked_socket *checked_socket_without(struct checked *checked, int sock, enum engine_op op);

/* The owner gets a socket. Its number is its own until it is closed. */
void checked_socket_open(struct checked *checked, int sock);

/* An operation is about to be queued. Returns the token for the engine within: the socket below a
 * sequence number, so that an event that comes twice, late or of nobody is told apart. */
uint64_t checked_socket_begin(struct checked *checked, int sock, enum engine_op op, uint64_t token,
                              uint32_t bytes);

/* Nothing is pending any more: its event came, or it was not queued after all. */
void checked_socket_end(struct checked *checked, int sock);

/* What is pending may go on with what is somebody else's by now, so from here on the engine must
 * not be waited for. */
void checked_socket_abandon(struct checked *checked, int sock);

/* The socket of an event from the engine within: it is pending, and it is told of once, by the
 * token that was given. */
uint32_t checked_socket_of_event(struct checked *checked, const struct engine_event *event);

/* A hash of what is to be sent. */
uint64_t checked_hash(const void *data, uint32_t bytes);

#endif
