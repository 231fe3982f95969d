/* Evaluates the user's assertions about a result (result/assertion.h).
 *
 * Thread rule: for one thread. */
#ifndef HELLO_ASSERTIONS_H
#define HELLO_ASSERTIONS_H

#include "result/document.h"

#include <stdbool.h>

/* If starts are later than this, the requested rate was not reached. */
#define ASSERTION_LATENESS "lateness.p99<100ms"

/* Fill in document->assertions: those of `texts` and, unless one of them is about errors,
 * "errors==0" and "ok>0"; in an open loop, unless one is about its schedule, "dropped==0" and
 * ASSERTION_LATENESS. An assertion about durations fails if there are none, and one about a family
 * fails if no target belongs to it. Returns true if all hold. */
bool assertions_evaluate(struct document *document, const struct option_texts *texts);

#endif
