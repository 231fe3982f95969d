#include "generator/proxy_header.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

/* The addresses of the connection, as used by both versions. */
struct endpoints {
    int family;
    size_t address_bytes;
    unsigned char from[16], to[16]; /* in network order; IPv4: the first 4 bytes */
    uint16_t from_port, to_port;
};

static bool is_ipv4(const struct address *address)
{
    return strcmp(address_family_name(address), "ipv4") == 0;
}

/* The 4 or 16 bytes of an address; the last 4 if it is IPv4-mapped. */
static void address_take(const struct address *address, bool as_ipv4, unsigned char bytes[16])
{
    if (address->sa.sa_family == AF_INET)
        memcpy(bytes, &address->v4.sin_addr, 4);
    else if (as_ipv4)
        memcpy(bytes, address->v6.sin6_addr.s6_addr + 12, 4);
    else
        memcpy(bytes, &address->v6.sin6_addr, 16);
}

static void endpoints_fill(struct endpoints *endpoints, const struct address *from,
                           const struct address *to)
{
    bool ipv4 = is_ipv4(from) && is_ipv4(to);

    endpoints->family = ipv4 ? AF_INET : AF_INET6;
    endpoints->address_bytes = ipv4 ? 4 : 16;
    address_take(from, ipv4, endpoints->from);
    address_take(to, ipv4, endpoints->to);
    endpoints->from_port = address_port(from);
    endpoints->to_port = address_port(to);
}

/* Section 2.1: "PROXY TCP4 192.0.2.1 192.0.2.2 4000 1848\r\n". */
static uint32_t text_write(const struct endpoints *endpoints, unsigned char *header)
{
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN], line[PROXY_HEADER_BYTES_MAX + 1];

    inet_ntop(endpoints->family, endpoints->from, from, sizeof(from));
    inet_ntop(endpoints->family, endpoints->to, to, sizeof(to));
    int bytes = snprintf(line, sizeof(line), "PROXY %s %s %s %u %u\r\n",
                         endpoints->family == AF_INET ? "TCP4" : "TCP6", from, to,
                         endpoints->from_port, endpoints->to_port);
    memcpy(header, line, (size_t)bytes);
    return (uint32_t)bytes;
}

static unsigned char *append(unsigned char *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static unsigned char *append_number(unsigned char *at, size_t number)
{
    *at++ = (unsigned char)(number >> 8);
    *at++ = (unsigned char)number;
    return at;
}

/* Section 2.2: a signature, "version 2, PROXY", family and protocol, the length of the rest. */
static uint32_t binary_write(const struct endpoints *endpoints, unsigned char *header)
{
    static const unsigned char signature[] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                              '\n', 'Q',  'U',  'I',  'T',  '\n'};
    unsigned char *at = append(header, signature, sizeof(signature));

    *at++ = 0x21;
    *at++ = endpoints->family == AF_INET ? 0x11 : 0x21;
    at = append_number(at, 2 * endpoints->address_bytes + 4);
    at = append(at, endpoints->from, endpoints->address_bytes);
    at = append(at, endpoints->to, endpoints->address_bytes);
    at = append_number(at, endpoints->from_port);
    at = append_number(at, endpoints->to_port);
    return (uint32_t)(at - header);
}

uint32_t proxy_header_write(enum load_proxy_protocol version, const struct address *from,
                            const struct address *to, unsigned char header[PROXY_HEADER_BYTES_MAX])
{
    struct endpoints endpoints;

    if (version == LOAD_PROXY_NONE)
        return 0;
    endpoints_fill(&endpoints, from, to);
    return version == LOAD_PROXY_V1 ? text_write(&endpoints, header)
                                    : binary_write(&endpoints, header);
}
