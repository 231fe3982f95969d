/* Accepting by the epoll engine: its listener is watched while there is room. */
#include "base/units.h"
#include "engine/epoll.h"
#include "engine/socket.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>

/* Connections accepted in one turn; the rest waits for the next, behind those that are open. */
#define ACCEPTS_PER_TURN 64u

/* How long to hold still while the listener cannot be left alone. */
#define NO_UNWATCH_PAUSE_NS (10 * NS_PER_MS)

static int epoll_watch_listener(struct epoll *epoll, int how)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_LISTENER};

    return epoll_ctl(epoll->epoll_fd, how, epoll->engine.listener_fd, &event) < 0 ? -errno : 0;
}

void epoll_unwatch_listener(struct epoll *epoll)
{
    struct timespec pause = {.tv_nsec = NO_UNWATCH_PAUSE_NS};

    if (epoll_watch_listener(epoll, EPOLL_CTL_DEL) < 0)
        nanosleep(&pause, NULL);
}

int epoll_accept_start(struct engine *engine, uint32_t room)
{
    struct epoll *epoll = (struct epoll *)(void *)engine;
    int result = epoll->error ? 0 : epoll_watch_listener(epoll, EPOLL_CTL_ADD);

    if (result < 0 && result != -EEXIST) /* it is there if its end failed */
        return result;
    epoll->room = room;
    return 0;
}

/* Stop watching the listener and tell the owner so with this event. */
static void epoll_accept_end(struct epoll *epoll, int result)
{
    epoll_watch_listener(epoll, EPOLL_CTL_DEL);
    epoll->room = 0;
    event_ring_push(&epoll->ready, (struct engine_event){.result = result, .op = ENGINE_OP_ACCEPT});
}

void epoll_accept_stop(struct engine *engine)
{
    struct epoll *epoll = (struct epoll *)(void *)engine;

    if (epoll->room > 0)
        epoll_accept_end(epoll, -ECANCELED);
}

void epoll_accept(struct epoll *epoll)
{
    uint32_t accepts = socket_waiting(epoll->engine.listener_fd);

    if (accepts == 0 || accepts > ACCEPTS_PER_TURN) /* 0: it does not tell, as in gVisor */
        accepts = ACCEPTS_PER_TURN;
    for (; accepts > 0 && epoll->room > 0; accepts--) {
        int sock = accept4(epoll->engine.listener_fd, NULL, NULL, SOCK_CLOEXEC);

        if (sock >= 0 && (uint32_t)sock >= epoll->sockets_max) {
            close(sock); /* the descriptor limit was raised since, from outside (prlimit(2)) */
            sock = -1;
            errno = EMFILE;
        }
        if (sock < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (sock < 0) {
            epoll_accept_end(epoll, -errno);
            return;
        }
        if (--epoll->room == 0) {
            epoll_accept_end(epoll, sock);
            return;
        }
        event_ring_push(&epoll->ready, (struct engine_event){
                                           .result = sock, .op = ENGINE_OP_ACCEPT, .more = true});
    }
}
