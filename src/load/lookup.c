#include "load/lookup.h"

#include "base/clock.h"
#include "base/units.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* A server that does not answer is given up in favour of the next one after TRY_MS, and asked again
 * for longer. */
#define TRY_MS    1000
#define TRY_COUNT 3

struct lookup {
    bool done;
    int status; /* ARES_SUCCESS or what went wrong */
    struct address address;
};

/* What ares_getaddrinfo calls with its answer. */
static void lookup_take(void *context, int status, int timeouts, struct ares_addrinfo *found)
{
    struct lookup *lookup = context;

    (void)timeouts;
    lookup->done = true;
    lookup->status = status;
    if (status != ARES_SUCCESS)
        return;
    if (found->nodes && found->nodes->ai_addrlen <= sizeof(lookup->address))
        memcpy(&lookup->address, found->nodes->ai_addr, found->nodes->ai_addrlen);
    else
        lookup->status = ARES_ENODATA;
    ares_freeaddrinfo(found);
}

/* Fill in what c-ares waits for. Returns how many descriptors there are. */
static nfds_t lookup_descriptors(ares_channel channel, struct pollfd *polled)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    unsigned wanted = (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    nfds_t count = 0;

    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        bool readable = wanted >> i & 1, writable = wanted >> (i + ARES_GETSOCK_MAXNUM) & 1;

        if (readable || writable)
            polled[count++] = (struct pollfd){
                .fd = sockets[i],
                .events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)),
            };
    }
    return count;
}

/* Wait for the answer, but not for longer than left_ms; then let c-ares act on what came. */
static void lookup_step(ares_channel channel, uint64_t left_ms)
{
    struct timeval most = {(time_t)(left_ms / 1000), (suseconds_t)(left_ms % 1000 * 1000)};
    struct timeval next, *wait = ares_timeout(channel, &most, &next);
    struct pollfd polled[ARES_GETSOCK_MAXNUM];
    nfds_t count = lookup_descriptors(channel, polled);
    int ready = poll(polled, count, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1));

    for (nfds_t i = 0; ready > 0 && i < count; i++) {
        bool readable = polled[i].revents & (POLLIN | POLLHUP | POLLERR);
        bool writable = polled[i].revents & (POLLOUT | POLLHUP | POLLERR);

        if (readable || writable)
            ares_process_fd(channel, readable ? polled[i].fd : ARES_SOCKET_BAD,
                            writable ? polled[i].fd : ARES_SOCKET_BAD);
    }
    if (ready <= 0) /* time to try the next server */
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Ask the hosts file and the servers. */
static int lookup_ask(ares_channel channel, const char *host, int family, struct lookup *lookup)
{
    struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_ENVHOSTS, .ai_family = family, .ai_socktype = SOCK_STREAM};
    uint64_t now_ns = clock_now_ns();
    uint64_t deadline_ns = now_ns + LOOKUP_TIMEOUT_MS * NS_PER_MS;

    ares_getaddrinfo(channel, host, NULL, &hints, lookup_take, lookup);
    for (; !lookup->done && now_ns < deadline_ns; now_ns = clock_now_ns())
        lookup_step(channel, (deadline_ns - now_ns) / NS_PER_MS);
    if (!lookup->done)
        ares_cancel(channel); /* calls lookup_take, with what is there by now */
    return lookup->status == ARES_ECANCELLED ? ARES_ETIMEOUT : lookup->status;
}

/* localhost, and all names below it, are this machine (RFC 6761, section 6.3). */
static bool is_localhost(const char *host)
{
    static const char localhost[] = "localhost";
    const size_t bytes = sizeof(localhost) - 1;
    size_t end = strlen(host);

    if (end > 0 && host[end - 1] == '.')
        end--;
    if (end < bytes || strncasecmp(host + end - bytes, localhost, bytes) != 0)
        return false;
    return end == bytes || host[end - bytes - 1] == '.';
}

/* The address of a name that is this machine: as the hosts file says, or else that of loopback.
 * Returns true if the file said it. */
static bool localhost_address(ares_channel channel, const char *host, int family,
                              struct address *ret_address)
{
    void *data =
        family == AF_INET ? (void *)&ret_address->v4.sin_addr : (void *)&ret_address->v6.sin6_addr;
    struct hostent *entry;

    memset(ret_address, 0, sizeof(*ret_address));
    ret_address->sa.sa_family = (sa_family_t)family;
    if (ares_gethostbyname_file(channel, host, family, &entry) == ARES_SUCCESS) {
        memcpy(data, entry->h_addr_list[0], (size_t)entry->h_length);
        ares_free_hostent(entry);
        return true;
    }
    if (family == AF_INET)
        ret_address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ret_address->v6.sin6_addr = in6addr_loopback;
    return false;
}

static bool is_reachable(struct address address)
{
    int fd = socket(address.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool reachable;

    address_set_port(&address, 9); /* any will do: nothing is sent */
    reachable = fd >= 0 && connect(fd, &address.sa, address_bytes(&address)) == 0;
    if (fd >= 0)
        close(fd);
    return reachable;
}

/* Without c-ares, which knows only the very name localhost, and would ask servers for the others.
 */
static void lookup_localhost(ares_channel channel, const char *host, int family,
                             struct address *ret_address)
{
    struct address ipv4, ipv6;
    bool has_ipv4 = localhost_address(channel, host, AF_INET, &ipv4);
    bool has_ipv6 = localhost_address(channel, host, AF_INET6, &ipv6);

    if (family == AF_UNSPEC)
        family = has_ipv6 >= has_ipv4 && is_reachable(ipv6) ? AF_INET6 : AF_INET;
    *ret_address = family == AF_INET ? ipv4 : ipv6;
}

static int lookup_run(const char *host, int family, struct address *ret_address)
{
    struct ares_options options = {.timeout = TRY_MS, .tries = TRY_COUNT};
    struct lookup lookup = {.status = ARES_SUCCESS};
    ares_channel channel;
    int status = ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);

    if (status != ARES_SUCCESS)
        return status;
    if (is_localhost(host))
        lookup_localhost(channel, host, family, &lookup.address);
    else
        status = lookup_ask(channel, host, family, &lookup);
    ares_destroy(channel);
    if (status == ARES_SUCCESS)
        *ret_address = lookup.address;
    return status;
}

static int lookup_error(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_ENONAME:
    case ARES_EBADNAME:
        return -EHOSTUNREACH;
    case ARES_ETIMEOUT:
        return -ETIMEDOUT;
    case ARES_ENOMEM:
        return -ENOMEM;
    default:
        return -EIO;
    }
}

int lookup_host(const char *host, int family, struct address *ret_address,
                char problem[LOOKUP_PROBLEM_BYTES])
{
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (status == ARES_SUCCESS) {
        status = lookup_run(host, family, ret_address);
        ares_library_cleanup();
    }
    if (status != ARES_SUCCESS)
        snprintf(problem, LOOKUP_PROBLEM_BYTES, "%s", ares_strerror(status));
    return lookup_error(status);
}
