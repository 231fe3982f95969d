/* What a worker of the responder does: accept, let connections live, stop in order.
 *
 * Its phases: serving -> emptying (no new connection begins; what waits in the accept queue is
 * taken)
 * -> closing (the last accepts come in) -> finishing (the open connections end) -> done.
 *
 * Should its engine break it goes on with another, connections and all, in the phase that it was
 * in; if there is none, salvage.h says what becomes of its clients. */
#ifndef HELLO_RESPONDER_H
#define HELLO_RESPONDER_H

#include "crew/worker.h"
#include "server/condition.h"
#include "server/connection.h"
#include "server/listeners.h"
#include "server/outcome.h"

#include <stdint.h>

/* A stop lets handshakes that were under way when it began end, and takes them. It looks this long
 * after the last accepted connection, and again while the kernel knows of any ... */
#define RESPONDER_QUIET_NS UINT64_C(50000000)

/* ... but no longer than this, in which the kernel repeats an answer that was lost (after 1 s). */
#define RESPONDER_HANDSHAKES_NS UINT64_C(1500000000)

/* Where SYNs cannot be dropped, others come for ever: from this time of the stop on the listener is
 * closed as soon as nobody waits, and after RESPONDER_HANDSHAKES_NS whoever waits. */
#define RESPONDER_UNFILTERED_NS UINT64_C(200000000)

/* While nothing can be accepted for want of descriptors or memory, it is tried again this often. */
#define RESPONDER_RETRY_NS UINT64_C(100000000)

/* While there is no room, it is looked this often whether anybody waits. */
#define RESPONDER_LOOK_NS UINT64_C(1000000000)

struct responder;

struct responder_args {
    unsigned number;             /* of its worker, and so of its listener */
    struct listeners *listeners; /* its listener and those of the other responders */
    int listener_fd;             /* which it closes in the end */
    uint32_t connections_max;
    const struct connection_settings *settings; /* the caller's */
    struct conditions *conditions; /* the server's, told of what is short and what fails */
};

/* The job to give to a worker, with a responder as its state. */
extern const struct worker_job responder_job;

/* Make a responder; `args` must outlive it. Returns it, to be given to free(3), or NULL if there is
 * no memory. */
struct responder *responder_new(const struct responder_args *args);

/* Its counters; to be read when its worker has ended. */
const struct outcome_counts *responder_counts(const struct responder *responder);

#endif
