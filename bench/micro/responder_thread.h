/* The responder as in hello-server, with one worker in a thread of this process.
 *
 * Thread rule: for the thread that starts it. */
#ifndef HELLO_BENCH_RESPONDER_THREAD_H
#define HELLO_BENCH_RESPONDER_THREAD_H

#include "engine/engine.h"
#include "net/address.h"
#include "server/connection.h"
#include "server/outcome.h"

#include <stdint.h>

#define RESPONDER_ERROR_BYTES 256

struct responder_thread;

struct responder_thread_args {
    const struct engine_class *class;
    int family; /* AF_INET or AF_INET6: the loopback address of it */
    const struct connection_settings *settings; /* the caller's */
    uint32_t connections_max;
    uint32_t sockets_max; /* the descriptor limit */
    int cpu;              /* to stay on; -1: any */
};

/* Listen and serve. The caller must give *ret_thread to responder_thread_stop. Returns 0, or -errno
 * with one line in error and nothing left running. */
int responder_thread_start(const struct responder_thread_args *args,
                           struct responder_thread **ret_thread, char error[RESPONDER_ERROR_BYTES]);

/* Where it listens. */
const struct address *responder_thread_address(const struct responder_thread *thread);

/* Stop in order, as on SIGTERM, and free it: open connections end first. *ret_counts gets its
 * counters. Returns 0, or -errno if the engine broke. */
int responder_thread_stop(struct responder_thread *thread, struct outcome_counts *ret_counts);

#endif
