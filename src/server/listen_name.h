/* A name in --listen: which of its addresses is taken, and what is said of that. */
#ifndef HELLO_LISTEN_NAME_H
#define HELLO_LISTEN_NAME_H

#include "net/host_name.h"
#include "option/option.h"

struct listen_name {
    char note[192];   /* where it is from: "command line: fly-local-6pn" */
    char notice[640]; /* one line: which addresses it has besides; "": none */
};

/* Give --listen, which has a name, the address that the hosts file has for it: the first of IPv6
 * or, where there is none or IPv6 is off, the first of IPv4. One socket has one address, and it
 * must be the one that clients try first (RFC 6724), as hello-load does. The port stays. source:
 * where --listen is from. Returns 0, with what is to be said, -EINVAL (there is no such name, or it
 * has too many addresses) or another -errno (the hosts file cannot be had), with one line in error.
 *
 * Thread rule: any thread. */
int listen_name_settle(struct option_address *listen, enum option_source source,
                       struct listen_name *ret_said, char error[OPTION_ERROR_BYTES]);

#endif
