/* The targets: what the user typed, resolved to addresses. Each address is a separate target, whose
 * connections are counted and timed separately.
 *
 * Names are resolved by c-ares, which reads /etc/hosts and /etc/resolv.conf as the system does,
 * works in a fully static program, and can be asked for both families. */
#ifndef HELLO_TARGET_H
#define HELLO_TARGET_H

#include "base/failure.h"
#include "generator/config.h"
#include "net/address.h"
#include "result/document.h"

#include <stdint.h>

#define TARGET_WEIGHT_MAX 1000

struct target {
    char host[256]; /* as typed, without port and weight: "localhost", "::1" */
    struct address address;
    uint32_t weight; /* its share of the starts, relative to the others */
};

/* Read HOST[:PORT][=WEIGHT]. The address gets the port and, if the host is numeric
 * (*ret_is_numeric), the host too. An IPv6 address without brackets has no port; if one may have
 * been meant, as in ::1:1848, that is an error. Returns 0, or -EINVAL with one line in error; then
 * the outputs are unchanged. */
int target_parse(const char *text, struct target *ret_target, bool *ret_is_numeric,
                 char error[OPTION_ERROR_BYTES]);

/* Resolve every HOST[:PORT][=WEIGHT] of the configuration, in order. The chosen family decides
 * which addresses are kept. LOAD_FAMILY_ANY: the name's first address (in the order of RFC 6724);
 * one family: an address of it; LOAD_FAMILY_BOTH: one of each, IPv4 first, and both must exist.
 * Numeric addresses are never looked up. Thread rule: as lookup.h. Returns how many targets there
 * are, or -errno with a failure: of usage (not a target, too many, an address of the wrong family,
 * no such host, or no address of the family), or of the system (no DNS server could be reached). */
int targets_resolve(const struct load_config *config, struct target targets[TARGETS_MAX],
                    struct failure *failure);

#endif
