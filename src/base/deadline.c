#include "base/deadline.h"

#include "base/check.h"

#include <stddef.h>

void deadline_queue_init(struct deadline_queue *queue, uint64_t timeout_ns)
{
    queue->timeout_ns = timeout_ns;
    queue->ends.previous = queue->ends.next = &queue->ends;
    queue->ends.due_ns = DEADLINE_NEVER;
}

void deadline_start(struct deadline_queue *queue, struct deadline *deadline, uint64_t now_ns)
{
    deadline_stop(deadline);
    deadline->due_ns = now_ns + queue->timeout_ns;
    deadline->next = &queue->ends;
    deadline->previous = queue->ends.previous;
    CHECK(deadline->previous->due_ns <= deadline->due_ns || deadline->previous == &queue->ends,
          "last=%llu new=%llu", (unsigned long long)deadline->previous->due_ns,
          (unsigned long long)deadline->due_ns);
    deadline->previous->next = deadline;
    queue->ends.previous = deadline;
}

void deadline_stop(struct deadline *deadline)
{
    if (!deadline->next)
        return;
    deadline->next->previous = deadline->previous;
    deadline->previous->next = deadline->next;
    deadline->next = deadline->previous = NULL;
}

uint64_t deadline_queue_due_ns(const struct deadline_queue *queue)
{
    return queue->ends.next->due_ns; /* an empty queue's is its own DEADLINE_NEVER */
}

uint64_t deadline_queues_due_ns(const struct deadline_queue *const queues[], size_t count)
{
    uint64_t first_ns = DEADLINE_NEVER;

    for (size_t i = 0; i < count; i++) {
        uint64_t due_ns = deadline_queue_due_ns(queues[i]);

        first_ns = due_ns < first_ns ? due_ns : first_ns;
    }
    return first_ns;
}

struct deadline *deadline_queue_take(struct deadline_queue *queue, uint64_t now_ns)
{
    struct deadline *first = queue->ends.next;

    if (first->due_ns > now_ns || first == &queue->ends)
        return NULL;
    deadline_stop(first);
    return first;
}
