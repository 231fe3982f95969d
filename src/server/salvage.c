#include "server/salvage.h"

#include "base/clock.h"
#include "net/listener.h"
#include "net/peer_error.h"

#include <errno.h>
#include <time.h>

#include <sys/socket.h>

static bool salvage_has_time(const struct salvage *salvage, uint64_t end_ns, uint64_t now_ns)
{
    uint64_t stop_ns = worker_stop_ns(salvage->worker);

    return now_ns < end_ns && (stop_ns == 0 || now_ns < stop_ns);
}

/* Accept the clients in the queue: all that it can hold, even if a busy machine came to it late;
 * then while there is time, since where new ones could not be refused, it may never be empty. A
 * client whose place is needed has its greeting already. */
static void salvage_take_waiting(const struct salvage *salvage, uint64_t end_ns)
{
    int held = salvage->listeners->args.backlog + 1; /* listen(2): one more than it says */
    uint64_t now_ns = clock_now_ns();

    for (; listener_has_waiting(salvage->listener_fd) &&
           (held-- > 0 || salvage_has_time(salvage, end_ns, now_ns));
         now_ns = clock_now_ns()) {
        int sock = accept4(salvage->listener_fd, NULL, NULL, SOCK_CLOEXEC);

        if (sock < 0 && !peer_error_of_accept(errno))
            return;
        if (sock < 0)
            continue;
        if (connections_capacity(salvage->connections) == 0)
            connections_abandon(salvage->connections, now_ns);
        connection_accept(salvage->connections, sock, now_ns);
    }
}

/* New handshakes are refused, so they come to an end; wait for those in progress. Some belong to
 * other workers: the kernel does not report which. */
void salvage_run(const struct salvage *salvage)
{
    const struct timespec pause = {.tv_nsec = SALVAGE_CHECK_NS};
    uint64_t now_ns = clock_now_ns(), end_ns = now_ns + SALVAGE_NS;
    bool listening = salvage->listener_fd >= 0;

    if (listening)
        listeners_drain_one(salvage->listeners, salvage->number);
    while ((listening || connections_leave(salvage->connections)) &&
           salvage_has_time(salvage, end_ns, now_ns)) {
        bool more = listening && listener_has_handshakes(&salvage->listeners->address) != 0;

        if (listening)
            salvage_take_waiting(salvage, end_ns);
        if (listening && !more)
            listeners_close_one(salvage->listeners, salvage->number);
        listening = listening && more;
        nanosleep(&pause, NULL);
        now_ns = clock_now_ns();
        connections_probe(salvage->connections, now_ns);
    }
    if (listening)
        listeners_close_one(salvage->listeners, salvage->number);
    connections_abandon(salvage->connections, now_ns);
}
