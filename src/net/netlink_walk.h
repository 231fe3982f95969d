/* Walk through a netlink message and its attributes, like the macros of netlink(3) and
 * rtnetlink(3), but without casting away const and alignment. The kernel aligns all of it.
 *
 * Thread rule: any thread. */
#ifndef HELLO_NETLINK_WALK_H
#define HELLO_NETLINK_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* The address `bytes` after a place. */
static inline const void *netlink_behind(const void *place, size_t bytes)
{
    return (const char *)place + bytes;
}

/* True if a whole message, or attribute, is in the `left` bytes. */
static inline bool netlink_has_message(const struct nlmsghdr *head, size_t left)
{
    return left >= sizeof(*head) && head->nlmsg_len >= sizeof(*head) && head->nlmsg_len <= left;
}

static inline bool netlink_has_attribute(const struct rtattr *attribute, size_t left)
{
    return left >= sizeof(*attribute) && attribute->rta_len >= sizeof(*attribute) &&
           attribute->rta_len <= left;
}

/* The next one; *left becomes the bytes left from there. */
static inline const void *netlink_next(const void *place, size_t bytes, size_t *left)
{
    size_t step = NLMSG_ALIGN(bytes); /* as RTA_ALIGN: to 4 bytes */

    *left = step < *left ? *left - step : 0;
    return netlink_behind(place, step);
}

#endif
