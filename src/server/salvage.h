/* The end of a responder whose engine broke and that gets no other: waiting clients are greeted by
 * plain calls, the listener is closed, so new clients go to the other workers, and open connections
 * are left to the kernel.
 *
 * Thread rule: for the worker's thread. */
#ifndef HELLO_SALVAGE_H
#define HELLO_SALVAGE_H

#include "server/connection.h"
#include "server/listeners.h"
#include "workers/worker.h"

#include <stdint.h>

/* It waits at most this long, which includes the kernel's retransmission of a lost handshake answer
 * (1 s), and no longer than a stop allows. */
#define SALVAGE_NS UINT64_C(1500000000)

/* How often to check for new and closed clients. */
#define SALVAGE_CHECK_NS UINT64_C(10000000)

struct salvage {
    struct connections *connections; /* on the engine that broke */
    struct listeners *listeners;
    uint32_t number; /* of the listener */
    int listener_fd; /* -1: it is closed */
    const struct worker *worker;
};

/* Greet waiting clients, close the listener, and leave what is still open to the kernel, counted as
 * abandoned. */
void salvage_run(const struct salvage *salvage);

#endif
