/* Test whether an engine works here. A sandbox may let an engine start and then refuse what each
 * connection needs: it is better to know that at the start than at the first client. Private to the
 * engines. */
#ifndef HELLO_SELF_TEST_H
#define HELLO_SELF_TEST_H

#include "engine/engine.h"

/* A running or failed test; it must stay until the engine, which may still write to it, is
 * destroyed. */
struct self_test {
    struct engine *engine;
    uint32_t sockets_max;
    const char *step; /* after a failure: the system call */
    int listener_fd, client_fd;
    int near, far; /* the ends of a connection */
    char heard[16];
};

/* Try what the owner of a new engine will need, on private sockets: local ones (unix(7)), and a TCP
 * socket without a peer (AF_UNSPEC, connect(2)). What cannot be tried here does not count against
 * the engine. An operation that does not end by itself takes a second. Nothing stays open or
 * pending, except after a failure: then the engine must be destroyed. Returns 0, or -errno with
 * test->step; -EIO: a call did not do what it reported. For the thread of the engine. */
int self_test_run(struct self_test *test, struct engine *engine, const struct engine_args *args);

#endif
