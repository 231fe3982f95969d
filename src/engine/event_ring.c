#include "engine/event_ring.h"

#include "base/check.h"
#include "base/pages.h"

#include <errno.h>

int event_ring_init(struct event_ring *ring, uint32_t capacity)
{
    void *memory = pages_map(capacity * sizeof(struct engine_event));

    if (!memory)
        return -ENOMEM;
    *ring = (struct event_ring){.events = memory, .capacity = capacity};
    return 0;
}

void event_ring_release(struct event_ring *ring)
{
    pages_unmap(ring->events, ring->capacity * sizeof(struct engine_event));
    *ring = (struct event_ring){0};
}

void event_ring_push(struct event_ring *ring, struct engine_event event)
{
    CHECK(ring->count < ring->capacity, "count=%u capacity=%u", ring->count, ring->capacity);
    ring->events[(ring->first + ring->count) % ring->capacity] = event;
    ring->count++;
}

int event_ring_pop(struct event_ring *ring, struct engine_event *events)
{
    int count = 0;

    while (ring->count > 0 && count < ENGINE_EVENTS_MAX) {
        events[count++] = ring->events[ring->first];
        ring->first = (ring->first + 1) % ring->capacity;
        ring->count--;
    }
    return count;
}
