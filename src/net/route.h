/* What the routing tables say of an address. */
#ifndef HELLO_ROUTE_H
#define HELLO_ROUTE_H

#include "net/address.h"

#include <stdint.h>

#include <net/if.h>

/* Ask the kernel (rtnetlink(7), RTM_GETROUTE) whether packets to an address stay on this machine:
 * it is configured here, or lies in a block that a local route takes in as a whole (ip route add
 * local 2001:db8::/64 dev lo). An IPv4-mapped address is where its IPv4 address is.
 * Returns 1 (it is local), 0 (it is not, or there is no way to it) or another -errno. */
int route_is_local(const struct address *address);

/* The device that packets to an address leave by, and how long they may be there. */
struct route_device {
    char name[IF_NAMESIZE]; /* "lo", "eth0"; "" if unknown */
    uint32_t mtu_bytes;     /* 0: unknown */
};
void route_device_read(const struct address *address, struct route_device *ret_device);

#endif
