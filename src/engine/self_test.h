/* Whether an engine does here what it will be asked for. A sandbox may let an engine start, and
 * then refuse what each connection needs: that is better told at the start than by the first
 * client. Private to the engines. */
#ifndef HELLO_SELF_TEST_H
#define HELLO_SELF_TEST_H

#include "engine/engine.h"

/* One that runs, or has failed; it must stay until the engine is gone, which may still write to it.
 */
struct self_test {
    struct engine *engine;
    uint32_t sockets_max;
    const char *step; /* once it has failed: the system call */
    int listener_fd, client_fd;
    int near, far; /* the ends of a connection */
    char heard[16];
};

/* Try what the owner of a fresh engine will need, on sockets of the test's own that reach nobody
 * else: local ones (unix(7)), and a TCP socket that is connected to nobody (AF_UNSPEC, connect(2)).
 * What cannot be tried here says nothing against the engine. Ends after a second for each operation
 * that does not end by itself. Leaves nothing open or pending, unless it fails: then the engine is
 * only to be destroyed. Returns 0, or -errno with test->step; -EIO: a call did not do what it said.
 * For the thread of the engine. */
int self_test_run(struct self_test *test, struct engine *engine, const struct engine_args *args);

#endif
