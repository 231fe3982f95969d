/* Counters that one thread writes and any thread may read at the same time: plain numbers, read and
 * written whole. They cost the writer nothing, and guarantee no order between counters.
 *
 * Thread rule: one writer per counter; a reader on another thread sees some recent value. */
#ifndef HELLO_COUNTER_H
#define HELLO_COUNTER_H

#include <stdint.h>

/* Set a counter; its writer only. */
static inline void counter_set(uint64_t *counter, uint64_t value)
{
    __atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

/* Add to a counter; its writer only. */
static inline void counter_add(uint64_t *counter, uint64_t value)
{
    counter_set(counter, *counter + value);
}

/* The value of a counter; any thread. */
static inline uint64_t counter_read(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
