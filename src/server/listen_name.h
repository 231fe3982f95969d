/* A name in --listen or --admin: which of its addresses is used, and the messages about it; and
 * whether TCP can listen on that address. */
#ifndef HELLO_LISTEN_NAME_H
#define HELLO_LISTEN_NAME_H

#include "base/failure.h"
#include "net/host_name.h"
#include "option/option.h"

struct listen_name {
    char note[192];   /* its origin: "command line: fly-local-6pn" */
    char notice[640]; /* one line: its other addresses; "": none */
};

/* Replace the name in an option (a row of server_options) by its address in the hosts file: the
 * first IPv6 one or, without any or with IPv6 off, the first IPv4 one. One socket has one address,
 * and it must be the one that clients, such as hello-load, try first (RFC 6724). The port stays.
 * source: where the option is from. Returns 0 with the messages, or -errno with a failure: of usage
 * if there is no such name or it has too many addresses, else of the system (cannot read the hosts
 * file).
 *
 * Thread rule: any thread. */
int listen_name_settle(struct option_address *listen, size_t row, enum option_source source,
                       struct listen_name *ret_said, struct failure *failure);

/* Refuse an address of several hosts (route_group_name). Returns 0, or -EINVAL with the
 * failure. Thread rule: any thread. */
int listen_address_check(const struct option_address *listen, size_t row, enum option_source source,
                         struct failure *failure);

/* An error of usage about such an option, wherever it comes from: `problem` follows its value.
 * Returns -EINVAL, with the failure. Thread rule: any thread. */
int listen_name_fail(const struct option_address *listen, size_t row, enum option_source source,
                     const char *problem, struct failure *failure);

#endif
