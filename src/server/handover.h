/* Replacing a running server by a new process without losing a client: the new one asks the old one
 * for its listeners at a Unix socket, and the old one leaves when the new one serves. What they say
 * is in server/handover_message.h.
 *
 * If the new process cannot start, or dies before it serves, the old one serves on. If the old one
 * dies, the new one has the listeners. Both must be of the same user.
 *
 * The Unix socket itself is handed over too, so its path always leads to the process that serves.
 */
#ifndef HELLO_HANDOVER_H
#define HELLO_HANDOVER_H

#include "base/failure.h"
#include "server/listeners.h"

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

/* How long the old process waits for the question of one that has connected; how long the new one
 * waits for each answer, so that it may wait for some who ask nothing; and how long the new one may
 * take to start its workers. */
#define HANDOVER_ASK_NS    UINT64_C(1000000000)
#define HANDOVER_ANSWER_NS UINT64_C(10000000000)
#define HANDOVER_START_NS  UINT64_C(30000000000)

/* The longest path. */
#define HANDOVER_PATH_MAX 107

/* --- The new process --- */

/* What the old process offers. */
struct handover_offer {
    int channel_fd; /* to the old process; -1: there is none */
    pid_t pid;      /* of the old process, 0: in another PID namespace */
    int control_fd; /* the Unix socket */
    uint32_t count;
    uint32_t managed_count; /* the first of them: a service manager keeps them open, too */
    int fds[LISTENERS_MAX]; /* the listeners; not checked */
    int admin_fd;           /* the listener of the admin port; -1: there is none */
    bool admin_is_managed;  /* a service manager keeps that open, too */
};

#define HANDOVER_NO_OFFER \
    ((struct handover_offer){.channel_fd = -1, .control_fd = -1, .admin_fd = -1})

/* Ask the process that serves at `path`, if there is one, for its listeners. stop_fd as in
 * listeners_args. The caller owns what is offered, until handover_start takes the channel and the
 * Unix socket. Returns 0 (channel_fd is -1 if nobody serves there), or -errno with a failure and
 * nothing offered. */
int handover_ask(const char *path, int stop_fd, struct handover_offer *ret_offer,
                 struct failure *failure);

/* Close all that was offered. The old process serves on. `why`: for that process; NULL: nothing is
 * said. */
void handover_decline(struct handover_offer *offer, const char *why);

/* Report that clients are accepted now, and wait until the old process leaves. If it is dead it has
 * left. Returns 0, or -errno with a failure: it serves on, because it does not leave, or because a
 * stop was requested before (FAILURE_STOPPED). */
int handover_confirm(struct handover_offer *offer, struct failure *failure);

/* --- The old process, which was a new one once --- */

struct handover;

struct handover_args {
    const char *path;
    struct listeners *listeners;
    int control_fd;        /* the Unix socket; -1: make it */
    int admin_fd;          /* the listener of the admin port, the caller's; -1: there is none */
    bool admin_is_managed; /* a service manager keeps that open, too */

    /* Called in the thread of the handover: another process serves in our place now (successor is
     * its id; 0: unknown), so stop. */
    void (*leave)(void *context, pid_t successor);

    /* The same: another process is gone that also accepted here: wake the workers. */
    void (*take_back)(void *context);

    /* Gets one line that is worth knowing. */
    void (*notice)(void *context, const char *line);
    void *context;
};

/* Make ready to answer at the path, in a thread that sleeps until it is asked. Takes control_fd,
 * also if it fails. Returns 0, or -errno with a failure. */
int handover_start(const struct handover_args *args, struct handover **ret_handover,
                   struct failure *failure);

/* Begin to answer: this process serves. predecessor_fd is the channel to the process that it
 * replaces, now the handover's; -1: none. Call it once. */
void handover_begin(struct handover *handover, int predecessor_fd);

/* All listeners are closed: tell the successor, if there is one. Any thread. */
void handover_has_left(struct handover *handover);

/* Stop answering. The path is removed, unless it is the successor's. NULL is fine. */
void handover_end(struct handover *handover);

#endif
