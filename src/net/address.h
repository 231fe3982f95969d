/* An IPv4 or IPv6 address with a port, as a socket address and as text. For names, see host_name.h.
 */
#ifndef HELLO_ADDRESS_H
#define HELLO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <sys/socket.h>

struct address {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/* The parts of HOST, HOST:PORT, [V6] or [V6]:PORT in a text. */
struct address_parts {
    const char *host; /* without the brackets */
    size_t host_bytes;
    const char *port; /* to the end of the text; NULL: none */
    bool is_v6;       /* in brackets, or with more than one colon and thus no port */
};

/* Find the parts, for any host. Returns 0, or -EINVAL (the brackets are wrong). */
int address_split(const char *text, struct address_parts *ret_parts);

/* Parse a port: digits only. Returns 0, -EINVAL (not a number) or -ERANGE (above 65535). */
int port_parse(const char *text, uint16_t *ret_port);

/* Parse ADDR, ADDR:PORT, [V6] or [V6]:PORT, where ADDR is a numeric IPv4 or (without a port) IPv6
 * address; IPv6 may carry a scope (fe80::1%eth0 or %2). *ret_has_port says if a port was given; if
 * not, the port in *ret_address is 0. Returns 0, -EINVAL (not an address) or -ERANGE (a port above
 * 65535); then outputs are unchanged. */
int address_parse(const char *text, struct address *ret_address, bool *ret_has_port);

/* Does an IPv6 address without brackets end in an intended port? */
enum address_doubt {
    ADDRESS_CLEAR,           /* no: it has brackets, or no such end, or is not IPv6 at all */
    ADDRESS_MAY_END_IN_PORT, /* perhaps: "fd00::1:1848" is also a valid address */
    ADDRESS_NEEDS_BRACKETS,  /* yes: "::1:1848", in ::/96, which RFC 4291 deprecated, or an invalid
                                address, such as ":::1848" and "fe80::1%eth0:1848" */
};

#define ADDRESS_MEANT_BYTES 80

/* Unless it is clear, write the likely intention to `meant`: "[::1]:1848". */
enum address_doubt address_doubt(const char *text, char meant[ADDRESS_MEANT_BYTES]);

/* Enough for any text that address_format writes. */
#define ADDRESS_TEXT_BYTES (INET6_ADDRSTRLEN + 32)

/* The same for a parsed address, ignoring its port: true unless it is clear. */
bool address_may_end_in_port(const struct address *address, char meant[ADDRESS_MEANT_BYTES]);

/* Write "127.0.0.1:1848", "[::1]:1848" or, with a scope as its number, "[fe80::1%2]:1848". Returns
 * text. */
char *address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES]);

/* "ipv4" or "ipv6". An IPv4-mapped IPv6 address counts as ipv4. */
const char *address_family_name(const struct address *address);

uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);

/* The size that bind(2) and connect(2) need for this family. */
socklen_t address_bytes(const struct address *address);

/* True if a listener at `address` receives connections to `local`, ignoring ports: it is the same
 * address, or `address` is the wildcard of its family, :: for both. An IPv4-mapped IPv6 address is
 * the IPv4 address. */
bool address_covers(const struct address *address, const struct address *local);

/* An IPv4-mapped IPv6 address as IPv4, with its port; others unchanged. */
struct address address_unmapped(const struct address *address);

/* True for :: and 0.0.0.0. */
bool address_is_any(const struct address *address);

#endif
