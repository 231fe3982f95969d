/* Reads the greeting file again when it is told to (SIGHUP), in a thread of its own, which sleeps
 * until then: a file may keep its reader waiting for ever (a FIFO, a dead file server), and neither
 * the workers nor the thread of the signals may wait with it. A file that cannot be read, or is too
 * large, changes nothing.
 *
 * Thread rule: for the thread that starts it. */
#ifndef HELLO_RELOAD_H
#define HELLO_RELOAD_H

#include "server/greetings.h"

#include <stdbool.h>

/* Who asks again after this time while the file is still being read is told so. */
#define RELOAD_SLOW_NS UINT64_C(2000000000)

/* How long reload_end waits for a file that is being read. */
#define RELOAD_END_NS UINT64_C(100000000)

/* Descriptors that it has open, at most: an eventfd, and the file. */
#define RELOAD_DESCRIPTORS 2

struct reload;

struct reload_args {
    const char *path;
    struct greetings *greetings;

    /* Another greeting is in force: wake the workers. In the thread of the reload. */
    void (*replaced)(void *context);

    /* One line about each reading: what was read, or, if not `done`, why the old greeting stays. In
     * any thread; must not wait. */
    void (*say)(void *context, bool done, const char *line);
    void *context;
};

/* Start the thread. Returns 0, or -errno with a failure. End it with reload_end. */
int reload_start(const struct reload_args *args, struct reload **ret_reload,
                 struct failure *failure);

/* Read the file, once more if it is being read just now. Waits for nothing. */
void reload_ask(struct reload *reload);

/* End the thread and free the reload. Returns true, or false if the file keeps the thread waiting:
 * then nothing that it uses may be freed, as the process ends soon. NULL is fine: true. */
bool reload_end(struct reload *reload);

#endif
