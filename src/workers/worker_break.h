/* What is said of a worker whose engine broke: parts of one line. Each function writes to text.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_WORKER_BREAK_H
#define HELLO_WORKER_BREAK_H

#include "workers/worker.h"

#include <stdbool.h>
#include <stdint.h>

#define WORKER_BREAK_BYTES       256
#define WORKER_CONSEQUENCE_BYTES 512

/* Which worker's engine broke, and why: "worker 0: engine uring broke: io_uring_enter: ...". */
void worker_break_format(const struct worker_break *broken, uint32_t worker,
                         char text[WORKER_BREAK_BYTES]);

/* The consequence, if the worker goes on with another engine. */
void worker_break_renewal(const struct worker_break *broken, char text[WORKER_CONSEQUENCE_BYTES]);

/* The consequence, if it gets none: why, and how many workers are left. `needed`: why those cannot
 * go on without it, so all stop; NULL: they can. */
void worker_break_loss(const struct worker_break *broken, uint32_t left, bool stopping,
                       const char *needed, char text[WORKER_CONSEQUENCE_BYTES]);

#endif
