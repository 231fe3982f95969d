/* What the files of the io_uring engine share. Private to them. */
#ifndef HELLO_URING_H
#define HELLO_URING_H

#include "engine/engine.h"

#include <liburing.h>

/* Each event makes its owner queue at most three requests, and few more are due without one
 * (accepts, first looks), so a turn does not fill the queue. */
#define URING_SQ_ENTRIES 1024u
_Static_assert(URING_SQ_ENTRIES >= 3 * ENGINE_EVENTS_MAX + 64, "a turn must fit into the queue");

/* Room for a large burst: what does not fit costs the kernel memory. */
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
    uint64_t wake_count;   /* where the kernel puts what it reads from wake_fd */
    uint16_t accept_later; /* the flag of an accept that waits before it is tried; 0: none has it */
    uint32_t accepts_armed; /* accept requests that will complete */
    int accept_error;       /* why accepting is about to end, or 0 */
    bool accepts_ending;    /* those that are armed are cancelled until none is */
    bool wake_armed;
};

/* Ask to be told of writes to wake_fd. Returns 0 or -ENOSPC. */
int uring_arm_wake(struct uring *uring);

/* Start the engine: the `open` of its class, which names the step that fails. */
int uring_open(const struct engine_args *args, struct engine **ret_engine,
               struct engine_failure *ret_failure);

#endif
