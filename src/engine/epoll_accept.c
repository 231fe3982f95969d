/* Accepting in the epoll engine: the listener is watched while below capacity. */
#include "base/clock.h"
#include "base/units.h"
#include "engine/epoll.h"
#include "engine/socket.h"

#include <errno.h>
#include <unistd.h>

#include <sys/epoll.h>

/* Connections accepted per iteration; the rest waits for the next, after the open ones. */
#define ACCEPTS_PER_ITERATION 64u

static int epoll_watch_listener(struct epoll *epoll, int how)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_LISTENER};

    return epoll_ctl(epoll->epoll_fd, how, epoll->engine.listener_fd, &event) < 0 ? -errno : 0;
}

void epoll_unwatch_listener(struct epoll *epoll)
{
    if (epoll_watch_listener(epoll, EPOLL_CTL_DEL) < 0)
        clock_pause(EPOLL_PAUSE_NS);
}

int epoll_accept_start(struct engine *engine, uint32_t capacity)
{
    struct epoll *epoll = (struct epoll *)(void *)engine;
    int result = epoll->error ? 0 : epoll_watch_listener(epoll, EPOLL_CTL_ADD);

    if (result < 0 && result != -EEXIST) /* still watched if unwatching failed */
        return result;
    epoll->capacity = capacity;
    return 0;
}

/* Stop watching the listener, and report it to the owner with this event. */
static void epoll_accept_end(struct epoll *epoll, int result)
{
    epoll_watch_listener(epoll, EPOLL_CTL_DEL);
    epoll->capacity = 0;
    event_ring_push(&epoll->ready, (struct engine_event){.result = result, .op = ENGINE_OP_ACCEPT});
}

void epoll_accept_stop(struct engine *engine)
{
    struct epoll *epoll = (struct epoll *)(void *)engine;

    if (epoll->capacity > 0)
        epoll_accept_end(epoll, -ECANCELED);
}

void epoll_accept(struct epoll *epoll)
{
    uint32_t accepts = socket_waiting(epoll->engine.listener_fd);

    if (accepts == 0 || accepts > ACCEPTS_PER_ITERATION) /* 0: not reported, as in gVisor */
        accepts = ACCEPTS_PER_ITERATION;
    for (; accepts > 0 && epoll->capacity > 0; accepts--) {
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
        if (--epoll->capacity == 0) {
            epoll_accept_end(epoll, sock);
            return;
        }
        event_ring_push(&epoll->ready, (struct engine_event){
                                           .result = sock, .op = ENGINE_OP_ACCEPT, .more = true});
    }
}
