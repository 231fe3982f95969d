/* The state of a responder, for the files that it consists of.
 *
 * Thread rule: for the worker's thread. */
#ifndef HELLO_RESPONDER_STATE_H
#define HELLO_RESPONDER_STATE_H

#include "engine/engine.h"
#include "server/connection.h"
#include "server/pulse.h"
#include "server/responder.h"
#include "server/symptom.h"
#include "workers/worker.h"

#include <stdbool.h>
#include <stdint.h>

enum responder_phase {
    RESPONDER_SERVING,
    RESPONDER_EMPTYING,  /* stopping: the accept queue is emptied */
    RESPONDER_CLOSING,   /* accepting ends; the last accepts complete */
    RESPONDER_FINISHING, /* the listener is closed; connections end */
    RESPONDER_DONE,
};

struct responder {
    const struct responder_args *args;
    const struct worker *worker;
    struct engine *engine;
    struct connections connections;
    enum responder_phase phase;
    uint64_t now_ns; /* read once per iteration */
    bool accepting;
    uint64_t accept_retry_ns; /* not before this time; 0: any time */
    uint64_t stopped_ns;      /* when the stop began */
    uint64_t accepted_ns;     /* when the last connection came, or the stop began */
    struct symptoms symptoms;
    unsigned looks;            /* done, of listeners.looks */
    uint64_t waiting_check_ns; /* at capacity: when to check whether clients wait */
    uint64_t troubles_seen;    /* the last trouble.count */
    uint64_t troubled_greeted; /* how many were greeted when it was last seen */
    struct pulse pulse;        /* for other threads */
};

/* Go from phase to phase once a stop was requested (responder_stop.c). */
void responder_advance(struct responder *responder);

/* While emptying: when to check whether the accept queue is empty for good. */
uint64_t responder_emptied_ns(const struct responder *responder);

#endif
