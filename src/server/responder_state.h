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
    uint32_t greeting_place;   /* of the greeting that it answers with */
    uint32_t greetings_held;   /* a bit for each place: that one and earlier ones */
};

/* Make its set of connections, which are answered with the greeting in force
 * (responder_greeting.c). Returns 0 or -ENOMEM. */
int responder_begin_connections(struct responder *responder);

/* At the beginning of an iteration: answer with the greeting in force, if it is another one by now.
 * At the end: give back those that no connection needs any more. */
void responder_follow_greetings(struct responder *responder);
void responder_tidy_greetings(struct responder *responder);

/* Its connections have ended: give back all of them. */
void responder_end_greetings(struct responder *responder);

/* Go from phase to phase once a stop was requested (responder_stop.c). */
void responder_advance(struct responder *responder);

/* While emptying: when to check whether the accept queue is empty for good. */
uint64_t responder_emptied_ns(const struct responder *responder);

#endif
