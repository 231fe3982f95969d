/* A ring of events that are not handed out yet, for engines that complete operations outside of
 * engine_wait. Private to the engines. */
#ifndef HELLO_EVENT_RING_H
#define HELLO_EVENT_RING_H

#include "engine/engine.h"

struct event_ring {
    struct engine_event *events; /* touched as they are used */
    uint32_t capacity, first, count;
};

/* Make an empty ring for `capacity` events. Returns 0 or -ENOMEM. */
int event_ring_init(struct event_ring *ring, uint32_t capacity);

/* Free the ring; a zeroed one is fine. */
void event_ring_release(struct event_ring *ring);

/* Keep an event. The ring must not be full: each socket has at most one operation, so one event. */
void event_ring_push(struct event_ring *ring, struct engine_event event);

/* Hand out the oldest events, at most ENGINE_EVENTS_MAX. Returns how many. */
int event_ring_pop(struct event_ring *ring, struct engine_event *events);

#endif
