#include "server/listeners.h"

#include "base/clock.h"
#include "base/fact.h"
#include "base/units.h"
#include "base/wait.h"
#include "host/platform.h"
#include "net/address_state.h"
#include "net/listener.h"
#include "net/port_holder.h"
#include "server/config.h"
#include "server/listen_advice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Waits between tries double from 1 ms up to this. */
#define RETRY_MAX_MS 64

static void listeners_notice(const struct listeners *listeners, const char *line)
{
    listeners->args.notice(listeners->args.context, line);
}

/* Without IPv6, use the IPv4 counterpart of the default address. Returns true if it did. */
static bool listeners_fall_back_to_ipv4(struct listeners *listeners, const char *why)
{
    struct address any = {.v4 = {.sin_family = AF_INET}};
    char from[ADDRESS_TEXT_BYTES], to[ADDRESS_TEXT_BYTES], line[256];

    if (listeners->address.sa.sa_family != AF_INET6 || !address_is_any(&listeners->address))
        return false;
    address_set_port(&any, address_port(&listeners->address));
    snprintf(line, sizeof(line), "warning: IPv6 is off (%s): listening on %s instead of %s", why,
             address_format(&any, to), address_format(&listeners->address, from));
    listeners->address = any;
    listeners_notice(listeners, line);
    return true;
}

/* Wait. Returns false if a stop was requested; where no wait is possible, a stop is seen when the
 * retries are over. */
static bool listeners_pause(const struct listeners *listeners, int ms)
{
    return wait_fd(listeners->args.stop_fd, POLLIN, (uint64_t)ms * NS_PER_MS) <= 0;
}

/* Wait until an address that is being checked for duplicates is ready, or until the time for that
 * is over. Returns 0 if it is worth a try, -EADDRNOTAVAIL, or -EINTR: a stop was requested. */
static int listeners_await_address(const struct listeners *listeners)
{
    uint64_t until_ns = clock_now_ns() + LISTENERS_TENTATIVE_NS;
    char interface[IF_NAMESIZE], address[ADDRESS_TEXT_BYTES], line[256];

    if (address_state_read(&listeners->address, interface) != ADDRESS_TENTATIVE)
        return -EADDRNOTAVAIL;
    snprintf(line, sizeof(line),
             "waiting for '%s': %s still checks that no other host has it (tentative)",
             address_format(&listeners->address, address), interface);
    listeners_notice(listeners, line);
    while (address_state_read(&listeners->address, interface) == ADDRESS_TENTATIVE) {
        if (clock_now_ns() >= until_ns)
            return -EADDRNOTAVAIL;
        if (!listeners_pause(listeners, RETRY_MAX_MS))
            return -EINTR;
    }
    return 0;
}

/* Open listener i. Only a listening process keeps a port permanently: another holder may be gone in
 * a moment, so retry. The same helps two servers that listen at the same moment: the kernel marks
 * each as listening before it checks for others, so it may refuse both. Returns its descriptor or
 * -errno; -EINTR: a stop was requested. */
static int listeners_open_one(struct listeners *listeners, uint32_t i, const char **ret_step,
                              struct port_holder *ret_holder)
{
    uint64_t until_ns = clock_now_ns() + LISTENERS_RETRY_NS;
    bool waited = false;
    int wait_ms = 1;

    for (;;) {
        int backlog = listeners->args.backlog;
        int fd = listener_open(&listeners->address, backlog, i == 0, ret_step);

        if (fd == -EADDRNOTAVAIL && i == 0 && !waited) {
            waited = true;
            fd = listeners_await_address(listeners);
            if (fd == 0)
                continue;
        }
        if (fd != -EADDRINUSE || address_port(&listeners->address) == 0)
            return fd;
        port_holder_find(&listeners->address, ret_holder);
        if ((ret_holder->kind == PORT_HOLDER_LISTENER && !ret_holder->gone) ||
            clock_now_ns() >= until_ns)
            return fd;
        if (!listeners_pause(listeners, wait_ms + getpid() % (wait_ms + 1)))
            return -EINTR;
        wait_ms = wait_ms < RETRY_MAX_MS ? 2 * wait_ms : wait_ms;
    }
}

static int listeners_fail(const struct listeners *listeners, int result, const char *step,
                          const struct port_holder *holder, struct failure *failure)
{
    char text[ADDRESS_TEXT_BYTES], advice[LISTEN_ADVICE_BYTES];

    if (result == -EINTR) /* of our own waiting: the calls that listen do not block */
        return failure_set(failure, FAILURE_STOPPED, result, "stopped before it could listen");
    return failure_set(
        failure, FAILURE_SYSTEM, result, "cannot listen on '%s': %s: %s; %s",
        address_format(&listeners->address, text), step, strerror(-result),
        listen_advice(&listeners->address, -result, holder, server_options.program, advice));
}

/* A group of sockets takes only sockets of its user, and none if it was opened without
 * SO_REUSEPORT (socket(7)). */
static int listeners_cannot_join(struct listeners *listeners, struct failure *failure)
{
    const char *how = "the service manager's sockets take no others";
    char line[256];

    if (!listeners->args.may_have_less)
        return failure_set(failure, FAILURE_SYSTEM, -EADDRINUSE,
                           "%u workers need a socket each, but %u were passed, and %s; have the "
                           "service manager pass more (a ListenStream= line each, and "
                           "ReusePort=yes), or lower --workers",
                           listeners->args.count, listeners->count, how);
    snprintf(line, sizeof(line),
             "warning: workers=%u, a socket each, because %s; for more, see ListenStream= and "
             "ReusePort= in systemd.socket(5)",
             listeners->count, how);
    listeners_notice(listeners, line);
    return 0;
}

static int listeners_open_all(struct listeners *listeners, struct failure *failure)
{
    struct port_holder holder = {.kind = PORT_HOLDER_UNKNOWN};
    const char *step;

    if (listeners->count == 0 && platform_ipv6_is_off())
        listeners_fall_back_to_ipv4(listeners, "net.ipv6.conf.all.disable_ipv6=1");
    for (uint32_t i = listeners->count; i < listeners->args.count; i++) {
        int fd = listeners_open_one(listeners, i, &step, &holder);

        if (i == 0 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) &&
            listeners_fall_back_to_ipv4(listeners, strerror(-fd)))
            fd = listeners_open_one(listeners, i, &step, &holder);
        if (fd == -EADDRINUSE && listeners->args.passed_count > 0)
            return listeners_cannot_join(listeners, failure);
        if (fd < 0)
            return listeners_fail(listeners, fd, step, &holder, failure);
        listeners->fds[i] = fd;
        listeners->count++;
    }
    return 0;
}

/* Use the sockets that were passed. */
static void listeners_adopt_passed(struct listeners *listeners)
{
    const struct listeners_args *args = &listeners->args;

    for (uint32_t i = 0; i < args->passed_count; i++) {
        if (!args->are_shared) /* else it is still the other process's */
            listener_set_backlog(args->passed_fds[i], args->backlog);
        listeners->fds[listeners->count++] = args->passed_fds[i];
    }
    atomic_store(&listeners->shared, args->are_managed || args->are_shared);
}

int listeners_open(struct listeners *listeners, const struct listeners_args *args,
                   struct failure *failure)
{
    int result;

    *listeners = (struct listeners){.args = *args,
                                    .address = args->address,
                                    .fds = malloc(args->count * sizeof(*listeners->fds)),
                                    .mutex = PTHREAD_MUTEX_INITIALIZER};
    if (!listeners->fds)
        return failure_set(failure, FAILURE_SYSTEM, -ENOMEM,
                           "cannot allocate: %s; raise the memory limit", strerror(ENOMEM));
    listeners_adopt_passed(listeners);
    result = listeners_open_all(listeners, failure);
    if (result < 0)
        listeners_close(listeners);
    return result;
}

void listeners_close_one(struct listeners *listeners, uint32_t i)
{
    bool was_open, last;

    pthread_mutex_lock(&listeners->mutex);
    was_open = listeners->fds[i] >= 0;
    if (was_open && atomic_load(&listeners->shared))
        listener_leave(listeners->fds[i]);
    else if (was_open)
        listener_close(listeners->fds[i]);
    listeners->fds[i] = -1;
    listeners->closed_count += was_open;
    last = was_open && listeners->closed_count == listeners->count;
    pthread_mutex_unlock(&listeners->mutex);
    if (last && listeners->args.closed)
        listeners->args.closed(listeners->args.context);
}

void listeners_close(struct listeners *listeners)
{
    for (uint32_t i = 0; listeners->fds && i < listeners->count; i++)
        listeners_close_one(listeners, i);
    free(listeners->fds);
    listeners->fds = NULL;
}

struct accept_queue listeners_queue(struct listeners *listeners, uint32_t i)
{
    struct accept_queue queue = {FACT_UNKNOWN, FACT_UNKNOWN};

    pthread_mutex_lock(&listeners->mutex);
    if (listeners->fds[i] >= 0)
        queue = accept_queue_read(listeners->fds[i]);
    pthread_mutex_unlock(&listeners->mutex);
    return queue;
}

/* A rule forbids it, as a sandbox does; nothing is short. */
static bool listeners_is_refusal(int error)
{
    return error == -EPERM || error == -EACCES || error == -ENOSYS || error == -EAFNOSUPPORT;
}

/* The mutex is held. Returns 0, or -errno if one of them fails. */
static int listeners_filter(struct listeners *listeners)
{
    int result = 0;

    for (uint32_t i = 0; i < listeners->count && result == 0; i++) {
        if (listeners->fds[i] >= 0)
            result = listener_refuse_new(listeners->fds[i]);
    }
    return result;
}

void listeners_refuse_new(struct listeners *listeners)
{
    char line[256];
    int result = 0;
    bool shared;

    pthread_mutex_lock(&listeners->mutex);
    listeners->stopping = true;
    shared = atomic_load(&listeners->shared);
    if (!shared)
        result = listeners_filter(listeners);
    pthread_mutex_unlock(&listeners->mutex);
    listeners->refusing = !shared && result == 0;
    if (listeners->refusing || shared)
        return;
    snprintf(line, sizeof(line),
             "warning: cannot block new connections (SO_ATTACH_FILTER: %s): some that arrive "
             "during this stop may be reset; %s",
             strerror(-result),
             result == -ENOMEM || result == -ENOBUFS ? "raise net.core.optmem_max"
             : listeners_is_refusal(result)          ? "allow it in the sandbox"
                                                     : "see socket(7)");
    listeners_notice(listeners, line);
}

bool listeners_share(struct listeners *listeners)
{
    bool stopping;

    pthread_mutex_lock(&listeners->mutex);
    stopping = listeners->stopping;
    if (!stopping)
        atomic_store(&listeners->shared, true);
    pthread_mutex_unlock(&listeners->mutex);
    return !stopping;
}

void listeners_take_back(struct listeners *listeners)
{
    pthread_mutex_lock(&listeners->mutex);
    atomic_store(&listeners->shared, listeners->args.are_managed);
    for (uint32_t i = 0; i < listeners->count && !listeners->stopping; i++) {
        if (listeners->fds[i] >= 0)
            listener_set_backlog(listeners->fds[i], listeners->args.backlog);
    }
    pthread_mutex_unlock(&listeners->mutex);
    atomic_fetch_add(&listeners->looks, 1);
}

uint32_t listeners_open_fds(struct listeners *listeners, int *fds)
{
    uint32_t count = 0;

    pthread_mutex_lock(&listeners->mutex);
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (listeners->fds[i] >= 0)
            fds[count++] = listeners->fds[i];
    }
    pthread_mutex_unlock(&listeners->mutex);
    return count;
}

void listeners_drain_one(struct listeners *listeners, uint32_t i)
{
    pthread_mutex_lock(&listeners->mutex);
    if (listeners->fds[i] >= 0) {
        fcntl(listeners->fds[i], F_SETFL, O_NONBLOCK);
        if (!atomic_load(&listeners->shared))
            listener_refuse_new(listeners->fds[i]);
    }
    pthread_mutex_unlock(&listeners->mutex);
}

/* True if handshakes may be in progress. If the kernel cannot report that, assume so for some time,
 * and print it once. */
static bool listeners_ask(struct listeners *listeners, uint64_t now_ns)
{
    int result = listener_has_handshakes(&listeners->address);
    char line[256];

    if (result >= 0)
        return result > 0;
    if (listeners->blind_ns == 0) {
        listeners->blind_ns = now_ns + LISTENERS_BLIND_NS;
        snprintf(
            line, sizeof(line),
            "warning: the kernel does not report handshakes in progress (sock_diag: %s): clients "
            "that are connecting during this stop may be reset; %s",
            strerror(-result),
            result == -ENOENT                        ? "load the kernel module tcp_diag"
            : result == -EMFILE || result == -ENFILE ? "raise the descriptor limit"
            : listeners_is_refusal(result)           ? "allow AF_NETLINK sockets in the sandbox"
                                                     : "see sock_diag(7)");
        listeners_notice(listeners, line);
    }
    return now_ns < listeners->blind_ns;
}

bool listeners_have_handshakes(struct listeners *listeners, uint64_t now_ns)
{
    bool found = true; /* another worker is asking: check again */

    if (pthread_mutex_trylock(&listeners->mutex) != 0)
        return found;
    if (listeners->queried_ns == 0 ||
        (listeners->handshakes && now_ns >= listeners->queried_ns + LISTENERS_ASK_NS)) {
        listeners->handshakes = listeners_ask(listeners, now_ns);
        listeners->queried_ns = now_ns;
    }
    found = listeners->handshakes;
    pthread_mutex_unlock(&listeners->mutex);
    return found;
}
