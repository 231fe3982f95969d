/* Raises kernel limits where that is useful on a dedicated machine (--tune). Raising a limit costs
 * nothing by itself, and limits are never lowered.
 *
 * Thread rule: for the thread that starts the program, before it listens. */
#ifndef HELLO_TUNING_H
#define HELLO_TUNING_H

#include "host/hardware.h"

#include <stdbool.h>

#define TUNING_LINE_BYTES 320

/* Called with one line per limit: the old and new value, that it stays, or why it cannot be
 * raised. */
typedef void tuning_listener(void *context, const char *line);

/* Raise each limit that is lower than is useful with this memory; `dry`: only report it. Failures
 * are reported, and do not stop it. `root` replaces "/"; "" is the machine's. */
void tuning_apply(const struct hardware *hardware, const char *root, bool dry,
                  tuning_listener *listener, void *context);

#endif
