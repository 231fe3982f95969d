/* Whether the sockets of flows that ended well may make further connections, and if not, why: it
 * changes the rate over loopback by a seventh, so it is told in the result. */
#ifndef HELLO_FLOW_REUSE_H
#define HELLO_FLOW_REUSE_H

#include "load/config.h"
#include "load/source.h"

#include <stdbool.h>
#include <stdint.h>

/* A socket that sent and received no more than this in each direction makes further connections,
 * where socket_pool_give can: its buffers are still what a new socket's are. */
#define FLOW_SHORT_BYTES (16u << 10)

/* Fewer local ports than this would come again within the millisecond that tells their uses apart
 * (see socket_pool_give): the kernel goes through its range in steps of up to 16
 * (inet_hashtables.c), so these last for 1 ms at a million connections per second to a target, if
 * most are free. */
#define FLOW_REUSE_PORTS_MIN      16384
#define FLOW_REUSE_PORTS_EACH_MIN 16 /* for each connection in flight */

/* What it depends on for all connections of a run. */
struct flow_reuse_facts {
    uint64_t connections; /* in flight at most */
    uint32_t local_ports; /* that the kernel chooses from; 0: unknown */
    bool has_timestamps;  /* false: net.ipv4.tcp_timestamps is known to be 0 */
};

/* Why no connection of a run uses a socket again: a clause, static; NULL: they may. */
const char *flow_reuse_refusal(const struct load_config *config,
                               const struct flow_reuse_facts *facts);

/* The same for the connections to one address. */
const char *flow_reuse_refusal_to(const struct sources *sources, const struct address *address);

#endif
