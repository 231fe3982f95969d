#include "generator/source.h"

#include "base/escape.h"
#include "host/platform.h"
#include "net/route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

/* Linux 6.3; not in Debian 12's headers. Value: the lowest port | the highest << 16. */
#define SOURCE_IP_LOCAL_PORT_RANGE 51

#define ENTRY_BYTES 128 /* of one entry of the list, as typed */
#define SHOWN_BYTES 160 /* shown in an error */

static const char port_range_path[] = "/proc/sys/net/ipv4/ip_local_port_range";

/* Write an error about an entry: the text before and after it. Returns -EINVAL. */
static int refuse(char error[OPTION_ERROR_BYTES], const char *entry, const char *after)
{
    char shown[SHOWN_BYTES];

    snprintf(error, OPTION_ERROR_BYTES, "--source '%s' %s",
             escape_encode(entry, strlen(entry), shown, sizeof(shown)), after);
    return -EINVAL;
}

static unsigned char *address_data(struct address *address, unsigned *ret_bits)
{
    bool is_v4 = address->sa.sa_family == AF_INET;

    *ret_bits = is_v4 ? 32 : 128;
    return is_v4 ? (unsigned char *)&address->v4.sin_addr : address->v6.sin6_addr.s6_addr;
}

/* Add a number to an address, treated as one large number. */
static void address_add(struct address *address, uint64_t number)
{
    unsigned bits;
    unsigned char *data = address_data(address, &bits);

    for (unsigned i = bits / 8; i-- > 0 && number > 0; number >>= 8) {
        number += data[i];
        data[i] = (unsigned char)number;
    }
}

/* Set the bits after the first `kept` to 0. Returns true if they were 0 already. */
static bool address_mask(struct address *address, unsigned kept)
{
    unsigned bits;
    unsigned char *data = address_data(address, &bits);
    bool was_zero = true;

    for (unsigned i = 0; i < bits / 8; i++) {
        unsigned keep = kept >= 8 * (i + 1) ? 8 : kept > 8 * i ? kept - 8 * i : 0;
        unsigned char mask = (unsigned char)(0xff00u >> keep);

        was_zero = was_zero && !(data[i] & ~mask);
        data[i] &= mask;
    }
    return was_zero;
}

/* "10.0.0.0" of "10.0.0.0:0". */
static char *host_format(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    address_format(address, text);
    *strrchr(text, ':') = '\0';
    if (text[0] == '[') {
        text[strlen(text) - 1] = '\0';
        memmove(text, text + 1, strlen(text));
    }
    return text;
}

/* Turn an address into the block of addresses with the same first `kept` bits. */
static int block_fill(struct source *source, const char *entry, unsigned kept,
                      char error[OPTION_ERROR_BYTES])
{
    struct address typed = source->first;
    char first[ADDRESS_TEXT_BYTES], whole[ADDRESS_TEXT_BYTES], after[ENTRY_BYTES + 128];
    unsigned bits, free_bits;

    address_data(&source->first, &bits);
    free_bits = bits - kept;
    if (!address_mask(&source->first, kept)) {
        snprintf(after, sizeof(after),
                 "is not the start of a block; write %s/%u for the block, or %s for one address",
                 host_format(&source->first, first), kept, host_format(&typed, whole));
        return refuse(error, entry, after);
    }
    source->count = free_bits >= 64 ? UINT64_MAX : UINT64_C(1) << free_bits;
    if (bits == 32 && source->count > 2) {
        address_add(&source->first, 1);
        source->count -= 2;
    }
    return 0;
}

/* Read ADDR or ADDR/BITS. */
static int entry_parse(const char *entry, struct source *source, char error[OPTION_ERROR_BYTES])
{
    const char *slash = strchr(entry, '/');
    char address[ENTRY_BYTES];
    bool has_port;
    uint16_t kept; /* parsed like a port: as small, and as strict */
    unsigned bits;

    snprintf(address, sizeof(address), "%.*s", (int)strcspn(entry, "/"), entry);
    if (address_parse(address, &source->first, &has_port) < 0)
        return refuse(error, entry,
                      "is not a numeric address; write ADDR or ADDR/BITS, such as 127.0.0.2 or "
                      "2001:db8::/64, separated by commas");
    if (has_port)
        return refuse(error, entry, "has a port; name the ports with --source-ports");
    if (address_is_any(&source->first) && !slash)
        return refuse(error, entry, "is not an address to connect from; omit --source");
    source->count = 1;
    if (!slash)
        return 0;
    address_data(&source->first, &bits);
    if (port_parse(slash + 1, &kept) < 0 || kept < 1 || kept > bits)
        return refuse(error, entry,
                      bits == 32 ? "has no number of bits from 1 to 32 after the slash"
                                 : "has no number of bits from 1 to 128 after the slash");
    return block_fill(source, entry, kept, error);
}

/* Returns 0 if a socket can be bound to this address without special options, or -errno. */
static int address_try(const struct address *address)
{
    static const int on = 1;
    int fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    int result;

    if (fd >= 0) /* it needs no free port, and takes none */
        setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    result = fd < 0 || bind(fd, &address->sa, address_bytes(address)) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return result;
}

/* An address that this machine does not have would fail every connection: report it now. */
static int source_check(struct source *source, const char *entry, struct failure *failure)
{
    char first[ADDRESS_TEXT_BYTES], after[ENTRY_BYTES + 192];
    const char *group = route_group_name(&source->first);
    int result = group ? -EINVAL : address_try(&source->first);

    /* For the kernel, an IPv4 address in a local route belongs to this machine, but an IPv6 address
     * does not: that needs IPV6_FREEBIND (ipv6(7)). */
    if (result == -EADDRNOTAVAIL && source->first.sa.sa_family == AF_INET6 &&
        route_is_local(&source->first) == 1) {
        source->is_routed = true;
        return 0;
    }
    if (result == 0)
        return 0;
    host_format(&source->first, first);
    if (result == -EADDRNOTAVAIL && strchr(entry, '/'))
        snprintf(
            after, sizeof(after),
            "has addresses that this machine does not have, such as %s; add them: ip route add "
            "local %s dev lo",
            first, entry);
    else if (result == -EADDRNOTAVAIL)
        snprintf(after, sizeof(after),
                 "is not an address of this machine; see ip address, or add it: ip address add %s "
                 "dev lo",
                 first);
    else if (group)
        snprintf(after, sizeof(after), "is a %s address; name one of an interface", group);
    else
        snprintf(after, sizeof(after), "cannot be bound to: bind: %s; name another address",
                 strerror(-result));
    refuse(failure->line, entry, after);
    /* bind(2) means the address itself, such as a link-local one without its interface. */
    return failure_classify(failure, result == -EINVAL ? FAILURE_USAGE : FAILURE_SYSTEM, result);
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Copy the next entry of a list, and move *list after it; NULL: it was the last. Returns 0, or
 * -EINVAL if it is too long. */
static int entry_next(const char **list, char entry[ENTRY_BYTES])
{
    size_t bytes = strcspn(*list, ",");

    if (bytes >= ENTRY_BYTES)
        return -EINVAL;
    memcpy(entry, *list, bytes);
    entry[bytes] = '\0';
    *list = (*list)[bytes] == ',' ? *list + bytes + 1 : NULL;
    return 0;
}

int sources_parse(struct sources *sources, const char *list, char error[OPTION_ERROR_BYTES])
{
    memset(sources, 0, sizeof(*sources));
    while (list) {
        struct source *source = &sources->list[sources->count];
        char entry[ENTRY_BYTES];

        if (entry_next(&list, entry) < 0)
            return refuse(error, list, "has an entry too long for an address");
        if (sources->count == SOURCES_MAX)
            return refuse(error, entry, "is one entry too many; give at most 64, or blocks");
        int result = entry_parse(entry, source, error);
        if (result < 0)
            return result;
        uint64_t *total =
            source->first.sa.sa_family == AF_INET ? &sources->ipv4_count : &sources->ipv6_count;
        *total = add_saturating(*total, source->count);
        sources->count++;
    }
    return 0;
}

static int sources_check(struct sources *sources, const char *list, struct failure *failure)
{
    int result = 0;

    for (uint32_t i = 0; result == 0 && list && i < sources->count; i++) {
        char entry[ENTRY_BYTES] = "";

        if (entry_next(&list, entry) == 0)
            result = source_check(&sources->list[i], entry, failure);
    }
    return result;
}

static int port_range_set(const struct sources *sources, int sock)
{
    uint32_t range = sources->ports.low | (uint32_t)sources->ports.high << 16;

    return setsockopt(sock, SOL_IP, SOURCE_IP_LOCAL_PORT_RANGE, &range, sizeof(range)) < 0 ? -errno
                                                                                           : 0;
}

/* The kernel's port range; all 0 if unknown. */
static struct option_ports kernel_ports_read(void)
{
    char text[64], *rest;
    unsigned long low = strtoul(platform_text_read(port_range_path, text, sizeof(text)), &rest, 10);
    unsigned long high = strtoul(rest, NULL, 10);

    return (struct option_ports){.low = (uint16_t)low, .high = (uint16_t)high};
}

/* True if the kernel has IP_LOCAL_PORT_RANGE and this range lies within its own: outside, it would
 * be ignored. */
static bool port_range_is_known(const struct sources *sources)
{
    int fd;
    bool known;

    if (sources->ports.low < sources->kernel_ports.low ||
        sources->ports.high > sources->kernel_ports.high)
        return false;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    known = fd >= 0 && port_range_set(sources, fd) == 0;
    if (fd >= 0)
        close(fd);
    return known;
}

int sources_init(struct sources *sources, const char *list, struct option_ports ports,
                 struct failure *failure)
{
    int result = sources_parse(sources, list, failure->line);

    if (failure_classify(failure, FAILURE_USAGE, result) < 0)
        return result;
    sources->ports = ports;
    sources->kernel_ports = kernel_ports_read();
    if (ports.low != 0)
        sources->has_port_range = port_range_is_known(sources);
    return sources_check(sources, list, failure);
}

static uint64_t family_count(const struct sources *sources, int family)
{
    return family == AF_INET ? sources->ipv4_count : sources->ipv6_count;
}

bool sources_apply_to(const struct sources *sources, int family)
{
    return sources->ports.low != 0 || family_count(sources, family) > 0;
}

/* The entry that contains the address of the turn; *turn becomes the position in it. NULL: none of
 * the family was given. */
static const struct source *source_find(const struct sources *sources, uint64_t *turn, int family)
{
    uint64_t count = family_count(sources, family);

    if (count == 0)
        return NULL;
    *turn %= count;
    for (uint32_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->list[i];

        if (source->first.sa.sa_family != family)
            continue;
        if (*turn < source->count)
            return source;
        *turn -= source->count;
    }
    return NULL; /* not reached: the counts match */
}

struct address sources_address(const struct sources *sources, uint64_t turn, int family)
{
    const struct source *source = source_find(sources, &turn, family);
    struct address address;

    if (!source) {
        memset(&address, 0, sizeof(address));
        address.sa.sa_family = (sa_family_t)family;
        return address;
    }
    address = source->first;
    address_add(&address, turn);
    return address;
}

static uint32_t port_count(const struct sources *sources)
{
    bool is_ours = sources->ports.low != 0 && !sources->has_port_range;

    return is_ours ? (uint32_t)(sources->ports.high - sources->ports.low) + 1 : 1;
}

uint32_t sources_places(const struct sources *sources, int family)
{
    uint64_t addresses = family_count(sources, family);
    uint64_t places = port_count(sources);

    if (addresses >= SOURCE_TRIES_MAX)
        return SOURCE_TRIES_MAX;
    places *= addresses ? addresses : 1;
    return places < SOURCE_TRIES_MAX ? (uint32_t)places : SOURCE_TRIES_MAX;
}

bool sources_may_use_port(const struct sources *sources, uint16_t port)
{
    const struct option_ports *ports =
        sources->ports.low != 0 ? &sources->ports : &sources->kernel_ports;

    return ports->low == 0 || (port >= ports->low && port <= ports->high);
}

/* Bind to the port of the turn. Unless this socket and all others on the port have SO_REUSEADDR,
 * only one connection could use the port (inet_csk_bind_conflict in Linux's
 * net/ipv4/inet_connection_sock.c). */
static int bind_to_port(const struct sources *sources, uint64_t turn, int sock,
                        struct address *address)
{
    static const int on = 1;
    uint64_t addresses = family_count(sources, address->sa.sa_family);
    uint64_t place = turn / (addresses ? addresses : 1);

    address_set_port(address, (uint16_t)(sources->ports.low + place % port_count(sources)));
    if (setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return -errno;
    return bind(sock, &address->sa, address_bytes(address)) < 0 ? -errno : 0;
}

int sources_bind(const struct sources *sources, uint64_t turn, int sock, int family)
{
    static const int on = 1;
    uint64_t place = turn;
    const struct source *source = source_find(sources, &place, family);
    struct address address = sources_address(sources, turn, family);
    int result = 0;

    if (source && source->is_routed &&
        setsockopt(sock, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) < 0)
        return -errno;
    if (sources->ports.low != 0 && !sources->has_port_range)
        return bind_to_port(sources, turn, sock, &address);
    if (sources->ports.low != 0)
        result = port_range_set(sources, sock);
    if (result < 0 || !source)
        return result;
    if (setsockopt(sock, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
        return -errno;
    return bind(sock, &address.sa, address_bytes(&address)) < 0 ? -errno : 0;
}
