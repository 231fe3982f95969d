/* Whom to connect to: what the user typed, resolved to addresses. Each address is a lane of its
 * own: its connections are counted and timed apart from those of the others.
 *
 * Names are resolved by c-ares, which reads /etc/hosts and /etc/resolv.conf as the system does,
 * works in a fully static program, and can be asked for both families. */
#ifndef HELLO_TARGET_H
#define HELLO_TARGET_H

#include "load/config.h"
#include "net/address.h"

#include <stdint.h>

#define TARGETS_MAX       64 /* addresses, over all targets */
#define TARGET_WEIGHT_MAX 1000

struct target {
    char host[256]; /* as typed, without port and weight: "localhost", "::1" */
    struct address address;
    uint32_t weight; /* how many of the starts it gets, in proportion to the others */
};

/* Read HOST[:PORT][=WEIGHT]. The address gets the port and, if the host is numeric, all the rest;
 * *ret_is_numeric says so. An IPv6 address without brackets has no port; where one may have been
 * meant, as in ::1:1848, it is asked for.
 * Returns 0, or -EINVAL with one line in error; outputs are untouched then. */
int target_parse(const char *text, struct target *ret_target, bool *ret_is_numeric,
                 char error[OPTION_ERROR_BYTES]);

/* Resolve every HOST[:PORT][=WEIGHT] of the configuration, in order. The family asked for decides
 * which addresses are kept: that of the name's first address (in the order of RFC 6724), one of the
 * family asked for, or with LOAD_FAMILY_BOTH one of each, IPv4 first; then both must be there.
 * Numeric addresses are never looked up. Thread rule: as lookup.h.
 * Returns how many targets there are, -EINVAL (not a target, too many, an address of the wrong
 * family), -EHOSTUNREACH (no such host, or none of the family), -ETIMEDOUT or another -errno (no
 * DNS server could be asked), with one line in error. */
int targets_resolve(const struct load_config *config, struct target targets[TARGETS_MAX],
                    char error[OPTION_ERROR_BYTES]);

#endif
