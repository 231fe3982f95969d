/* Starting and ending the epoll engine. */
#include "base/pages.h"
#include "engine/epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/epoll.h>

void epoll_destroy(struct engine *engine)
{
    struct epoll *epoll = (struct epoll *)(void *)engine;

    if (epoll->epoll_fd >= 0)
        close(epoll->epoll_fd);
    pages_unmap(epoll->sockets, epoll->sockets_max * sizeof(*epoll->sockets));
    pages_unmap(epoll->engine.discard, ENGINE_DISCARD_BYTES);
    event_ring_release(&epoll->ready);
    free(epoll);
}

/* Not before Linux 5.11, and a sandbox may hide it. */
static bool epoll_has_pwait2(const struct epoll *epoll)
{
    const struct timespec none = {0};
    struct epoll_event event;

    return epoll_pwait2(epoll->epoll_fd, &event, 1, &none, NULL) >= 0;
}

static int epoll_prepare(struct epoll *epoll, const char **ret_step)
{
    struct epoll_event wake = {.events = EPOLLIN, .data.u64 = EVENT_WAKE};

    *ret_step = "allocation";
    epoll->sockets = pages_map(epoll->sockets_max * sizeof(*epoll->sockets));
    epoll->engine.discard = pages_map(ENGINE_DISCARD_BYTES);
    if (!epoll->sockets || !epoll->engine.discard ||
        event_ring_init(&epoll->ready, epoll->sockets_max + ENGINE_EVENTS_MAX) < 0)
        return -ENOMEM;
    *ret_step = "epoll_create1";
    epoll->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll->epoll_fd < 0)
        return -errno;
    if (epoll_has_pwait2(epoll))
        epoll->engine.features = ENGINE_NANOSECOND_TIMEOUT;
    *ret_step = "epoll_ctl";
    if (epoll_ctl(epoll->epoll_fd, EPOLL_CTL_ADD, epoll->wake_fd, &wake) < 0)
        return -errno;
    *ret_step = "fcntl";
    if (epoll->engine.listener_fd >= 0 && fcntl(epoll->engine.listener_fd, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

int epoll_open(const struct engine_args *args, struct engine **ret_engine,
               struct engine_failure *ret_failure)
{
    struct epoll *epoll = calloc(1, sizeof(*epoll));
    const char *step = "allocation";
    int result = -ENOMEM;

    if (epoll) {
        *epoll = (struct epoll){
            .engine = {.class = &engine_epoll, .listener_fd = args->listener_fd},
            .epoll_fd = -1,
            .wake_fd = args->wake_fd,
            .sockets_max = args->sockets_max,
        };
        result = epoll_prepare(epoll, &step);
    }
    if (result < 0) {
        engine_fail(ret_failure, step, result,
                    args->sockets_max *
                            (sizeof(struct epoll_socket) + sizeof(struct engine_event)) +
                        ENGINE_DISCARD_BYTES);
        if (epoll)
            epoll_destroy(&epoll->engine);
        return result;
    }
    *ret_engine = &epoll->engine;
    return 0;
}
