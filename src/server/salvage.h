/* The end of a responder whose engine broke, and that gets no other: who waits is greeted by plain
 * calls, the listener is closed, so that new clients come to the other workers, and what is open is
 * left to the kernel.
 *
 * Thread rule: for the worker's thread. */
#ifndef HELLO_SALVAGE_H
#define HELLO_SALVAGE_H

#include "crew/worker.h"
#include "server/connection.h"
#include "server/listeners.h"

#include <stdint.h>

/* It takes no longer than this, in which the kernel repeats an answer to a handshake that was lost
 * (after 1 s), nor longer than a stop allows. */
#define SALVAGE_NS UINT64_C(1500000000)

/* It is looked this often who came and who closed. */
#define SALVAGE_LOOK_NS UINT64_C(10000000)

struct salvage {
    struct connections *connections; /* on the engine that broke */
    struct listeners *listeners;
    uint32_t number; /* of the listener */
    int listener_fd; /* -1: it is closed */
    const struct worker *worker;
};

/* Greet who waits, close the listener, and leave to the kernel what is open then, counted as
 * abandoned. */
void salvage_run(const struct salvage *salvage);

#endif
