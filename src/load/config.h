/* What the user asked of the generator: the options, read and checked. */
#ifndef HELLO_LOAD_CONFIG_H
#define HELLO_LOAD_CONFIG_H

#include "net/address.h"
#include "option/option.h"

#include <stdbool.h>
#include <stdint.h>

#define LOAD_CONNECTIONS_MAX 1000000
#define LOAD_DURATION_NS     UINT64_C(5000000000) /* unless a duration or a count is given */

/* One field per option, in the order of the table. */
struct load_config {
    const char *target; /* HOST[:PORT] */
    uint64_t connections;
    uint64_t duration_ns; /* 0: not given */
    uint64_t count;       /* 0: not given */
    bool ipv4;
    bool ipv6;
    struct option_bytes expect;
    unsigned engine;
    uint64_t threads; /* 0: auto */
    uint64_t timeout_ns;
    bool quiet;
    bool help;
    bool version;
};

/* Every option of hello-load. */
extern const struct option_table load_options;

/* Read the options and check them against each other.
 * Returns 0, or -EINVAL with one line in error. */
int load_config_read(struct load_config *config, int argc, char *const argv[],
                     char error[OPTION_ERROR_BYTES]);

/* Find the address of the target, by getaddrinfo(3) if it is a name; the port is 1848 if none is
 * given. Returns 0, -EINVAL (not HOST or HOST:PORT) or -EHOSTUNREACH (no such host, or none of the
 * family asked for), with one line in error. */
int load_config_resolve(const struct load_config *config, struct address *ret_address,
                        char error[OPTION_ERROR_BYTES]);

#endif
