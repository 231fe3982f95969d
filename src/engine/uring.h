/* Shared by the files of the io_uring engine, and private to them. */
#ifndef HELLO_URING_H
#define HELLO_URING_H

#include "engine/engine.h"

#include <liburing.h>

/* The owner queues at most three requests per event, and few others (accepts, first probes), so an
 * iteration does not fill the queue. */
#define URING_SQ_ENTRIES 1024u
_Static_assert(URING_SQ_ENTRIES >= 3 * ENGINE_EVENTS_MAX + 64,
               "an iteration must fit into the queue");

/* Enough for a large burst: what does not fit costs the kernel memory. */
#define URING_CQ_ENTRIES 4096u

/* Wait for a connection before trying to accept it. Linux 6.10; liburing has it since 2.7. */
#ifndef IORING_ACCEPT_POLL_FIRST
#    define IORING_ACCEPT_POLL_FIRST (1U << 2)
#endif

extern const struct engine_class engine_uring;

struct uring {
    struct engine engine;
    struct io_uring ring;
    int wake_fd;
    uint64_t wake_count;    /* what the kernel reads from wake_fd */
    uint16_t accept_later;  /* the flag that makes an accept poll first; 0: not available */
    uint32_t accepts_armed; /* accept requests that have not completed */
    int accept_error;       /* why accepting is about to end, or 0 */
    bool accepts_ending;    /* cancel armed accepts until none is left */
    bool wake_armed;
    uint32_t waits_without_memory; /* in a row */
    int error;                     /* why it is broken, -errno; 0: not broken */
    bool ended;                 /* broken, and all that it did was handed out: there is no ring */
    struct io_uring_sqe undone; /* what is queued once it is broken */
    uint32_t sockets_max;       /* as in engine_args */
};

/* Queue a read of wake_fd, which reports writes. Returns 0 or -ENOSPC. */
int uring_arm_wake(struct uring *uring);

/* Start the engine: the `open` of its class. On failure it names the step. */
int uring_open(const struct engine_args *args, struct engine **ret_engine,
               struct engine_failure *ret_failure);

#endif
