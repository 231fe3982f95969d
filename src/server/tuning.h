/* Raises the kernel's limits that are worth raising on a machine that is ours alone (--tune). They
 * are limits: nothing is taken by raising them, and they are never lowered.
 *
 * Thread rule: for the thread that starts the program, before it listens. */
#ifndef HELLO_TUNING_H
#define HELLO_TUNING_H

#include "server/hardware.h"

#include <stdbool.h>

#define TUNING_LINE_BYTES 320

/* Called with one line about each limit: what it was and is, that it stays, or why it cannot be
 * raised. */
typedef void tuning_listener(void *context, const char *line);

/* Raise each limit that is lower than what is worth while with this memory; `dry`: only say so.
 * Failures are told, and are no reason not to go on. `root` stands for "/", "" is the machine's. */
void tuning_apply(const struct hardware *hardware, const char *root, bool dry,
                  tuning_listener *listener, void *context);

#endif
