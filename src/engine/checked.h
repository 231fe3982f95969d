/* An engine that wraps another and checks that both sides keep the contract of engine.h: its owner,
 * which queues operations, and the engine within, which reports their results. A violation breaks
 * an invariant (base/check.h): the program ends with a line that names the rule.
 *
 * For tests: shipped programs do not contain it. A debug build with tests offers it by the name of
 * the engine within, as `--engine checked:uring`. It costs memory per socket and some time per
 * operation, and it reads all sent data twice. */
#ifndef HELLO_CHECKED_H
#define HELLO_CHECKED_H

#include "engine/engine.h"

extern const struct engine_class engine_checked_uring;
extern const struct engine_class engine_checked_epoll;

/* Wrap an engine whose sockets have numbers below sockets_max. The caller owns *ret_engine and must
 * give it to engine_destroy, which also destroys `within`. Returns 0, or -ENOMEM (`within` stays
 * the caller's). */
int checked_wrap(struct engine *within, uint32_t sockets_max, struct engine **ret_engine);

#endif
