/* The sources of connections: the local addresses and ports that sockets are bound to before they
 * connect. Without --source and --source-ports nothing is bound, and the kernel chooses.
 *
 * More than some 28,000 connections at once (or in TIME_WAIT) to one address and port need many
 * addresses. IP_BIND_ADDRESS_NO_PORT (Linux 4.2, ip(7)) leaves the port to connect(2), so only the
 * whole four-tuple must be free; IP_LOCAL_PORT_RANGE (6.3) limits the ports it chooses from. */
#ifndef HELLO_SOURCE_H
#define HELLO_SOURCE_H

#include "base/failure.h"
#include "net/address.h"
#include "option/option.h"

#include <stdbool.h>
#include <stdint.h>

#define SOURCES_MAX 64 /* entries of the list; a block is one */

/* An address, or a block of addresses. */
struct source {
    struct address first; /* port 0 */
    uint64_t count;       /* addresses, one after the other */
    bool is_routed;       /* not on an interface, but in a local route: IPV6_FREEBIND */
};

/* Everything that sockets may be bound to. Written once, then only read: any thread may use it. */
struct sources {
    uint32_t count; /* 0: no addresses were given */
    struct source list[SOURCES_MAX];
    uint64_t ipv4_count, ipv6_count;  /* addresses, over the whole list (saturating) */
    struct option_ports ports;        /* low 0: no range was given */
    struct option_ports kernel_ports; /* the kernel's range; low 0: unknown */
    bool has_port_range; /* the kernel has IP_LOCAL_PORT_RANGE, and it allows the range */
};

/* Read a list of ADDR and ADDR/BITS, separated by commas (NULL: none), without asking the kernel.
 * In an IPv4 block of more than two addresses the first and the last are skipped: they are the
 * network and the broadcast address (before Linux 5.14 both are broadcast addresses, ip(7)).
 * Returns 0, or -EINVAL with one line in error. */
int sources_parse(struct sources *sources, const char *list, char error[OPTION_ERROR_BYTES]);

/* Read such a list and a port range, and check that they can be used. Detects what the kernel
 * supports. IP_LOCAL_PORT_RANGE only narrows net.ipv4.ip_local_port_range, so it is not used for a
 * range outside of that. Returns 0, or -errno with a failure: of usage, or of the system if the
 * first address of an entry cannot be used here (-EADDRNOTAVAIL: it is not one of this machine). */
int sources_init(struct sources *sources, const char *list, struct option_ports ports,
                 struct failure *failure);

/* True if sockets of this family, AF_INET or AF_INET6, must be bound. */
bool sources_apply_to(const struct sources *sources, int family);

/* The address at position `turn` (modulo the length) in the list of a family, with port 0; the
 * unspecified address if none of the family was given. */
struct address sources_address(const struct sources *sources, uint64_t turn, int family);

/* True if a connection may come from this port, or if the kernel's port range is unknown. */
bool sources_may_use_port(const struct sources *sources, uint16_t port);

/* How many consecutive turns cover all places of a family that a socket can be bound to, at most
 * SOURCE_TRIES_MAX. A place is an address, and a port unless the kernel chooses it. */
#define SOURCE_TRIES_MAX 1024
uint32_t sources_places(const struct sources *sources, int family);

/* Bind a fresh TCP socket of a family to the address of the turn and to the port range. Count turns
 * separately for each family: with a shared counter, each would see only every second turn and skip
 * addresses. If has_port_range is false, the turn also selects the port. Only the whole four-tuple
 * must be free: if it is not (or if the kernel finds no free port), connect(2) fails with
 * EADDRNOTAVAIL; then try the next turn. Returns 0, -EADDRNOTAVAIL (not an address of this
 * machine), -EADDRINUSE (a socket listens on the port, or has it exclusively: try the next turn) or
 * another -errno. Any thread. */
int sources_bind(const struct sources *sources, uint64_t turn, int sock, int family);

#endif
