/* The life of a connection on the generator's side, for every engine:
 *
 *   connecting -> (sending ->) reading -> closed (-> resting)
 *
 * Every byte is compared with what is expected, and EOF is awaited; a peer that resets before it
 * was told all is judged by what it said before. Each flow ends in exactly one result, counted in
 * the tally of its lane when it closes. In a closed loop a flow that could not even connect keeps
 * its place for a while, resting, so that a server that is gone is not hammered.
 *
 * Thread rule: a set of flows belongs to one worker. */
#ifndef HELLO_FLOW_H
#define HELLO_FLOW_H

#include "base/deadline.h"
#include "base/slab.h"
#include "engine/engine.h"
#include "load/config.h"
#include "load/socket_pool.h"
#include "load/source.h"
#include "load/tally.h"
#include "load/target.h"
#include "load/wrong_answer.h"

#include <stdbool.h>
#include <stdint.h>

/* How long a flow rests that failed to connect in a closed loop. */
#define FLOW_REST_NS UINT64_C(10000000)

/* How long a connection may say nothing before it is looked at whether it was made at all. Short
 * against the second after which a SYN is sent again (RFC 6298), so that what this finds is not yet
 * counted as another phase; long against the answers of most services, so that few are looked at.
 */
#define FLOW_LOOK_NS UINT64_C(100000000)

/* What all flows of a run share; stays the caller's and must outlive the set. */
struct flow_settings {
    const struct load_config *config; /* timeouts, what to send and to expect, how to close */
    const struct target *targets;     /* a lane for each */
    const struct sources *sources;
    bool meets_itself[TARGETS_MAX]; /* a lane's connections may, see flow_socket_connect_error */
    bool rests;                     /* closed loop */
    const char *reuse_refusal; /* why no socket is used again, see flow_reuse.h; NULL: it may be */
};

/* One worker's flows. Private to flow.c but for the window, which the owner sets, and what is said
 * to be readable. */
struct flows {
    const struct flow_settings *settings;
    struct engine *engine;
    struct socket_pool pool; /* counters readable */
    struct tally *tallies;   /* one for each lane */
    struct slab slab;
    unsigned char *shared; /* where the rest of a long greeting is read to */
    struct deadline_queue connect_timeouts;
    struct deadline_queue looks;
    struct deadline_queue timeouts;
    struct deadline_queue rests;
    uint32_t resting;
    bool answered[TARGETS_MAX]; /* of each lane: the last that ended did so well */
    uint64_t
        source_turns[TARGETS_MAX]; /* of each lane: place in the list of source addresses ... */
    uint64_t source_stride;        /* ... and the step to the next */
    uint64_t window_start_ns;      /* what ends well from here on ... */
    uint64_t window_end_ns; /* ... and before here is what the rate is made of; UINT64_MAX: all */
    uint64_t last_end_ns;   /* when a measured flow ended last; readable */
    /* The first of each lane; readable once the worker has run. */
    struct wrong_answer wrong_answers[TARGETS_MAX];
    struct short_answer short_answers[TARGETS_MAX];
};

/* Make an empty set for at most `capacity` flows at once, counted in `tallies`. Worker `thread` of
 * `threads` takes every threads-th source address. Returns 0 or -ENOMEM. */
int flows_init(struct flows *flows, const struct flow_settings *settings, struct engine *engine,
               struct tally *tallies, uint32_t capacity, uint32_t thread, uint32_t threads);

/* Free the set; a zeroed one is fine. */
void flows_release(struct flows *flows);

/* A connection to be started. */
struct flow_start {
    uint32_t lane;
    bool measured;        /* false: warm-up, counted as such and no more */
    uint64_t intended_ns; /* when it should have started: what is timed is timed from here */
    uint64_t now_ns;      /* what its timeouts begin with */
};

/* Start a flow; there must be room. It may end at once. */
void flow_start(struct flows *flows, const struct flow_start *start);

/* An operation of a flow ended (ENGINE_OP_CONNECT, ENGINE_OP_SEND or ENGINE_OP_RECV). now_ns is
 * when that was learned of: once for all events of an engine_wait. */
void flow_event(struct flows *flows, const struct engine_event *event, uint64_t now_ns);

/* When flows_expire has work next, or DEADLINE_NEVER. */
uint64_t flows_due_ns(const struct flows *flows);

/* End the flows whose timeout has come, and the rests that are over. */
void flows_expire(struct flows *flows, uint64_t now_ns);

/* How many are open (resting ones are not), and how many places are taken (by resting ones, too).
 */
uint32_t flows_open(const struct flows *flows);
uint32_t flows_taken(const struct flows *flows);

/* Close all that are open, and count them as abandoned: the run was cut short; and the sockets that
 * were kept. The engine must not be waited for again. */
void flows_abandon(struct flows *flows);

#endif
