#include "net/name_server.h"

#include "base/clock.h"
#include "base/signals.h"
#include "base/units.h"
#include "base/wait.h"

#include <netdb.h>
#include <stdbool.h>
#include <string.h>

/* Extra time for c-ares to end by itself: it then has the answer for one address family. */
#define SLACK_NS (100 * NS_PER_MS)

/* Where no wait is possible: how often to look for the answer. */
#define NO_WAIT_PAUSE_NS (10 * NS_PER_MS)

struct question {
    bool done;
    int status; /* ARES_SUCCESS or an error */
    struct address address;
};

/* The callback of ares_getaddrinfo. */
static void question_take(void *context, int status, int timeouts, struct ares_addrinfo *found)
{
    struct question *question = context;

    (void)timeouts;
    question->done = true;
    question->status = status;
    if (status != ARES_SUCCESS)
        return;
    if (found->nodes && found->nodes->ai_addrlen <= sizeof(question->address))
        memcpy(&question->address, found->nodes->ai_addr, found->nodes->ai_addrlen);
    else
        question->status = ARES_ENODATA;
    ares_freeaddrinfo(found);
}

/* Fill in what c-ares waits for. Returns the number of descriptors. */
static nfds_t channel_descriptors(ares_channel channel, struct pollfd *polled)
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

/* Wait at most left_ms for the answer; then let c-ares process what arrived. */
static void channel_step(ares_channel channel, uint64_t left_ms)
{
    struct timeval most = {(time_t)(left_ms / 1000), (suseconds_t)(left_ms % 1000 * 1000)};
    struct timeval next, *wait = ares_timeout(channel, &most, &next);
    struct pollfd polled[ARES_GETSOCK_MAXNUM + 1];
    nfds_t count = channel_descriptors(channel, polled);
    uint64_t wait_ms = (uint64_t)wait->tv_sec * 1000 + (uint64_t)wait->tv_usec / 1000 + 1;
    int ready;

    polled[count] = (struct pollfd){.fd = signals_stop_fd(), .events = POLLIN};
    ready = wait_fds(polled, count + 1, wait_ms * NS_PER_MS);
    if (ready < 0)
        clock_pause(NO_WAIT_PAUSE_NS);
    for (nfds_t i = 0; ready != 0 && i < count; i++) {
        short happened = ready > 0 ? polled[i].revents : polled[i].events; /* try: none blocks */
        bool readable = happened & (POLLIN | POLLHUP | POLLERR);
        bool writable = happened & (POLLOUT | POLLHUP | POLLERR);

        if (readable || writable)
            ares_process_fd(channel, readable ? polled[i].fd : ARES_SOCKET_BAD,
                            writable ? polled[i].fd : ARES_SOCKET_BAD);
    }
    if (ready <= 0) /* timeout */
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Send the channel's query. */
static int channel_ask(ares_channel channel, const char *name, int family, uint64_t timeout_ms,
                       struct address *ret_address)
{
    struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_ENVHOSTS, .ai_family = family, .ai_socktype = SOCK_STREAM};
    uint64_t now_ns = clock_now_ns();
    uint64_t deadline_ns = now_ns + timeout_ms * NS_PER_MS + SLACK_NS;
    struct question question = {.done = false};

    ares_getaddrinfo(channel, name, NULL, &hints, question_take, &question);
    for (; !question.done && now_ns < deadline_ns && signals_stops() == 0; now_ns = clock_now_ns())
        channel_step(channel, (deadline_ns - now_ns) / NS_PER_MS);
    if (!question.done)
        ares_cancel(channel); /* calls question_take with the results so far */
    if (question.status == ARES_SUCCESS)
        *ret_address = question.address;
    return question.status == ARES_ECANCELLED ? ARES_ETIMEOUT : question.status;
}

/* Make a channel that asks for names as they are: without search domains, which c-ares would
 * otherwise try even with ARES_FLAG_NOSEARCH (1.18). */
static int channel_open(const char *lookups, int flags, uint64_t timeout_ms,
                        ares_channel *ret_channel)
{
    char places[] = {lookups[0], '\0'};
    struct ares_options options = {
        .flags = flags | ARES_FLAG_NOSEARCH,
        .timeout = (int)timeout_ms,
        .tries = 1,
        .ndots = 0,
        .ndomains = 0,
        .lookups = places,
    };

    return ares_init_options(ret_channel, &options,
                             ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                                 ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS);
}

int name_server_ask(const struct ares_addr_port_node *server, const char *name, int family,
                    uint64_t timeout_ms, struct address *ret_address)
{
    struct ares_addr_port_node one = *server;
    ares_channel channel;
    int status = channel_open("b", ARES_FLAG_NOCHECKRESP, timeout_ms, &channel);

    if (status != ARES_SUCCESS)
        return status;
    one.next = NULL;
    status = ares_set_servers_ports(channel, &one);
    if (status == ARES_SUCCESS)
        status = channel_ask(channel, name, family, timeout_ms, ret_address);
    ares_destroy(channel);
    return status;
}

/* Uses the older call: ares_getaddrinfo leaks memory if several lines name a host (1.18). */
static int file_ask_family(ares_channel channel, const char *name, int family,
                           struct address *ret_address)
{
    struct address address = {.sa.sa_family = (sa_family_t)family};
    void *to = family == AF_INET ? (void *)&address.v4.sin_addr : (void *)&address.v6.sin6_addr;
    struct hostent *entry;
    int status = ares_gethostbyname_file(channel, name, family, &entry);

    if (status != ARES_SUCCESS)
        return status;
    memcpy(to, entry->h_addr_list[0], (size_t)entry->h_length);
    ares_free_hostent(entry);
    *ret_address = address;
    return ARES_SUCCESS;
}

int name_file_ask(const char *name, int family, struct address *ret_address)
{
    ares_channel channel;
    int status = channel_open("f", 0, 1, &channel);

    if (status != ARES_SUCCESS)
        return status;
    if (family == AF_UNSPEC)
        status = channel_ask(channel, name, family, 0, ret_address);
    else
        status = file_ask_family(channel, name, family, ret_address);
    ares_destroy(channel);
    return status;
}
