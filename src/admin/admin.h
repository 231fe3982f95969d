/* The admin port: one thread that sleeps until it is asked over HTTP, and answers one request at a
 * time. It knows paths and what renders each, and nothing of the server.
 *
 * Everything about a request is bounded (admin/exchange.h); who waits meanwhile waits in the
 * listener's queue, which is short. Nothing of this concerns the workers.
 *
 * Thread rule: for the thread that starts it. */
#ifndef HELLO_ADMIN_H
#define HELLO_ADMIN_H

#include "admin/exchange.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many clients may wait. */
#define ADMIN_BACKLOG 8

/* While accepting fails, for example for lack of descriptors, it is tried again this often. */
#define ADMIN_RETRY_NS UINT64_C(100000000)

/* How long admin_stop waits for the thread, which ends at once unless something blocks it. */
#define ADMIN_END_NS UINT64_C(1000000000)

/* How long those who wait when it leaves may take, all together. */
#define ADMIN_LEAVE_NS EXCHANGE_NS

/* Descriptors that it has open, at most: its listener, three eventfds, a client. */
#define ADMIN_DESCRIPTORS 5

struct admin;

struct admin_args {
    int listener_fd; /* it listens; the admin's from now on, even if the start fails */
    const struct admin_route *routes; /* the caller's */
    size_t route_count;
    void *context; /* of the routes, whose functions run in the admin's thread */
};

/* Start the thread; it serves from admin_go on, and clients wait until then. *ret_step names the
 * call that failed. Returns 0 or -errno. */
int admin_start(const struct admin_args *args, struct admin **ret_admin, const char **ret_step);

/* Serve. Once. */
void admin_go(struct admin *admin);

/* Another process serves in our place: answer those who are here or wait, close the listener, and
 * end the thread. Does not wait for that; admin_stop does. May be called again. */
void admin_leave(struct admin *admin);

/* End the thread, close the listener and free the admin. A request that is not answered by now is
 * not answered, unless the admin leaves: then all have until ADMIN_LEAVE_NS after that. Returns
 * true, or false if something blocks the thread: then it goes on, and with it all that it uses, so
 * nothing of that may be freed. NULL is fine: true. */
bool admin_stop(struct admin *admin);

#endif
