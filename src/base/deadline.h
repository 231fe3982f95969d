/* Deadlines with one common timeout: a queue in order of start is also in order of deadline, so
 * starting, stopping and finding the next one cost a few pointer writes.
 *
 * Thread rule: a queue and its deadlines belong to one thread. */
#ifndef HELLO_DEADLINE_H
#define HELLO_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEADLINE_NEVER UINT64_MAX

/* Embed it in the object that has a deadline. Zeroed: not in a queue. */
struct deadline {
    struct deadline *previous, *next;
    uint64_t due_ns;
};

struct deadline_queue {
    struct deadline ends; /* next: the first, previous: the last; itself when empty */
    uint64_t timeout_ns;
};

/* Make an empty queue whose deadlines expire timeout_ns after start. The queue must not move. */
void deadline_queue_init(struct deadline_queue *queue, uint64_t timeout_ns);

/* Start or restart a deadline: it expires timeout_ns after now_ns, which is never earlier than in
 * the previous call. */
void deadline_start(struct deadline_queue *queue, struct deadline *deadline, uint64_t now_ns);

/* Stop a deadline; does nothing if it is in no queue. */
void deadline_stop(struct deadline *deadline);

/* True if it was started, and has neither expired nor been stopped. */
static inline bool deadline_is_running(const struct deadline *deadline)
{
    return deadline->next != NULL;
}

/* When the next deadline of the queue expires, or DEADLINE_NEVER. */
uint64_t deadline_queue_due_ns(const struct deadline_queue *queue);

/* When the next deadline of several queues expires, or DEADLINE_NEVER. */
uint64_t deadline_queues_due_ns(const struct deadline_queue *const queues[], size_t count);

/* Remove and return one deadline that has expired by now_ns. Returns NULL if none has. */
struct deadline *deadline_queue_take(struct deadline_queue *queue, uint64_t now_ns);

#endif
