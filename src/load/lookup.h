/* Names to addresses, by c-ares: it reads /etc/hosts and /etc/resolv.conf, asks DNS servers itself
 * and, unlike getaddrinfo(3) of glibc, works in a fully static program.
 *
 * Thread rule: one thread, once at a time. */
#ifndef HELLO_LOOKUP_H
#define HELLO_LOOKUP_H

#include "net/address.h"

#define LOOKUP_TIMEOUT_MS    5000 /* for one lookup, however many servers are asked */
#define LOOKUP_PROBLEM_BYTES 184

/* Find the address of a host: of AF_INET, of AF_INET6 or, with AF_UNSPEC, the one that RFC 6724
 * prefers. It is looked for as the system's own resolver does: in the hosts file and by the
 * servers, in the forms of the search list (resolv.conf(5), nsswitch.conf(5)). localhost and the
 * names below it are known without a server (RFC 6761). The port is 0. Returns 0, -EHOSTUNREACH
 * (there is no such name, or it has no such address), -ETIMEDOUT (no server answered in time) or
 * another -errno (no server can be asked, or it failed), with what is wrong in problem: what the
 * servers answered, no full stop. */
int lookup_host(const char *host, int family, struct address *ret_address,
                char problem[LOOKUP_PROBLEM_BYTES]);

#endif
