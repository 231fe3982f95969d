/* The new process's side of a handover. */
#include "base/clock.h"
#include "base/escape.h"
#include "base/signals.h"
#include "base/units.h"
#include "net/limits.h"
#include "server/handover.h"
#include "server/handover_message.h"
#include "server/handover_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#define SHOWN_BYTES 160 /* of a path, in messages */

/* How often a process that dies while it is asked is asked again: another one may serve by then. */
#define ASKS_MAX 3

/* `why` is followed by an advice. */
static int handover_fail(const char *path, int result, const char *why, struct failure *failure)
{
    char shown[SHOWN_BYTES];

    if (result == -EINTR)
        return failure_set(failure, FAILURE_STOPPED, result, "stopped before it could listen");
    return failure_set(failure, FAILURE_SYSTEM, result, "cannot take over at '%s': %s",
                       escape_encode(path, strlen(path), shown, sizeof(shown)), why);
}

/* Say why the path cannot be connected to, and what to do. Returns why. */
static char *handover_connect_advice(int error, char *why, size_t bytes)
{
    const char *advice = "see whether the directory exists, and this user may use it";

    if (error == EISDIR)
        advice = "give the path of a socket in it";
    else if (error == ENOTSOCK)
        advice = "remove that file, or choose another path";
    else if (error == EPROTOTYPE)
        advice = "another program listens there: choose another path";
    else if (error == EACCES || error == EPERM)
        advice = "only the user who started the process there may replace it";
    else if (error == EAGAIN)
        advice = "other processes ask it already: start this one again";
    snprintf(why, bytes, "%s (%s); %s", error == ENOTSOCK ? "a file is there" : strerror(error),
             strerrorname_np(error), advice);
    return why;
}

/* Keep a listener: those of a service manager come first. */
static void offer_keep(struct handover_offer *offer, int fd, bool is_managed)
{
    uint32_t place = is_managed ? offer->managed_count++ : offer->count;

    offer->fds[offer->count++] = offer->fds[place];
    offer->fds[place] = fd;
}

/* Keep or close the descriptors of a message. Returns false if there are more than can be kept. */
static bool offer_take(struct handover_offer *offer, const struct handover_message *message,
                       const int *fds, int count)
{
    uint32_t role = message->role;
    bool fit = true;

    for (int i = 0; i < count; i++) {
        if (role == HANDOVER_CONTROL && offer->control_fd < 0) {
            offer->control_fd = fds[i];
        } else if (role == HANDOVER_CLIENTS && offer->count < LISTENERS_MAX) {
            offer_keep(offer, fds[i], message->flags & HANDOVER_MANAGED);
        } else if (role == HANDOVER_ADMIN && offer->admin_fd < 0) {
            offer->admin_fd = fds[i];
            offer->admin_is_managed = message->flags & HANDOVER_MANAGED;
        } else {
            fit = fit && role != HANDOVER_CLIENTS;
            close(fds[i]);
        }
    }
    return fit;
}

/* Receive until all was offered. Returns 0 or -errno; -ECONNABORTED: the reason is in *message. */
static int offer_receive(struct handover_offer *offer, int stop_fd,
                         struct handover_message *message)
{
    uint64_t deadline_ns = clock_now_ns() + HANDOVER_ANSWER_NS;
    int fds[HANDOVER_FDS_MAX];

    for (;;) {
        int count = handover_receive(offer->channel_fd, deadline_ns, stop_fd, message, fds);

        if (count < 0)
            return count;
        if (!offer_take(offer, message, fds, count))
            return -E2BIG;
        if (message->kind == HANDOVER_GIVE_UP)
            return -ECONNABORTED;
        if (message->kind == HANDOVER_OFFER)
            break;
    }
    if (message->flags & HANDOVER_MANAGED && offer->managed_count == 0)
        offer->managed_count = offer->count;
    return offer->count > 0 && offer->control_fd >= 0 ? 0 : -EPROTO;
}

/* Say why there is no offer, and what to do. */
static void handover_offer_advice(int error, pid_t pid, char *why, size_t bytes)
{
    int process = (int)pid;

    if (error == -ETIMEDOUT)
        snprintf(why, bytes,
                 "process %d does not answer within %u s; see whether it runs, or hands over to "
                 "another one just now, and start this one again",
                 process, (unsigned)(HANDOVER_ANSWER_NS / NS_PER_S));
    else if (error == -EMFILE)
        snprintf(why, bytes,
                 "process %d offers more descriptors than the limit of %lld allows; raise it "
                 "(ulimit -Hn, LimitNOFILE=)",
                 process, (long long)limits_raise_descriptors());
    else if (error == -EPROTO)
        snprintf(why, bytes, "the answer of process %d is not understood; choose another path",
                 process);
    else if (error == -E2BIG)
        snprintf(why, bytes, "process %d offers more than %d listeners; choose another path",
                 process, LISTENERS_MAX);
    else
        snprintf(why, bytes, "no offer from process %d: %s (%s); start this one again", process,
                 strerror(-error), strerrorname_np(-error));
}

static int handover_ask_once(const char *path, int stop_fd, struct handover_offer *offer,
                             struct failure *failure)
{
    struct handover_message message = {.kind = HANDOVER_ASK};
    struct handover_peer peer;
    char why[sizeof(message.text) + 128];
    int result = handover_socket_connect(path, &peer);

    if (result == -ENOENT || result == -ECONNREFUSED)
        return 0; /* nobody serves there, or nobody does any more */
    if (result < 0)
        return handover_fail(path, result, handover_connect_advice(-result, why, sizeof(why)),
                             failure);
    offer->channel_fd = peer.fd;
    offer->pid = peer.pid;
    if (!handover_peer_is_trusted(&peer)) {
        snprintf(why, sizeof(why),
                 "user %u serves there, whose listeners must not be trusted; choose another path",
                 (unsigned)peer.user);
        return handover_fail(path, -EPERM, why, failure);
    }
    result = handover_send(peer.fd, &message, NULL, 0);
    if (result == 0)
        result = offer_receive(offer, stop_fd, &message);
    if (result == 0 || result == -EPIPE)
        return result;
    if (result == -ECONNABORTED)
        snprintf(why, sizeof(why), "process %d refuses: %s", (int)peer.pid, message.text);
    else
        handover_offer_advice(result, peer.pid, why, sizeof(why));
    return handover_fail(path, result, why, failure);
}

int handover_ask(const char *path, int stop_fd, struct handover_offer *ret_offer,
                 struct failure *failure)
{
    int result = 0;

    limits_raise_descriptors(); /* what is offered may be many; if that fails, the limit stays */
    for (int i = 0; i < ASKS_MAX; i++) {
        *ret_offer = HANDOVER_NO_OFFER;
        result = handover_ask_once(path, stop_fd, ret_offer, failure);
        if (result == 0)
            return 0;
        handover_decline(ret_offer, NULL);
        if (result != -EPIPE)
            return result;
    }
    return handover_fail(path, result, "each process there ended when it was asked; start it again",
                         failure);
}

void handover_decline(struct handover_offer *offer, const char *why)
{
    if (offer->channel_fd >= 0 && why)
        handover_send_refusal(offer->channel_fd, why);
    for (uint32_t i = 0; i < offer->count; i++)
        close(offer->fds[i]);
    if (offer->control_fd >= 0)
        close(offer->control_fd);
    if (offer->admin_fd >= 0)
        close(offer->admin_fd);
    if (offer->channel_fd >= 0)
        close(offer->channel_fd);
    *offer = HANDOVER_NO_OFFER;
}

/* Wait for the answer to READY. A stop does not cut the wait short: the old process may leave just
 * now. Returns 0 (it leaves, or is dead), -ECONNABORTED with the reason in *message, or -errno. */
static int confirm_receive(const struct handover_offer *offer, struct handover_message *message)
{
    uint64_t deadline_ns = clock_now_ns() + HANDOVER_ANSWER_NS;
    int fds[HANDOVER_FDS_MAX];

    for (;;) {
        int count = handover_receive(offer->channel_fd, deadline_ns, -1, message, fds);

        if (count == -ETIMEDOUT && deadline_ns > 0) {
            deadline_ns = 0;
            shutdown(offer->channel_fd,
                     SHUT_RDWR); /* from now on it cannot say that it leaves ... */
            continue;            /* ... unless it has */
        }
        if (count == -EPIPE)
            return deadline_ns > 0 ? 0 : -ETIMEDOUT;
        if (count < 0)
            return count;
        for (int i = 0; i < count; i++)
            close(fds[i]);
        if (message->kind == HANDOVER_LEAVE)
            return 0;
        if (message->kind == HANDOVER_GIVE_UP)
            return -ECONNABORTED;
    }
}

int handover_confirm(struct handover_offer *offer, struct failure *failure)
{
    struct handover_message message = {.kind = HANDOVER_READY};
    int result;

    if (signals_stops() > 0) {
        handover_send_refusal(offer->channel_fd, "it was stopped");
        return failure_set(failure, FAILURE_STOPPED, -EINTR, "stopped before it took over");
    }
    result = handover_send(offer->channel_fd, &message, NULL, 0);
    if (result == 0 || result == -EPIPE) /* it may have said why before it closed the channel */
        result = confirm_receive(offer, &message);
    if (result == 0)
        return 0;
    if (result == -ECONNABORTED)
        return failure_set(failure, FAILURE_SYSTEM, result, "process %d does not hand over: %s",
                           (int)offer->pid, message.text);
    return failure_set(
        failure, FAILURE_SYSTEM, result,
        "process %d does not leave: %s; see whether it runs, and start this one again",
        (int)offer->pid, strerror(-result));
}
