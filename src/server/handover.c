/* The old process's side of a handover. */
#include "server/handover.h"

#include "base/clock.h"
#include "base/escape.h"
#include "base/event.h"
#include "base/units.h"
#include "base/wait.h"
#include "server/handover_message.h"
#include "server/handover_socket.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#define SHOWN_BYTES 160               /* of a path, in messages */
#define RETRY_NS    (100 * NS_PER_MS) /* after a failed wait or accept */
#define STOPPING    "it is stopping; start this one when that has ended"

/* A process that is gone may have been woken for clients whom it did not accept, also while the
 * kernel still ends what it had begun: so look again after each of these times. */
static const uint64_t look_after_ns[] = {0, 20 * NS_PER_MS, 100 * NS_PER_MS, 500 * NS_PER_MS,
                                         2 * NS_PER_S};

#define LOOKS (sizeof(look_after_ns) / sizeof(look_after_ns[0]))

struct handover {
    struct handover_args args;
    int control_fd;
    int end_fd;         /* an eventfd: the thread must end */
    size_t looks;       /* done since another process was gone */
    sem_t begin;        /* to answer, or to end */
    int predecessor_fd; /* the channel to it; -1: none */
    atomic_bool over;   /* a successor serves */
    bool owns_path;     /* it leads to this process; for the thread while it runs */
    pthread_t thread;
    pthread_mutex_t mutex; /* for the next members */
    bool has_left;         /* all listeners are closed */
    int successor_fd;      /* the channel to it, -1: none */
};

static void handover_notice(const struct handover *handover, const char *what, pid_t pid,
                            const char *then)
{
    char line[256];

    if (pid > 0)
        snprintf(line, sizeof(line), "%s process %d%s", what, (int)pid, then);
    else
        snprintf(line, sizeof(line), "%s another process%s", what, then);
    handover->args.notice(handover->args.context, line);
}

/* Offer the listeners, and wait until the successor serves. Returns 0 or -errno. */
static int handover_offer(struct handover *handover, int channel_fd)
{
    struct handover_message message = {.kind = HANDOVER_DESCRIPTORS, .role = HANDOVER_CONTROL};
    int fds[LISTENERS_MAX], received[HANDOVER_FDS_MAX];
    uint32_t count = listeners_open_fds(handover->args.listeners, fds);
    int result = handover_send(channel_fd, &message, &handover->control_fd, 1);
    int received_count;

    message.role = HANDOVER_CLIENTS;
    for (uint32_t sent = 0, part; sent < count && result == 0; sent += part) {
        part = count - sent < HANDOVER_FDS_MAX ? count - sent : HANDOVER_FDS_MAX;
        result = handover_send(channel_fd, &message, &fds[sent], part);
    }
    message.role = HANDOVER_ADMIN;
    if (handover->args.admin_fd >= 0 && result == 0)
        result = handover_send(channel_fd, &message, &handover->args.admin_fd, 1);
    message = (struct handover_message){.kind = HANDOVER_OFFER,
                                        .flags = handover->args.is_managed ? HANDOVER_MANAGED : 0,
                                        .count = count + 1 + (handover->args.admin_fd >= 0)};
    if (result == 0)
        result = handover_send(channel_fd, &message, NULL, 0);
    if (result < 0)
        return result;
    received_count = handover_receive(channel_fd, clock_now_ns() + HANDOVER_START_NS,
                                      handover->end_fd, &message, received);
    if (received_count < 0)
        return received_count;
    for (int i = 0; i < received_count; i++)
        close(received[i]);
    if (message.kind == HANDOVER_GIVE_UP)
        return -ECONNABORTED;
    return message.kind == HANDOVER_READY ? 0 : -EPROTO;
}

/* Receive the question. Returns 0, or -errno with the reason to refuse it. */
static int handover_hear(struct handover *handover, const struct handover_peer *peer,
                         const char **ret_why)
{
    struct handover_message message;
    int fds[HANDOVER_FDS_MAX];
    int result;

    *ret_why = "only the same user may take over";
    if (!handover_peer_is_trusted(peer))
        return -EPERM;
    *ret_why = "it asks nothing";
    result = handover_receive(peer->fd, clock_now_ns() + HANDOVER_ASK_NS, handover->end_fd,
                              &message, fds);
    for (int i = 0; i < result; i++)
        close(fds[i]);
    if (result < 0 || message.kind != HANDOVER_ASK)
        return result < 0 ? result : -EPROTO;
    *ret_why = STOPPING;
    return listeners_share(handover->args.listeners) ? 0 : -EBUSY;
}

/* The successor serves: leave. Its channel stays open until our listeners are closed. */
static void handover_leave(struct handover *handover, const struct handover_peer *peer)
{
    pthread_mutex_lock(&handover->mutex);
    if (handover->has_left) /* a stop came first */
        close(peer->fd);
    else
        handover->successor_fd = peer->fd;
    pthread_mutex_unlock(&handover->mutex);
    atomic_store(&handover->over, true);
    handover->args.leave(handover->args.context, peer->pid);
}

/* The others that accepted here are gone. */
static void handover_look(struct handover *handover)
{
    listeners_take_back(handover->args.listeners);
    handover->args.take_back(handover->args.context);
    handover->looks++;
}

/* Sleep until a descriptor (-1: none) is readable, at most timeout_ns. Returns 1, 0
 * (time is over), or -EINTR: the thread must end. */
static int handover_sleep(const struct handover *handover, int fd, uint64_t timeout_ns)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = handover->end_fd, .events = POLLIN}};
    int ready = wait_fds(fds, 2, timeout_ns);

    if (ready < 0)
        clock_pause(RETRY_NS); /* it passes */
    if (fds[1].revents)
        return -EINTR;
    return ready > 0;
}

/* Answer one process that connected. */
static void handover_answer(struct handover *handover)
{
    struct handover_message message = {.kind = HANDOVER_LEAVE};
    struct handover_peer peer;
    const char *why;
    char then[96];
    int result = handover_socket_accept(handover->control_fd, &peer);

    if (result < 0) {
        if (result != -EAGAIN) /* it stays readable */
            handover_sleep(handover, -1, RETRY_NS);
        return;
    }
    result = handover_hear(handover, &peer, &why);
    if (result < 0) {
        handover_send_refusal(peer.fd, why);
        close(peer.fd);
        return;
    }
    handover_notice(handover, "handing over to", peer.pid, "");
    result = handover_offer(handover, peer.fd);
    if (result == 0)
        result = handover_send(peer.fd, &message, NULL, 0);
    if (result == 0) {
        handover_leave(handover, &peer);
        return;
    }
    if (result == -EINTR) {
        /* This process stops, and the other one has all that it needs: it serves when this channel
         * ends, and then the path is its own. */
        handover->owns_path = false;
        close(peer.fd);
        return;
    }
    snprintf(then, sizeof(then), " did not become ready (%s)", strerror(-result));
    handover_send_refusal(peer.fd, result == -ETIMEDOUT ? "it took too long to start"
                                                        : "its answers are not understood");
    close(peer.fd);
    handover_notice(handover, "still serving:", peer.pid,
                    result == -ECONNABORTED ? " could not start"
                    : result == -EPIPE      ? " ended before it could serve"
                                            : then);
    handover->looks = 0;
    handover_look(handover);
}

/* The predecessor has left when its end of the channel is closed. */
static void handover_watch_predecessor(struct handover *handover)
{
    if (handover->predecessor_fd < 0 ||
        handover_sleep(handover, handover->predecessor_fd, HANDOVER_START_NS) < 0)
        return;
    handover->looks = 0;
    handover_look(handover);
}

static void *handover_main(void *argument)
{
    struct handover *handover = argument;

    pthread_setname_np(pthread_self(), "handover");
    handover->looks = LOOKS;
    while (sem_wait(&handover->begin) < 0)
        ;
    handover_watch_predecessor(handover);
    while (!atomic_load(&handover->over)) {
        uint64_t timeout_ns =
            handover->looks < LOOKS ? look_after_ns[handover->looks] : WAIT_FOREVER;
        int ready = handover_sleep(handover, handover->control_fd, timeout_ns);

        if (ready < 0)
            break;
        if (ready > 0)
            handover_answer(handover);
        else if (handover->looks < LOOKS)
            handover_look(handover);
    }
    return NULL;
}

static int handover_fail(const struct handover *handover, int result, const char *what,
                         struct failure *failure)
{
    const char *path = handover->args.path;
    char shown[SHOWN_BYTES];

    return failure_set(
        failure, FAILURE_SYSTEM, result, "cannot offer a handover at '%s': %s: %s; %s",
        escape_encode(path, strlen(path), shown, sizeof(shown)), what, strerror(-result),
        result == -ENOTSOCK     ? "remove the file that is there"
        : result == -ENOENT     ? "make its directory (RuntimeDirectory= of a systemd unit does it)"
        : result == -EADDRINUSE ? "another process serves there: choose another path"
                                : "choose a path that this user can write to");
}

static void handover_free(struct handover *handover)
{
    const int fds[] = {handover->control_fd, handover->end_fd, handover->predecessor_fd,
                       handover->successor_fd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    sem_destroy(&handover->begin);
    pthread_mutex_destroy(&handover->mutex);
    free(handover);
}

static int handover_open(struct handover *handover, struct failure *failure)
{
    const char *path = handover->args.path;
    int result;

    handover->end_fd = eventfd(0, EFD_CLOEXEC);
    if (handover->end_fd < 0)
        return handover_fail(handover, -errno, "eventfd", failure);
    if (handover->control_fd < 0) {
        handover->control_fd = handover_socket_listen(path);
        handover->owns_path = handover->control_fd >= 0;
    }
    if (handover->control_fd < 0) {
        result = handover->control_fd;
        return handover_fail(handover, result, "listen", failure);
    }
    result = -pthread_create(&handover->thread, NULL, handover_main, handover);
    return result < 0 ? handover_fail(handover, result, "pthread_create", failure) : 0;
}

int handover_start(const struct handover_args *args, struct handover **ret_handover,
                   struct failure *failure)
{
    struct handover *handover = calloc(1, sizeof(*handover));
    int result;

    if (!handover)
        return failure_set(failure, FAILURE_SYSTEM, -ENOMEM,
                           "cannot allocate: %s; raise the memory limit", strerror(ENOMEM));
    handover->args = *args;
    handover->control_fd = args->control_fd;
    handover->successor_fd = handover->predecessor_fd = -1;
    sem_init(&handover->begin, 0, 0);
    pthread_mutex_init(&handover->mutex, NULL);
    result = handover_open(handover, failure);
    if (result < 0)
        handover_free(handover);
    else
        *ret_handover = handover;
    return result;
}

void handover_begin(struct handover *handover, int predecessor_fd)
{
    handover->predecessor_fd = predecessor_fd;
    handover->owns_path = true;
    handover_socket_own(handover->control_fd);
    sem_post(&handover->begin);
}

void handover_has_left(struct handover *handover)
{
    pthread_mutex_lock(&handover->mutex);
    if (handover->successor_fd >= 0)
        close(handover->successor_fd);
    handover->successor_fd = -1;
    handover->has_left = true;
    pthread_mutex_unlock(&handover->mutex);
}

void handover_end(struct handover *handover)
{
    if (!handover)
        return;
    event_raise(handover->end_fd);
    sem_post(&handover->begin);
    pthread_join(handover->thread, NULL);
    if (handover->owns_path && !atomic_load(&handover->over))
        unlink(handover->args.path);
    handover_free(handover);
}
