/* No getaddrinfo: a fully static glibc program must not call it. No name lookup here. */
#include "net/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <net/if.h>

#define SCOPE_CHARACTERS \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_." /* of a plain one */
#define HOST_TEXT_BYTES (INET6_ADDRSTRLEN + IF_NAMESIZE)

/* Digits only, at most `max`. Returns 0, -EINVAL (not a number) or -ERANGE. */
static int number_parse(const char *text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return -EINVAL;
    for (; *text != '\0'; text++) {
        number = number * 10 + (uint64_t)(*text - '0');
        if (number > max)
            return -ERANGE;
    }
    *ret_number = number;
    return 0;
}

/* The scope of fe80::1%eth0 or fe80::1%2. Returns 0 if there is no such interface. */
static uint32_t scope_parse(const char *text)
{
    uint64_t number;
    if (number_parse(text, UINT32_MAX, &number) == 0)
        return (uint32_t)number;
    return if_nametoindex(text);
}

static int host_parse_v4(const char *host, struct address *address)
{
    address->v4.sin_family = AF_INET;
    return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

static int host_parse_v6(char *host, struct address *address)
{
    char *scope = strchr(host, '%');
    if (scope != NULL) {
        *scope++ = '\0';
        address->v6.sin6_scope_id = scope_parse(scope);
        if (address->v6.sin6_scope_id == 0)
            return -EINVAL;
    }
    address->v6.sin6_family = AF_INET6;
    return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 ? 0 : -EINVAL;
}

int address_split(const char *text, struct address_parts *ret_parts)
{
    const char *colon = strchr(text, ':');
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return -EINVAL;
        *ret_parts = (struct address_parts){
            .host = text + 1,
            .host_bytes = (size_t)(end - text - 1),
            .port = end[1] == ':' ? end + 2 : NULL,
            .is_v6 = true,
        };
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        *ret_parts = (struct address_parts){
            .host = text, .host_bytes = (size_t)(colon - text), .port = colon + 1};
    } else {
        *ret_parts = (struct address_parts){
            .host = text, .host_bytes = strlen(text), .is_v6 = colon != NULL};
    }
    return 0;
}

int port_parse(const char *text, uint16_t *ret_port)
{
    uint64_t port;
    int result = number_parse(text, UINT16_MAX, &port);
    if (result < 0)
        return result;
    *ret_port = (uint16_t)port;
    return 0;
}

/* True for an IPv6 address without brackets, with or without a scope; does not look up the
 * interface. */
static bool is_v6_text(const char *text, size_t bytes)
{
    char host[HOST_TEXT_BYTES];
    struct in6_addr address;
    char *scope;

    if (bytes >= sizeof(host))
        return false;
    memcpy(host, text, bytes);
    host[bytes] = '\0';
    scope = strchr(host, '%');
    if (scope != NULL &&
        (scope[1] == '\0' || scope[1 + strspn(scope + 1, SCOPE_CHARACTERS)] != '\0'))
        return false;
    if (scope != NULL)
        *scope = '\0';
    return inet_pton(AF_INET6, host, &address) == 1;
}

enum address_doubt address_doubt(const char *text, char meant[ADDRESS_MEANT_BYTES])
{
    const char *colon = strrchr(text, ':');
    size_t host_bytes = colon != NULL ? (size_t)(colon - text) : 0;
    struct in6_addr address;
    uint16_t port;

    if (colon == NULL || text[0] == '[' || port_parse(colon + 1, &port) < 0 || port == 0 ||
        colon[1] == '0')
        return ADDRESS_CLEAR;
    if (host_bytes == 1 && text[0] == ':' && port > 9)
        host_bytes = 2; /* "::1848": the port's colon is the address's second one */
    if (!is_v6_text(text, host_bytes))
        return ADDRESS_CLEAR;
    snprintf(meant, ADDRESS_MEANT_BYTES, "[%.*s]:%u", (int)host_bytes, text, port);
    if (inet_pton(AF_INET6, text, &address) != 1 || IN6_IS_ADDR_V4COMPAT(&address))
        return ADDRESS_NEEDS_BRACKETS;
    return port >= 1000 ? ADDRESS_MAY_END_IN_PORT : ADDRESS_CLEAR;
}

int address_parse(const char *text, struct address *ret_address, bool *ret_has_port)
{
    struct address_parts parts;
    int result = address_split(text, &parts);
    if (result < 0)
        return result;

    char host[HOST_TEXT_BYTES];
    if (parts.host_bytes >= sizeof(host))
        return -EINVAL;
    memcpy(host, parts.host, parts.host_bytes);
    host[parts.host_bytes] = '\0';

    struct address address;
    memset(&address, 0, sizeof(address));
    result = parts.is_v6 ? host_parse_v6(host, &address) : host_parse_v4(host, &address);
    if (result < 0)
        return result;

    if (parts.port != NULL) {
        uint16_t port;
        result = port_parse(parts.port, &port);
        if (result < 0)
            return result;
        address_set_port(&address, port);
    }
    *ret_address = address;
    *ret_has_port = parts.port != NULL;
    return 0;
}

char *address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "?";
    unsigned port = address_port(address);
    if (address->sa.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
        snprintf(text, ADDRESS_TEXT_BYTES, "%s:%u", host, port);
        return text;
    }
    inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
    if (address->v6.sin6_scope_id != 0)
        snprintf(text, ADDRESS_TEXT_BYTES, "[%s%%%u]:%u", host, (unsigned)address->v6.sin6_scope_id,
                 port);
    else
        snprintf(text, ADDRESS_TEXT_BYTES, "[%s]:%u", host, port);
    return text;
}

bool address_may_end_in_port(const struct address *address, char meant[ADDRESS_MEANT_BYTES])
{
    char text[INET6_ADDRSTRLEN];

    return address->sa.sa_family == AF_INET6 &&
           inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof(text)) &&
           address_doubt(text, meant) != ADDRESS_CLEAR;
}

const char *address_family_name(const struct address *address)
{
    bool mapped = address->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
    return mapped || address->sa.sa_family == AF_INET ? "ipv4" : "ipv6";
}

uint16_t address_port(const struct address *address)
{
    return ntohs(address->sa.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

void address_set_port(struct address *address, uint16_t port)
{
    if (address->sa.sa_family == AF_INET)
        address->v4.sin_port = htons(port);
    else
        address->v6.sin6_port = htons(port);
}

socklen_t address_bytes(const struct address *address)
{
    return address->sa.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

bool address_is_any(const struct address *address)
{
    if (address->sa.sa_family == AF_INET)
        return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr) != 0;
}

struct address address_unmapped(const struct address *address)
{
    struct address v4 = {.v4 = {.sin_family = AF_INET}};

    if (address->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
        return *address;
    v4.v4.sin_port = address->v6.sin6_port;
    memcpy(&v4.v4.sin_addr, &address->v6.sin6_addr.s6_addr[12], sizeof(v4.v4.sin_addr));
    return v4;
}

bool address_covers(const struct address *address, const struct address *local)
{
    struct address ours = address_unmapped(address), theirs = address_unmapped(local);

    if (address_is_any(&ours) && ours.sa.sa_family == AF_INET6)
        return true;
    if (ours.sa.sa_family != theirs.sa.sa_family)
        return false;
    if (ours.sa.sa_family == AF_INET)
        return address_is_any(&ours) || ours.v4.sin_addr.s_addr == theirs.v4.sin_addr.s_addr;
    return IN6_ARE_ADDR_EQUAL(&ours.v6.sin6_addr, &theirs.v6.sin6_addr) != 0;
}
