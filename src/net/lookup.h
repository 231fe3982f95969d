/* Names to addresses, by c-ares: it reads /etc/hosts and /etc/resolv.conf, asks DNS servers itself
 * and, unlike getaddrinfo(3) of glibc, works in a fully static program.
 *
 * Thread rule: one thread, one call at a time. */
#ifndef HELLO_LOOKUP_H
#define HELLO_LOOKUP_H

#include "net/address.h"

#define LOOKUP_TIMEOUT_MS    5000 /* for one lookup, for all servers together */
#define LOOKUP_PROBLEM_BYTES 184

/* Find the address of a host: of AF_INET, of AF_INET6 or, with AF_UNSPEC, the one that RFC 6724
 * prefers. It works like the system's resolver: with the hosts file, the servers, and the forms of
 * the search list (resolv.conf(5), nsswitch.conf(5)). localhost and the names below it need no
 * server (RFC 6761). The port is 0. Returns 0, -EHOSTUNREACH (there is no such name, or it has no
 * such address), -ETIMEDOUT (no server answered in time) or another -errno (no server can be asked,
 * or it failed), with the reason in problem: the servers' answers, no full stop. */
int lookup_host(const char *host, int family, struct address *ret_address,
                char problem[LOOKUP_PROBLEM_BYTES]);

#endif
