/* Listeners that others pass to this process: a service manager (net/activation.h), or the process
 * that it replaces (server/handover.h). */
#ifndef HELLO_PASSED_H
#define HELLO_PASSED_H

#include "base/failure.h"
#include "net/address.h"
#include "server/config.h"
#include "server/handover.h"

#include <stdbool.h>
#include <stdint.h>

#define PASSED_WHOSE_BYTES 32

struct passed {
    uint32_t count;                 /* 0: none, open your own */
    int fds[LISTENERS_MAX];         /* the first of `offer` or of the service manager */
    char whose[PASSED_WHOSE_BYTES]; /* who passed them: "the service manager", "process 12" */
    struct address address;         /* of the first */
    uint32_t managed_count;         /* the first of them: a service manager keeps them open, too */
    int admin_fd;                   /* for the admin port; -1: none */
    bool admin_is_managed;          /* a service manager keeps that open, too */
    struct address admin_address;   /* its address */
    struct handover_offer offer;    /* without descriptors of listeners; channel_fd -1: none */
};

/* Take the sockets that were passed by a service manager, and ask the process at --handover, if
 * `asks`, for its own. Each is checked; all have one port, which must be the one that is asked for.
 * Returns 0, or -errno with a failure and nothing kept. */
int passed_find(struct passed *passed, const struct server_config *config, bool asks, int stop_fd,
                struct failure *failure);

/* Close what nobody took: listeners_open takes the listeners, handover_start the offer's. */
void passed_release(struct passed *passed);

#endif
