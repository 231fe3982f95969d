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
    uint64_t ipv4_count, ipv6_count;  /* addresses, over the whole list (saturating) */
    struct option_ports ports;        /* low 0: no range was given */
    struct option_ports kernel_ports; /* what the kernel chooses from; low 0: it does not say */
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

/* True if a connection may come from this port; also if the kernel does not say where it chooses.
 */
bool sources_may_use_port(const struct sources *sources, uint16_t port);

/* How many turns, one after the other, lead to all the places of a family that a socket can be
 * bound to, SOURCE_TRIES_MAX at the most. A place is an address, and a port unless the kernel
 * chooses it. */
#define SOURCE_TRIES_MAX 1024
uint32_t sources_places(const struct sources *sources, int family);

/* Bind a fresh TCP socket of a family to the address of the turn and to the port range. Count the
 * turns of each family apart: of a counter that two of them share, each would see every other turn
 * only, and leave out addresses. Where has_port_range is false the turn decides on the port, too.
 * Only the whole four-tuple must be free: connect(2) is what fails, with EADDRNOTAVAIL, if it is
 * not (or if the kernel finds no port to choose); then try the place of the next turn. Returns 0,
 * -EADDRNOTAVAIL (not an address of this machine), -EADDRINUSE (somebody listens at the port, or
 * has it alone: try the next turn) or another -errno. Any thread. */
int sources_bind(const struct sources *sources, uint64_t turn, int sock, int family);

#endif
