/* Where connections come from: the local addresses and ports that sockets are bound to before they
 * connect. Without --source and --source-ports nothing is bound, and the kernel chooses.
 *
 * Many addresses are the way to more than some 28,000 connections at once (or in TIME_WAIT) to one
 * address and port. IP_BIND_ADDRESS_NO_PORT (Linux 4.2, ip(7)) leaves the port to connect(2), so
 * that only the whole four-tuple must be free; IP_LOCAL_PORT_RANGE (6.3) narrows the ports it
 * chooses from. */
#ifndef HELLO_SOURCE_H
#define HELLO_SOURCE_H

#include "net/address.h"
#include "option/option.h"

#include <stdbool.h>
#include <stdint.h>

#define SOURCES_MAX 64 /* entries of the list; a block is one */

/* An address, or a block of them. */
struct source {
    struct address first; /* port 0 */
    uint64_t count;       /* addresses, one after the other */
    bool is_routed;       /* no interface has them, a local route leads to them: IPV6_FREEBIND */
};

/* All that may be bound to. Made once, then only read: any number of threads may use it. */
struct sources {
    uint32_t count; /* 0: no addresses were given */
    struct source list[SOURCES_MAX];
    uint64_t ipv4_count, ipv6_count; /* addresses, over the whole list (saturating) */
    struct option_ports ports;       /* low 0: no range was given */
    bool has_port_range; /* IP_LOCAL_PORT_RANGE is known, and the range can be had by it */
};

/* Read a list of ADDR and ADDR/BITS, separated by commas (NULL: none), without asking the kernel.
 * Of an IPv4 block of more than two addresses the first and the last are left out: they stand for
 * the network and for all of it. Returns 0, or -EINVAL with one line in error. */
int sources_parse(struct sources *sources, const char *list, char error[OPTION_ERROR_BYTES]);

/* Read such a list, and a port range, and check that they can be had. Finds out what the kernel can
 * do; since IP_LOCAL_PORT_RANGE only narrows net.ipv4.ip_local_port_range, a range that does not
 * lie within that is not left to it. Returns 0, -EINVAL or -EADDRNOTAVAIL (the first address of an
 * entry is not one of this machine), with one line in error, or another -errno, likewise. */
int sources_init(struct sources *sources, const char *list, struct option_ports ports,
                 char error[OPTION_ERROR_BYTES]);

/* True if sockets of this family, AF_INET or AF_INET6, are to be bound. */
bool sources_apply_to(const struct sources *sources, int family);

/* The address that is `turn` places down the list of a family (round and round), with port 0: the
 * unspecified one if none of the family was given. */
struct address sources_address(const struct sources *sources, uint64_t turn, int family);

/* Bind a fresh TCP socket of a family to the address of the turn and to the port range. Count the
 * turns of each family apart: of a counter that two of them share, each would see every other turn
 * only, and leave out addresses. Where has_port_range is false the ports are tried one by one,
 * SOURCE_TRIES_MAX at the most, beginning with that of the turn; then a port serves one connection
 * at a time on each address, whatever its target.
 * Returns 0, -EADDRNOTAVAIL (not an address of this machine), -EADDRINUSE (no port of the range is
 * free) or another -errno. When the kernel chooses the port, connect(2) is what fails, with
 * EADDRNOTAVAIL, if none is free. Any thread. */
#define SOURCE_TRIES_MAX 1024
int sources_bind(const struct sources *sources, uint64_t turn, int sock, int family);

#endif
