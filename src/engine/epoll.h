/* Shared by the files of the epoll engine, and private to them. */
#ifndef HELLO_EPOLL_H
#define HELLO_EPOLL_H

#include "engine/engine.h"
#include "engine/event_ring.h"

/* epoll returns this for a socket: its generation above its number. */
#define EVENT_LISTENER UINT64_MAX
#define EVENT_WAKE     (UINT64_MAX - 1)

/* The state of one socket, by its number. */
struct epoll_socket {
    uint64_t token;      /* of the parked operation */
    void *data;          /* of the parked operation */
    uint32_t bytes;      /* of the parked operation */
    uint32_t generation; /* counts closes: detects stale events when the number is in use again */
    uint32_t watched;    /* the epoll events it is registered for; 0: none */
    uint8_t op;          /* parked operation; 0: none */
    uint8_t flags;       /* of the parked operation */
    bool readable;       /* if watched for input: there may be input */
    bool more; /* a short read may have left input: urgent data, the FIN or an error came */
};

extern const struct engine_class engine_epoll;

/* How long to pause if what is reported cannot be taken, which only a sandbox can cause: it would
 * be reported again at once. */
#define EPOLL_PAUSE_NS (10 * NS_PER_MS)

struct epoll {
    struct engine engine;
    int epoll_fd;
    int wake_fd;
    uint32_t sockets_max;
    uint32_t capacity; /* connections that may still be accepted; 0: not accepting */
    unsigned iterations_without_poll;
    int error;                    /* why it is broken, -errno; 0: not broken */
    const char *broken_call;      /* the system call that failed */
    struct epoll_socket *sockets; /* sockets_max of them, touched as numbers are used */
    struct event_ring ready;      /* events not handed out yet */
};

/* Start and end the engine: `open` and `destroy` of its class. */
int epoll_open(const struct engine_args *args, struct engine **ret_engine,
               struct engine_failure *ret_failure);
void epoll_destroy(struct engine *engine);

/* Begin and end accepting: `accept_start` and `accept_stop` of its class. */
int epoll_accept_start(struct engine *engine, uint32_t capacity);
void epoll_accept_stop(struct engine *engine);

/* Accept the waiting connections. The number is bounded so that open ones are served; clients that
 * arrive meanwhile are reported in the next iteration. */
void epoll_accept(struct epoll *epoll);

/* The listener is still watched though accepting has ended: unwatching it failed. If it fails
 * again, pause. */
void epoll_unwatch_listener(struct epoll *epoll);

#endif
