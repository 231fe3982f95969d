/* The simulated engine: keeps the contract of engine/engine.h over a simulated kernel, and watches
 * whether its owner keeps it, too. It does what real engines may do and seldom do: events come in
 * small parts and in any order, operations are cancelled late or get there after all, each call
 * fails now and then, memory and descriptors run out for a while, waits end early or late. */
#ifndef HELLO_SIMULATE_ENGINE_H
#define HELLO_SIMULATE_ENGINE_H

#include "engine/engine.h"
#include "tcp.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_SOCKETS_MAX 512
#define SIM_SOCK_FIRST \
    1000000 /* no descriptor of this process: a call that is not simulated fails */

/* What a socket waits for. */
struct sim_operation {
    enum engine_op op; /* 0: nothing is pending */
    bool fresh;        /* not tried yet: the engine was not waited for since */
    uint64_t number;   /* distinguishes operations */
    uint64_t token;
    const void *out;
    void *in;
    uint32_t bytes;
    bool more;
};

struct sim_engine;

/* How it was when an operation was cancelled. */
struct sim_cancel {
    uint64_t at_ns; /* 0: none was */
    uint64_t progress_ns;
    bool refused;
    uint32_t unacknowledged_bytes;
    uint32_t open; /* sockets */
};

struct sim_socket {
    struct sim_engine *sim;
    int sock; /* 0: there is none */
    struct tcp *tcp;
    struct sim_operation operation;
    unsigned events;   /* not yet reported to its owner */
    bool closes_later; /* ENGINE_LATER */
    bool faulty;       /* a call failed by chance, in a way that does not pass */
    bool handed_over;
    struct sim_cancel cancel; /* the last */
    unsigned troubles;        /* calls that failed by chance */
    int last_result;          /* last reported to its owner, or read at once */
    enum engine_op last_op;
    uint64_t opened_ns;
    uint64_t reported_ns;         /* when it was reported to its owner, if accepted ... */
    uint64_t reported_stalled_ns; /* ... and how long that had got no CPU by then */
    void *context;                /* the watcher's */
};

/* Who watches the owner; each function is called just before what it is named after. */
struct sim_watch {
    void (*call)(void); /* any call */
    void (*wait)(int64_t timeout_ns);
    void (*accept)(uint32_t room);
    void (*close)(struct sim_socket *socket, unsigned flags);
    void (*connect)(struct sim_socket *socket, const struct sockaddr *address);
    void (*disconnect)(struct sim_socket *socket); /* it did */
    void (*lack)(int error);                       /* no socket could be had: -errno */
};

/* Make the engine of a world. It ends with engine_destroy, but what is planned in the world may
 * still look at it; so it is freed when the world has ended. */
struct engine *sim_engine_new(const struct sim_watch *watch);
void sim_engine_free(struct engine *engine);

/* Another engine takes the place of one that broke: what was pending has not begun, and does not.
 */
void sim_engine_renew(struct engine *engine);

/* Wake the owner. */
void sim_engine_wake(struct engine *engine);

/* Give a socket the connection that its connect is about to make. */
void sim_engine_attach(struct sim_socket *socket, struct tcp *tcp);

/* End the connect of a socket with 0 or -errno. */
void sim_engine_connected(struct engine *engine, struct sim_socket *socket, int result);

/* shutdown(2) in both directions: what is pending ends. */
void sim_engine_shut(struct sim_socket *socket);

/* The engine of this world, for system calls that know of none. */
struct engine *sim_engine_here(void);

/* What is short for now: each accept and socket, most of what needs memory. */
void sim_engine_lacks_descriptors(struct engine *engine, bool lacks);
void sim_engine_lacks_memory(struct engine *engine, bool lacks);

/* What is open, and what the owner should know of. */
uint32_t sim_engine_open_count(const struct engine *engine);
bool sim_engine_is_accepting(
    const struct engine *engine);                       /* or is about to learn that it does not */
int sim_engine_last_count(const struct engine *engine); /* events of the last wait */
bool sim_engine_is_broken(const struct engine *engine);
uint64_t sim_engine_handed_accepts(const struct engine *engine);     /* sockets */
uint64_t sim_engine_fault_count(const struct engine *engine);        /* what failed by chance */
uint64_t sim_engine_stalled_ns(const struct engine *engine);         /* the owner got no CPU for */
struct sim_socket *sim_engine_find(struct engine *engine, int sock); /* NULL: not open */
struct sim_socket *sim_engine_next(struct engine *engine, struct sim_socket *socket);

#endif
