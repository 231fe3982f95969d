/* What the files of the simulated engine share. Private to them. */
#ifndef HELLO_SIMULATE_STATE_H
#define HELLO_SIMULATE_STATE_H

#include "sim_engine.h"

#define READY_MAX (2 * SIM_SOCKETS_MAX)

/* Something to report to its owner. */
struct sim_ready {
    struct engine_event event;
    uint64_t at_ns; /* not earlier */
    struct sim_socket *socket;
};

struct sim_engine {
    struct engine engine;
    const struct sim_watch *watch;
    struct sim_socket sockets[SIM_SOCKETS_MAX];
    int sockets_used; /* none was ever opened behind these */
    struct sim_ready ready[READY_MAX];
    unsigned ready_count;
    uint64_t operations;
    bool eager; /* tries what is queued at once, as epoll does, and not only in the wait */
    bool accepting;
    uint64_t acceptings; /* how often that began */
    uint32_t room;
    bool lacks_descriptors, lacks_memory;
    bool breaking; /* soon: what has happened is handed out before */
    bool broken;
    int last_count;
    bool over; /* a socket was closed with an operation pending: may not be waited for again */
    uint64_t handed_accepts, faults, stalled_ns;
};

struct sim_engine *sim_of(struct engine *engine);

/* The open socket of this number; anything else is a fault of the product's. */
struct sim_socket *sim_socket_of(struct sim_engine *sim, int sock, const char *call);

/* Open one. Returns NULL if there are too many. */
struct sim_socket *sim_socket_open(struct sim_engine *sim, struct tcp *tcp);

/* Report it to the owner later. */
void sim_push(struct sim_engine *sim, struct sim_socket *socket, struct engine_event event);

/* The pending operation of a socket ends. */
void sim_complete(struct sim_engine *sim, struct sim_socket *socket, int result);

/* Queue an operation of a socket. Returns 0 or -errno. */
int sim_start(struct sim_engine *sim, struct sim_socket *socket, struct sim_operation operation);

/* Try the pending operation of a socket: something has changed, or it is new. */
void sim_try(struct sim_engine *sim, struct sim_socket *socket);

/* Whether a call fails by chance. Returns 0 or -errno. `socket` may be NULL. */
enum sim_call {
    SIM_START,
    SIM_SEND,
    SIM_RECV,
    SIM_HALF_CLOSE,
    SIM_CANCEL,
    SIM_ACCEPT_START,
    SIM_ACCEPT,
    SIM_SOCKET,
    SIM_CONNECT,
    SIM_CALL_COUNT,
};
int sim_fault(struct sim_engine *sim, struct sim_socket *socket, enum sim_call call);

/* Accept who waits, if that is asked for. */
void sim_accept(struct sim_engine *sim);

/* engine_accept_start and engine_accept_stop. */
int sim_accept_start(struct engine *engine, uint32_t room);
void sim_accept_stop(struct engine *engine);

/* engine_wait. */
int sim_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events);

#endif
