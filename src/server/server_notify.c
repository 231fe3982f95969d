/* What the service manager is told of the server, again and again where it cannot be told at once.
 */
#include "base/clock.h"
#include "base/signals.h"
#include "base/units.h"
#include "base/wait.h"
#include "server/notify.h"
#include "server/server_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How often, and for how long. A manager that is busy reads its socket again in that time. */
#define NOTIFY_RETRY_NS    (100 * NS_PER_MS)
#define NOTIFY_PATIENCE_NS (10 * NS_PER_S)

/* True for a message without which the manager takes the end of this process for that of the
 * service, and ends the successor. */
static bool notice_is_vital(const char *state)
{
    return strncmp(state, "MAINPID=", strlen("MAINPID=")) == 0;
}

/* True if it may be possible later. A socket that is not there mostly stays away. */
static bool notice_may_pass(const char *state, int error)
{
    switch (error) {
    case -EAGAIN: /* the manager has not read what was sent before */
    case -ENOBUFS:
    case -ENOMEM:
    case -EMFILE:
    case -ENFILE:
        return true;
    default:
        return notice_is_vital(state) && error != -EINVAL;
    }
}

static void notice_give_up(struct server *server, const char *state, int error)
{
    char line[256];

    snprintf(line, sizeof(line), "warning: cannot send %s to $NOTIFY_SOCKET: %s%s", state,
             strerror(-error),
             notice_is_vital(state) ? "; the service manager may end that process with this one: "
                                      "see whether it runs"
                                    : "");
    server_notice(server, line);
}

/* Try again to send what is pending; `last`: for the last time. */
static void server_notify_again(struct server *server, bool last)
{
    struct server_pending *pending = &server->pending;
    uint64_t now_ns = clock_now_ns();
    int result = notify_send(pending->state);

    pending->due_ns = now_ns + NOTIFY_RETRY_NS;
    if (result < 0 && !last && now_ns < pending->end_ns)
        return;
    if (result < 0)
        notice_give_up(server, pending->state, result);
    *pending = (struct server_pending){0};
}

void server_notify(struct server *server, const char *state)
{
    struct server_pending *pending = &server->pending;
    int result = notify_send(state);

    *pending = (struct server_pending){0}; /* it is out of date */
    if (result == 0)
        return;
    if (!notice_may_pass(state, result)) {
        notice_give_up(server, state, result);
        return;
    }
    pending->due_ns = clock_now_ns() + NOTIFY_RETRY_NS;
    pending->end_ns = pending->due_ns + NOTIFY_PATIENCE_NS;
    snprintf(pending->state, sizeof(pending->state), "%s", state);
}

uint64_t server_notify_tick(void *context, bool last)
{
    struct server *server = context;
    struct server_pending *pending = &server->pending;

    if (pending->state[0] && clock_now_ns() >= pending->due_ns)
        server_notify_again(server, false);
    /* At the end, the process stays for a vital one, unless somebody wants it gone. */
    while (last && pending->state[0]) {
        bool stays = notice_is_vital(pending->state) &&
                     wait_fd(signals_stop_fd(), POLLIN, NOTIFY_RETRY_NS) == 0;

        server_notify_again(server, !stays);
    }
    return pending->state[0] ? pending->due_ns : UINT64_MAX;
}
