/* One question to one name server, by c-ares.
 *
 * Thread rule: one thread, once at a time; between ares_library_init and ares_library_cleanup. */
#ifndef HELLO_NAME_SERVER_H
#define HELLO_NAME_SERVER_H

#include "net/address.h"

#include <ares.h>
#include <stdint.h>

/* Ask a server for the address of a name, just as it is, and wait for the answer for timeout_ms at
 * the most. family: AF_INET, AF_INET6, or AF_UNSPEC for the one that RFC 6724 prefers. Returns
 * ARES_SUCCESS with *ret_address, its port 0, or what went wrong: what the server answered
 * (ARES_ENOTFOUND for NXDOMAIN, ARES_ENODATA, ARES_ESERVFAIL, ARES_EREFUSED, ...), ARES_ETIMEOUT
 * (also when a stop is asked for, base/signals.h), ARES_ECONNREFUSED (nothing is there), or another
 * code of c-ares. */
int name_server_ask(const struct ares_addr_port_node *server, const char *name, int family,
                    uint64_t timeout_ms, struct address *ret_address);

/* The same of the hosts file, which is asked at once. */
int name_file_ask(const char *name, int family, struct address *ret_address);

#endif
