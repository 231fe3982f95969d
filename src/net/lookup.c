#include "net/lookup.h"

#include "base/clock.h"
#include "base/escape.h"
#include "base/units.h"
#include "net/name_forms.h"
#include "net/name_server.h"

#include <ares.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <arpa/inet.h>

/* If a server does not answer within TRY_MS, the next one is asked. The next try is twice as long.
 */
#define TRY_MS      1000
#define TRY_COUNT   3
#define SERVERS_MAX 8 /* glibc asks three */

/* How the system looks up names, and the progress of this lookup. */
struct lookup {
    int family;
    struct ares_options options; /* what resolv.conf, nsswitch.conf and the environment say */
    int options_mask;
    struct ares_addr_port_node *servers;
    unsigned server_count;
    unsigned first; /* the server that answered last: it is asked first */
    uint64_t deadline_ns;
    struct name_forms forms;
    int statuses[NAME_FORMS_MAX]; /* results of the forms asked so far, as c-ares codes */
    unsigned tried_count;
};

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

static bool is_reachable(struct address address)
{
    int fd = socket(address.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool reachable;

    address_set_port(&address, 9); /* any port: nothing is sent */
    reachable = fd >= 0 && connect(fd, &address.sa, address_bytes(&address)) == 0;
    if (fd >= 0)
        close(fd);
    return reachable;
}

/* The address of a name for this machine: from the hosts file, or else loopback. */
static int lookup_localhost(const char *host, int family, struct address *ret_address)
{
    struct address ipv4 = {.v4 = {.sin_family = AF_INET}};
    struct address ipv6 = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback}};
    bool has_ipv4 = name_file_ask(host, AF_INET, &ipv4) == ARES_SUCCESS;
    bool has_ipv6 = name_file_ask(host, AF_INET6, &ipv6) == ARES_SUCCESS;

    if (!has_ipv4)
        ipv4.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_UNSPEC)
        family = has_ipv6 >= has_ipv4 && is_reachable(ipv6) ? AF_INET6 : AF_INET;
    *ret_address = family == AF_INET ? ipv4 : ipv6;
    return ARES_SUCCESS;
}

/* True for a final answer about the name, not about the server. */
static bool is_final(int status)
{
    return status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA ||
           status == ARES_EBADNAME || status == ARES_ENOMEM;
}

static const struct ares_addr_port_node *lookup_server(const struct lookup *lookup, unsigned i)
{
    const struct ares_addr_port_node *server = lookup->servers;

    while (i-- > 0)
        server = server->next;
    return server;
}

/* Ask a server for this long, or for the time left. */
static int lookup_ask_server(struct lookup *lookup, unsigned i, const char *name,
                             uint64_t timeout_ms, struct address *ret_address)
{
    uint64_t now_ns = clock_now_ns();
    uint64_t left_ms =
        lookup->deadline_ns > now_ns ? (lookup->deadline_ns - now_ns) / NS_PER_MS : 0;

    if (left_ms == 0)
        return ARES_ETIMEOUT;
    return name_server_ask(lookup_server(lookup, i), name, lookup->family,
                           timeout_ms < left_ms ? timeout_ms : left_ms, ret_address);
}

/* Ask for one form of the name: the servers in turn, until one knows it. A server that fails or
 * refuses is not asked again; a silent one is. */
static int lookup_ask(struct lookup *lookup, const char *name, struct address *ret_address)
{
    bool is_out[SERVERS_MAX] = {false};
    int result = ARES_ECONNREFUSED;

    for (int round = 0; round < TRY_COUNT; round++) {
        bool is_silent = false;

        for (unsigned i = 0; i < lookup->server_count; i++) {
            unsigned server = (lookup->first + i) % lookup->server_count;
            int status;

            if (is_out[server])
                continue;
            status =
                lookup_ask_server(lookup, server, name, (uint64_t)TRY_MS << round, ret_address);
            is_out[server] = status != ARES_ETIMEOUT;
            is_silent |= !is_out[server];
            if (status != ARES_ETIMEOUT && status != ARES_ECONNREFUSED)
                lookup->first = server;
            if (is_final(status))
                return status;
            if (result == ARES_ECONNREFUSED || status != ARES_ECONNREFUSED)
                result = status;
        }
        if (!is_silent)
            break;
    }
    return result;
}

/* Ask for one form after the other, until one is known. If servers fail or refuse, go on with the
 * next form (like res_search of glibc). If they are silent, stop: the other forms would wait as
 * well. */
static int lookup_search(struct lookup *lookup, const char *host, struct address *ret_address)
{
    const struct ares_options *options = &lookup->options;
    int status = ARES_ENOTFOUND;

    name_forms_fill(&lookup->forms, host, options->domains, (size_t)options->ndomains,
                    options->ndots);
    for (unsigned i = 0; i < lookup->forms.count; i++) {
        status = lookup_ask(lookup, lookup->forms.names[i], ret_address);
        lookup->statuses[lookup->tried_count++] = status;
        if (status == ARES_SUCCESS || status == ARES_ETIMEOUT || status == ARES_ENOMEM)
            break;
    }
    return status;
}

/* The hosts file and the servers, in the order of nsswitch.conf. */
static int lookup_everywhere(struct lookup *lookup, const char *host, struct address *ret_address)
{
    int status = ARES_ENOTFOUND;

    for (const char *place = lookup->options.lookups; place && *place; place++) {
        if (*place == 'f')
            status = name_file_ask(host, lookup->family, ret_address);
        else if (lookup->server_count > 0)
            status = lookup_search(lookup, host, ret_address);
        if (status == ARES_SUCCESS)
            break;
    }
    return status;
}

/* Read the system's resolver settings. */
static int lookup_configure(struct lookup *lookup)
{
    ares_channel channel;
    int status = ares_init(&channel);

    if (status != ARES_SUCCESS)
        return status;
    status = ares_save_options(channel, &lookup->options, &lookup->options_mask);
    if (status == ARES_SUCCESS)
        status = ares_get_servers_ports(channel, &lookup->servers);
    for (const struct ares_addr_port_node *one = lookup->servers; one; one = one->next)
        lookup->server_count += lookup->server_count < SERVERS_MAX;
    ares_destroy(channel);
    return status;
}

static void lookup_release(struct lookup *lookup)
{
    ares_destroy_options(&lookup->options);
    if (lookup->servers)
        ares_free_data(lookup->servers);
}

/* The result of a form, to complete "the name server answered". */
static const char *answer_text(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
        return "NXDOMAIN";
    case ARES_ENODATA:
        return "that it has no such address";
    case ARES_ESERVFAIL:
        return "SERVFAIL";
    case ARES_EREFUSED:
        return "REFUSED";
    case ARES_ENOTIMP:
        return "NOTIMP";
    case ARES_EFORMERR:
        return "FORMERR";
    case ARES_EBADRESP:
        return "something invalid";
    case ARES_ETIMEOUT:
        return "nothing in time";
    case ARES_ECONNREFUSED:
        return "nothing, and cannot be reached";
    default:
        return ares_strerror(status);
    }
}

struct text {
    char *bytes;
    size_t size, used;
};

static void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
    va_list values;
    int count;

    va_start(values, format);
    count = vsnprintf(text->bytes + text->used, text->size - text->used, format, values);
    va_end(values);
    if (count > 0 && (size_t)count < text->size - text->used)
        text->used += (size_t)count;
    else
        memcpy(text->bytes + text->size - 4, "...", 4); /* it stays there */
}

/* True if resolv.conf names a server; else 127.0.0.1 is asked (resolv.conf(5)). */
static bool is_server_named(void)
{
    FILE *file = fopen("/etc/resolv.conf", "re");
    char line[512];
    bool named = false;

    while (file && !named && fgets(line, sizeof(line), file))
        named = strncmp(line, "nameserver", 10) == 0;
    if (file)
        fclose(file);
    return named;
}

static void text_add_servers(struct text *text, const struct lookup *lookup)
{
    char name[INET6_ADDRSTRLEN];

    text_add(text, is_server_named() ? "name server%s" : "no name server is named, and that at%s",
             lookup->server_count > 1 ? "s" : "");
    for (unsigned i = 0; i < lookup->server_count; i++) {
        const struct ares_addr_port_node *server = lookup_server(lookup, i);

        inet_ntop(server->family, &server->addr, name, sizeof(name));
        text_add(text, "%s %s", i > 0 ? "," : "", name);
    }
}

/* "name server 10.0.0.1 answered SERVFAIL for 'a.lan', NXDOMAIN for 'a'" */
static void lookup_describe(const struct lookup *lookup, int status,
                            char problem[LOOKUP_PROBLEM_BYTES])
{
    struct text text = {.bytes = problem, .size = LOOKUP_PROBLEM_BYTES};
    char shown[128];

    if (lookup->tried_count == 0) {
        text_add(&text, "%s",
                 status == ARES_ENOTFOUND ? "/etc/hosts does not have it" : ares_strerror(status));
        return;
    }
    text_add_servers(&text, lookup);
    text_add(&text, " answered");
    for (unsigned i = 0; i < lookup->tried_count; i++) {
        const char *name = lookup->forms.names[i];

        text_add(&text, "%s %s", i > 0 ? "," : "", answer_text(lookup->statuses[i]));
        if (lookup->forms.count > 1)
            text_add(&text, " for '%s'", escape_encode(name, strlen(name), shown, sizeof(shown)));
    }
}

/* The overall result: there is no such name if all answers say so. */
static int lookup_result(const struct lookup *lookup, int status)
{
    int result = 0;

    if (status == ARES_SUCCESS)
        return 0;
    if (status == ARES_ENOMEM)
        return -ENOMEM;
    for (unsigned i = 0; i < lookup->tried_count; i++) {
        if (lookup->statuses[i] == ARES_ETIMEOUT)
            return -ETIMEDOUT;
        if (!is_final(lookup->statuses[i]))
            result = -EIO;
    }
    if (lookup->tried_count == 0 && !is_final(status))
        return -EIO;
    return result ? result : -EHOSTUNREACH;
}

int lookup_host(const char *host, int family, struct address *ret_address,
                char problem[LOOKUP_PROBLEM_BYTES])
{
    struct lookup lookup = {.family = family,
                            .deadline_ns = clock_now_ns() + LOOKUP_TIMEOUT_MS * NS_PER_MS};
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (status == ARES_SUCCESS) {
        status = lookup_configure(&lookup);
        if (status == ARES_SUCCESS)
            status = is_localhost(host) ? lookup_localhost(host, family, ret_address)
                                        : lookup_everywhere(&lookup, host, ret_address);
        if (status != ARES_SUCCESS)
            lookup_describe(&lookup, status, problem);
        lookup_release(&lookup);
        ares_library_cleanup();
    } else {
        snprintf(problem, LOOKUP_PROBLEM_BYTES, "%s", ares_strerror(status));
    }
    return lookup_result(&lookup, status);
}
