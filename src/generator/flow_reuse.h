/* Whether sockets of successful flows may be reused for new connections, and if not, why. It
 * changes the rate over loopback by a seventh, so the result reports it. */
#ifndef HELLO_FLOW_REUSE_H
#define HELLO_FLOW_REUSE_H

#include "generator/config.h"
#include "generator/source.h"

#include <stdbool.h>
#include <stdint.h>

/* A socket that moved at most this much in each direction may be reused (see socket_pool_give): its
 * buffers are still like those of a new socket. */
#define FLOW_SHORT_BYTES (16u << 10)

/* With fewer local ports, one could be used again within the millisecond that distinguishes its
 * uses (see socket_pool_give). The kernel goes through its range in steps of up to 16
 * (inet_hashtables.c), so this many last for 1 ms at a million connections per second to a target,
 * if most are free. */
#define FLOW_REUSE_PORTS_MIN      16384
#define FLOW_REUSE_PORTS_EACH_MIN 16 /* for each connection in flight */

/* The conditions that are the same for all connections of a run. */
struct flow_reuse_facts {
    uint64_t connections; /* maximum in flight */
    uint32_t local_ports; /* in the kernel's range; 0: unknown */
    bool has_timestamps;  /* false: net.ipv4.tcp_timestamps is known to be 0 */
};

/* Why a run must not reuse sockets: a static clause; NULL: it may. */
const char *flow_reuse_refusal(const struct load_config *config,
                               const struct flow_reuse_facts *facts);

/* The same for the connections to one address. */
const char *flow_reuse_refusal_to(const struct sources *sources, const struct address *address);

#endif
