/* Starting and ending a checking engine. */
#include "base/pages.h"
#include "engine/checked.h"
#include "engine/checked_socket.h"
#include "engine/epoll.h"
#include "engine/uring.h"

#include <errno.h>
#include <stdlib.h>

static void checked_free(struct checked *checked)
{
    pages_unmap(checked->sockets, checked->sockets_max * sizeof(*checked->sockets));
    pages_unmap(checked->buckets, checked->sockets_max * sizeof(*checked->buckets));
    free(checked);
}

void checked_destroy(struct engine *engine)
{
    struct checked *checked = checked_of(engine);

    engine_destroy(checked->within);
    checked_free(checked);
}

int checked_wrap(struct engine *within, uint32_t sockets_max, struct engine **ret_engine)
{
    struct checked *checked = calloc(1, sizeof(*checked));

    if (!checked)
        return -ENOMEM;
    *checked = (struct checked){
        .engine = {.class = &checked->class, .features = within->features, .is_tested = true},
        .class = checked_class,
        .within = within,
        .thread = pthread_self(),
        .sockets_max = sockets_max,
        .sockets = pages_map(sockets_max * sizeof(struct checked_socket)),
        .buckets = pages_map(sockets_max * sizeof(uint32_t)),
        .first_connect = NO_SOCKET,
    };
    checked->class.name = within->class->name;
    checked->class.watch_call = within->class->watch_call;
    checked->class.accept_call = within->class->accept_call;
    if (!checked->sockets || !checked->buckets) {
        checked_free(checked);
        return -ENOMEM;
    }
    *ret_engine = &checked->engine;
    return 0;
}

static int checked_open(const struct engine_class *class, const struct engine_args *args,
                        struct engine **ret_engine, struct engine_failure *ret_failure)
{
    struct engine *within;
    int result = engine_open(class, args, &within, ret_failure);

    if (result < 0)
        return result;
    result = checked_wrap(within, args->sockets_max, ret_engine);
    if (result < 0) {
        engine_fail(ret_failure, "allocation", result,
                    args->sockets_max * (sizeof(struct checked_socket) + sizeof(uint32_t)));
        engine_destroy(within);
    }
    return result;
}

static int checked_open_uring(const struct engine_args *args, struct engine **ret_engine,
                              struct engine_failure *ret_failure)
{
    return checked_open(&engine_uring, args, ret_engine, ret_failure);
}

static int checked_open_epoll(const struct engine_args *args, struct engine **ret_engine,
                              struct engine_failure *ret_failure)
{
    return checked_open(&engine_epoll, args, ret_engine, ret_failure);
}

const struct engine_class engine_checked_uring = {.name = "checked:uring",
                                                  .open = checked_open_uring};
const struct engine_class engine_checked_epoll = {.name = "checked:epoll",
                                                  .open = checked_open_epoll};
