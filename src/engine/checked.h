/* An engine that wraps another, and checks that both sides keep the contract of engine.h: its
 * owner, who asks for operations, and the engine within, which says what became of them. What is
 * broken is an invariant (base/check.h), so the program ends with a line that names the rule.
 *
 * For tests: what is shipped has no such engine. A debug build that has the tests offers it by the
 * name of the engine within, as `--engine checked:uring`. It costs memory for each socket and some
 * time for each operation, and it reads all that is sent twice. */
#ifndef HELLO_CHECKED_H
#define HELLO_CHECKED_H

#include "engine/engine.h"

extern const struct engine_class engine_checked_uring;
extern const struct engine_class engine_checked_epoll;

/* Wrap an engine whose sockets have numbers below sockets_max. *ret_engine is the caller's, to be
 * given to engine_destroy, which also destroys `within`. Returns 0, or -ENOMEM (`within` stays the
 * caller's). */
int checked_wrap(struct engine *within, uint32_t sockets_max, struct engine **ret_engine);

#endif
