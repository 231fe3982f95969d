/* The life of a connection on the generator's side, for all engines:
 *
 *   connecting -> (sending ->) reading -> closed (-> resting)
 *
 * Every byte is compared with what is expected, until EOF; if the peer resets early, the result
 * depends on the bytes received before the reset. Each flow ends in exactly one result, counted in
 * the tally of its target when it closes. In a closed loop a flow that could not connect keeps its
 * place for a while (it rests), so that a dead server is not hammered.
 *
 * Thread rule: a set of flows belongs to one worker. */
#ifndef HELLO_FLOW_H
#define HELLO_FLOW_H

#include "base/deadline.h"
#include "base/slab.h"
#include "engine/engine.h"
#include "generator/config.h"
#include "generator/socket_pool.h"
#include "generator/source.h"
#include "generator/target.h"
#include "result/tally.h"
#include "result/wrong_answer.h"

#include <stdbool.h>
#include <stdint.h>

/* How long a flow rests after it failed to connect, in a closed loop. */
#define FLOW_REST_NS UINT64_C(10000000)

/* How long a connection may be silent before we check that it really exists. Much shorter than the
 * second after which a SYN is sent again (RFC 6298), so a failure found here is not yet counted as
 * another phase; much longer than the answers of most services, so few are checked. */
#define FLOW_PROBE_NS UINT64_C(100000000)

/* What all flows of a run share; owned by the caller, must outlive the set. */
struct flow_settings {
    const struct load_config *config; /* timeouts, what to send and to expect, how to close */
    const struct target *targets;     /* one for each index */
    const struct sources *sources;
    bool meets_itself[TARGETS_MAX]; /* may connect to itself, see flow_socket.h */
    bool rests;                     /* closed loop */
    const char *reuse_refusal;      /* why no socket is reused, see flow_reuse.h; NULL: reuse */
};

/* One worker's flows. Private to flow.c, except the window, which the owner sets, and the members
 * marked readable. */
struct flows {
    const struct flow_settings *settings;
    struct engine *engine;
    struct socket_pool pool; /* counters readable */
    struct tally *tallies;   /* one for each target */
    struct slab slab;
    unsigned char *shared; /* buffer for the rest of a long greeting */
    struct deadline_queue connect_timeouts;
    struct deadline_queue looks;
    struct deadline_queue timeouts;
    struct deadline_queue rests;
    uint32_t resting;
    bool answered[TARGETS_MAX];         /* of each target: its last flow ended well */
    uint64_t source_turns[TARGETS_MAX]; /* of each target: position in the source addresses ... */
    uint64_t source_stride;             /* ... and the step to the next */
    uint64_t window_start_ns;           /* successful ends from here ... */
    uint64_t window_end_ns;             /* ... until here count for the rate; UINT64_MAX: all */
    uint64_t last_end_ns;               /* end of the last measured flow; readable */
    /* The first of each target; readable after the worker has run. */
    struct wrong_answer wrong_answers[TARGETS_MAX];
    struct short_answer short_answers[TARGETS_MAX];
};

/* Create an empty set for at most `capacity` flows at once, counted in `tallies`. Worker `thread`
 * of `threads` takes every threads-th source address. Returns 0 or -ENOMEM. */
int flows_init(struct flows *flows, const struct flow_settings *settings, struct engine *engine,
               struct tally *tallies, uint32_t capacity, uint32_t thread, uint32_t threads);

/* Free the set; a zeroed one is allowed. */
void flows_release(struct flows *flows);

/* A connection to start. */
struct flow_start {
    uint32_t target;
    bool measured;        /* false: warm-up, only counted as such */
    uint64_t intended_ns; /* when it should have started: timings begin here */
    uint64_t now_ns;      /* its timeouts begin here */
};

/* Start a flow; the set must not be full. It may end at once. */
void flow_start(struct flows *flows, const struct flow_start *start);

/* An operation of a flow ended (ENGINE_OP_CONNECT, ENGINE_OP_SEND or ENGINE_OP_RECV). now_ns is the
 * time at which the event was read, once per batch (engine_wait). */
void flow_event(struct flows *flows, const struct engine_event *event, uint64_t now_ns);

/* When flows_expire must be called next, or DEADLINE_NEVER. */
uint64_t flows_due_ns(const struct flows *flows);

/* End the flows that have timed out, and the rests that are over. */
void flows_expire(struct flows *flows, uint64_t now_ns);

/* How many flows are open (without resting ones), and how many places are in use (with them). */
uint32_t flows_open(const struct flows *flows);
uint32_t flows_taken(const struct flows *flows);

/* The run was cut short: close all open flows, count them as abandoned, and close the pool. Do not
 * call engine_wait afterwards. */
void flows_abandon(struct flows *flows);

#endif
