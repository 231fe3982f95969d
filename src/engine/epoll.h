/* What the files of the epoll engine share. Private to them. */
#ifndef HELLO_EPOLL_H
#define HELLO_EPOLL_H

#include "engine/engine.h"
#include "engine/event_ring.h"

/* What epoll gives back for a socket: its generation above its number. */
#define EVENT_LISTENER UINT64_MAX
#define EVENT_WAKE     (UINT64_MAX - 1)

/* What is known of one socket, by its number. */
struct epoll_socket {
    uint64_t token; /* of the parked operation */
    void *data;     /* of the parked operation */
    uint32_t bytes; /* of the parked operation */
    uint32_t
        generation;   /* counts closes: tells a stale event from one of the number's next owner */
    uint32_t watched; /* the epoll events it is registered for; 0: it is not */
    uint8_t op;       /* parked operation; 0: none */
    uint8_t flags;    /* of the parked operation */
    bool readable;    /* if watched for input: there may be some */
    bool more;        /* a short read may have left some: urgent data, the FIN or an error came */
};

extern const struct engine_class engine_epoll;

struct epoll {
    struct engine engine;
    int epoll_fd;
    int wake_fd;
    uint32_t sockets_max;
    uint32_t room; /* connections that may still be accepted; 0: not accepting */
    unsigned turns_without_poll;
    int error;                    /* why it is broken, -errno; 0: it is not */
    const char *broken_call;      /* the system call that failed */
    struct epoll_socket *sockets; /* sockets_max of them, touched as numbers are used */
    struct event_ring ready;      /* events not handed out yet */
};

/* Start and end the engine: `open` and `destroy` of its class. */
int epoll_open(const struct engine_args *args, struct engine **ret_engine,
               struct engine_failure *ret_failure);
void epoll_destroy(struct engine *engine);

/* Begin and end accepting: `accept_start` and `accept_stop` of its class. */
int epoll_accept_start(struct engine *engine, uint32_t room);
void epoll_accept_stop(struct engine *engine);

/* Take the connections that wait, with a bound so that those that are open get their turn, and no
 * more: who comes meanwhile is told of in the next turn. */
void epoll_accept(struct epoll *epoll);

/* The listener is watched though nobody accepts, as its end failed. Should it fail again, which
 * only a sandbox can make it, at least do not burn the CPU. */
void epoll_unwatch_listener(struct epoll *epoll);

#endif
