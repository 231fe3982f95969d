#include "engine/event_ring.h"

#include <errno.h>
#include <stddef.h>

#include <sys/mman.h>

int event_ring_init(struct event_ring *ring, uint32_t capacity)
{
    void *memory = mmap(NULL, capacity * sizeof(struct engine_event), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return -ENOMEM;
    *ring = (struct event_ring){.events = memory, .capacity = capacity};
    return 0;
}

void event_ring_release(struct event_ring *ring)
{
    if (ring->events)
        munmap(ring->events, ring->capacity * sizeof(struct engine_event));
    *ring = (struct event_ring){0};
}

void event_ring_push(struct event_ring *ring, struct engine_event event)
{
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
