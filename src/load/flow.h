/* The life of a connection on the generator's side, for every engine: connecting -> reading ->
 * closed. Every byte is compared with what is expected, and EOF is awaited. Each flow ends in
 * exactly one result, counted when it closes.
 *
 * Thread rule: a set of flows belongs to one worker. */
#ifndef HELLO_FLOW_H
#define HELLO_FLOW_H

#include "base/deadline.h"
#include "base/slab.h"
#include "engine/engine.h"
#include "load/result.h"
#include "net/address.h"

#include <stdint.h>

/* What all flows share; stays the caller's and must outlive the set. */
struct flow_settings {
    struct address target;
    const unsigned char *expect;
    uint32_t expect_bytes;
    uint64_t timeout_ns; /* from the start of a flow to its end */
};

/* One worker's flows. Private to flow.c, but for `counts`, which may be read. */
struct flows {
    const struct flow_settings *settings;
    struct engine *engine;
    struct slab slab;
    struct deadline_queue timeouts;
    struct result_counts counts;
};

/* Make an empty set for at most `capacity` flows at once. Returns 0 or -ENOMEM. */
int flows_init(struct flows *flows, const struct flow_settings *settings, struct engine *engine,
               uint32_t capacity);

/* Free the set; a zeroed one is fine. */
void flows_release(struct flows *flows);

/* Start a flow; there must be room. It may end at once. */
void flow_start(struct flows *flows, uint64_t now_ns);

/* An operation of a flow ended (ENGINE_OP_CONNECT or ENGINE_OP_RECV). */
void flow_event(struct flows *flows, const struct engine_event *event, uint64_t now_ns);

/* When flows_expire has work next, or DEADLINE_NEVER. */
uint64_t flows_due_ns(const struct flows *flows);

/* End the flows whose timeout has come. */
void flows_expire(struct flows *flows, uint64_t now_ns);

/* How many are open, and how many more can be. */
uint32_t flows_open(const struct flows *flows);
uint32_t flows_room(const struct flows *flows);

/* Close all that are open, uncounted: the run was cut short. The engine must not be waited for
 * again. */
void flows_abandon(struct flows *flows);

#endif
