/* What the routing tables say about an address. */
#ifndef HELLO_ROUTE_H
#define HELLO_ROUTE_H

#include "net/address.h"

#include <stdint.h>

#include <net/if.h>

/* Ask the kernel (rtnetlink(7), RTM_GETROUTE) whether packets to an address stay on this machine:
 * it is configured here, or is in a block that a local route covers (ip route add local
 * 2001:db8::/64 dev lo). An IPv4-mapped address counts as its IPv4 address.
 * Returns 1 (it is local), 0 (it is not, or there is no route) or another -errno. */
int route_is_local(const struct address *address);

/* Packets to a multicast or broadcast address go to several hosts, so TCP can neither listen nor
 * connect there, nor connect from it (RFC 9293, MUST-46 and MUST-57; bind(2) takes such an IPv4
 * address nevertheless). Other addresses, such as those of 240.0.0.0/4, are left to the kernel. It
 * is asked which IPv4 address is the broadcast address of a network here. Returns "multicast" or
 * "broadcast"; NULL: neither, or the kernel does not say. */
const char *route_group_name(const struct address *address);

/* The device for packets to an address, and the maximum length there. */
struct route_device {
    char name[IF_NAMESIZE]; /* "lo", "eth0"; "" if unknown */
    uint32_t mtu_bytes;     /* 0: unknown */
};
void route_device_read(const struct address *address, struct route_device *ret_device);

#endif
