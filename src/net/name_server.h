/* One query to one name server, by c-ares.
 *
 * Thread rule: one thread, one call at a time; between ares_library_init and ares_library_cleanup.
 */
#ifndef HELLO_NAME_SERVER_H
#define HELLO_NAME_SERVER_H

#include "net/address.h"

#include <ares.h>
#include <stdint.h>

/* Ask a server for the address of a name, as it is, and wait at most timeout_ms for the answer.
 * family: AF_INET, AF_INET6, or AF_UNSPEC for the one that RFC 6724 prefers. Returns ARES_SUCCESS
 * with *ret_address, its port 0, or an error: the server's answer (ARES_ENOTFOUND for NXDOMAIN,
 * ARES_ENODATA, ARES_ESERVFAIL, ARES_EREFUSED, ...), ARES_ETIMEOUT (also when a stop is requested,
 * base/signals.h), ARES_ECONNREFUSED (no server there), or another c-ares code. */
int name_server_ask(const struct ares_addr_port_node *server, const char *name, int family,
                    uint64_t timeout_ms, struct address *ret_address);

/* The same for the hosts file; it does not wait. */
int name_file_ask(const char *name, int family, struct address *ret_address);

#endif
