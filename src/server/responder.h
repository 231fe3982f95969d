/* The job of a responder's worker: accept, serve connections, stop in order.
 *
 * Its phases: serving -> emptying (no new connection begins; the accept queue is emptied) ->
 * closing (the last accepts complete) -> finishing (the open connections end) -> done.
 *
 * If its engine breaks, it continues with another, with all connections and in the same phase; if
 * there is none, salvage.h says what happens to its clients. */
#ifndef HELLO_RESPONDER_H
#define HELLO_RESPONDER_H

#include "server/condition.h"
#include "server/connection.h"
#include "server/greetings.h"
#include "server/listeners.h"
#include "server/outcome.h"
#include "server/pulse.h"
#include "workers/worker.h"

#include <stdint.h>

/* During a stop, handshakes in progress may complete and are accepted. It re-checks this long after
 * the last accept, and again while the kernel reports any ... */
#define RESPONDER_QUIET_NS UINT64_C(50000000)

/* ... but no longer than this: the kernel retransmits a lost answer after 1 s. */
#define RESPONDER_HANDSHAKES_NS UINT64_C(1500000000)

/* If SYNs cannot be dropped, new ones keep coming: after this time of the stop the listener closes
 * once no client waits, and after RESPONDER_HANDSHAKES_NS in any case. */
#define RESPONDER_UNFILTERED_NS UINT64_C(200000000)

/* Where another process goes on accepting: check this often whether the last client still waits. */
#define RESPONDER_RELIEVED_NS UINT64_C(20000000)

/* While descriptors or memory are short, accepting is retried this often. */
#define RESPONDER_RETRY_NS UINT64_C(100000000)

/* At capacity, check this often whether clients wait. */
#define RESPONDER_CHECK_NS UINT64_C(1000000000)

struct responder;

struct responder_args {
    unsigned number;             /* of its worker, and so of its listener */
    struct listeners *listeners; /* its listener and those of the other responders */
    int listener_fd;             /* which it closes at the end */
    uint32_t connections_max;
    const struct connection_settings *settings; /* the caller's, for all connections ... */
    struct greetings *greetings;                /* ... or where they come from, else NULL */
    struct conditions *conditions;              /* the server's, for shortages and failures */
    bool samples_waits;                         /* ask the kernel how long some clients waited */
};

/* The job to give to a worker, with a responder as its state. */
extern const struct worker_job responder_job;

/* Make a responder; `args` must outlive it. Returns it (free it with free(3)), or NULL if there is
 * no memory. */
struct responder *responder_new(const struct responder_args *args);

/* What any thread may read while its worker runs; each number has one writer (base/counter.h). */
struct responder_view {
    const struct outcome_counts *counts;
    const struct durations *durations; /* of connections, from accept to end */
    const struct pulse *pulse;
    const uint64_t *conditions; /* CONDITION_COUNT of them: how often each began in this worker */
};

struct responder_view responder_view(const struct responder *responder);

/* Its counters; read them when its worker has ended. */
const struct outcome_counts *responder_counts(const struct responder *responder);

#endif
