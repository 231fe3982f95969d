/* The state of an IPv6 address on an interface: a new address is checked for duplicates first (RFC
 * 4862, section 5.4), and cannot be bound to until then.
 *
 * Thread rule: any thread. */
#ifndef HELLO_ADDRESS_STATE_H
#define HELLO_ADDRESS_STATE_H

#include "net/address.h"

#include <stdio.h>

#include <net/if.h>

enum address_state {
    ADDRESS_UNKNOWN,   /* it is not IPv6, or the kernel does not say */
    ADDRESS_MISSING,   /* no interface has it */
    ADDRESS_ELSEWHERE, /* an interface other than that of its scope has it */
    ADDRESS_TENTATIVE, /* it is being checked */
    ADDRESS_DUPLICATE, /* another host has it: the check failed */
    ADDRESS_READY,
};

/* Find the state of an address, and the name of the interface that has it, "" if none has. Source:
 * /proc/net/if_inet6 (addrconf.c of Linux). */
enum address_state address_state_read(const struct address *address, char interface[IF_NAMESIZE]);

/* The same from such a file. */
enum address_state address_state_parse(FILE *file, const struct address *address,
                                       char interface[IF_NAMESIZE]);

#endif
