/* An IPv4 or IPv6 address with a port, as a socket address and as text. Names are for host_name.h.
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

/* Where the parts of HOST, HOST:PORT, [V6] and [V6]:PORT lie in a text. */
struct address_parts {
    const char *host; /* without the brackets */
    size_t host_bytes;
    const char *port; /* to the end of the text; NULL: none */
    bool is_v6;       /* in brackets, or with more than one colon, and then without a port */
};

/* Find the parts, whatever the host may be. Returns 0, or -EINVAL (the brackets are not right). */
int address_split(const char *text, struct address_parts *ret_parts);

/* Parse a port: digits only. Returns 0, -EINVAL (not a number) or -ERANGE (above 65535). */
int port_parse(const char *text, uint16_t *ret_port);

/* Parse ADDR, ADDR:PORT, [V6] or [V6]:PORT, where ADDR is a numeric IPv4 or (without a port) IPv6
 * address; IPv6 may carry a scope (fe80::1%eth0 or %2). *ret_has_port says if a port was given; the
 * port in *ret_address is 0 if not.
 * Returns 0, -EINVAL (not an address) or -ERANGE (a port above 65535); outputs untouched then. */
int address_parse(const char *text, struct address *ret_address, bool *ret_has_port);

/* Whether an IPv6 address without brackets ends in what was meant as a port. */
enum address_doubt {
    ADDRESS_CLEAR,           /* no: it has brackets, or no such end; or is no IPv6 address at all */
    ADDRESS_MAY_END_IN_PORT, /* perhaps: "fd00::1:1848" is an address as it stands, too */
    ADDRESS_NEEDS_BRACKETS, /* yes: "::1:1848", of ::/96, which RFC 4291 took out of use, or what is
                               no address, such as ":::1848" and "fe80::1%eth0:1848" */
};

#define ADDRESS_MEANT_BYTES 80

/* Unless it is clear, write what may have been meant to `meant`: "[::1]:1848". */
enum address_doubt address_doubt(const char *text, char meant[ADDRESS_MEANT_BYTES]);

/* Room enough for any text that address_format writes. */
#define ADDRESS_TEXT_BYTES (INET6_ADDRSTRLEN + 32)

/* The same of an address that was read, port aside: true unless it is clear. */
bool address_may_end_in_port(const struct address *address, char meant[ADDRESS_MEANT_BYTES]);

/* Write "127.0.0.1:1848", "[::1]:1848" or, a scope being shown as its number, "[fe80::1%2]:1848".
 * Returns text. */
char *address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES]);

/* "ipv4" or "ipv6". An IPv4-mapped IPv6 address counts as ipv4. */
const char *address_family_name(const struct address *address);

uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);

/* The size that bind(2) and connect(2) want for this family. */
socklen_t address_bytes(const struct address *address);

/* True if what comes to `local` comes to a listener at `address`, whatever the ports: it is the
 * same address, or `address` stands for all of its family, :: for both. An IPv4-mapped IPv6 address
 * is the IPv4 address. */
bool address_covers(const struct address *address, const struct address *local);

/* True for :: and 0.0.0.0. */
bool address_is_any(const struct address *address);

#endif
