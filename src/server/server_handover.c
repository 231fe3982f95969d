/* The server's part in a handover: what it does before, while and after it replaces another
 * process, and when it is replaced. */
#include "base/event.h"
#include "server/server_state.h"

#include <errno.h>
#include <string.h>

#include <sys/eventfd.h>

/* All listeners are closed. */
void server_closed(void *context)
{
    struct server *server = context;

    if (server->handover)
        handover_has_left(server->handover);
}

int server_open_call(struct server *server, struct failure *failure)
{
    if (!server->config->handover && !server->config->greeting_file)
        return 0;
    server->call_fd = eventfd(0, EFD_CLOEXEC);
    return server->call_fd >= 0 ? 0
                                : failure_set(failure, FAILURE_SYSTEM, -errno,
                                              "cannot start: eventfd: %s; raise the descriptor "
                                              "limit",
                                              strerror(errno));
}

/* Do what other threads ask for. */
void server_called(void *context)
{
    struct server *server = context;

    if (atomic_exchange(&server->wakes, false))
        workers_wake(server->workers);
    if (atomic_load(&server->leaves)) {
        workers_stop(server->workers);
        server_admin_leave(server);
    }
}

/* Another process serves in our place. */
static void server_leave(void *context, pid_t successor)
{
    struct server *server = context;

    server->successor = successor;
    atomic_store(&server->leaves, true);
    event_raise(server->call_fd);
}

/* Another process is gone that also accepted here. */
static void server_take_back(void *context)
{
    struct server *server = context;

    atomic_store(&server->wakes, true);
    event_raise(server->call_fd);
}

/* Make ready for a later process to take over from this one. Returns 0, or -errno with a failure.
 */
int server_offer_handover(struct server *server, struct failure *failure)
{
    struct handover_args args = {
        .path = server->config->handover,
        .listeners = &server->listeners,
        .control_fd = server->passed.offer.control_fd,
        .admin_fd = server->admin.offered_fd,
        .admin_is_managed = server->passed.admin_is_managed,
        .leave = server_leave,
        .take_back = server_take_back,
        .notice = server_notice,
        .context = server,
    };

    if (!args.path)
        return 0;
    server->passed.offer.control_fd = -1;
    return handover_start(&args, &server->handover, failure);
}

/* Take the place of the old process, if there is one. Returns 0, or -errno with a failure: it does
 * not leave, and this process has ended what it began. */
int server_take_over(struct server *server, struct failure *failure)
{
    struct handover_offer *offer = &server->passed.offer;
    struct failure ignored;
    int result = 0;

    if (!server->handover)
        return 0;
    if (offer->channel_fd >= 0)
        result = handover_confirm(offer, failure);
    if (result < 0) {
        workers_stop(server->workers);
        workers_run(server->workers, ignored.line);
        return result;
    }
    if (offer->channel_fd >= 0)
        listeners_take_back(&server->listeners); /* the old one only finishes what it has begun */
    handover_begin(server->handover, offer->channel_fd);
    offer->channel_fd = -1;
    return 0;
}
