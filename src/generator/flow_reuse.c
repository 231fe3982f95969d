#include "generator/flow_reuse.h"

const char *flow_reuse_refusal(const struct load_config *config,
                               const struct flow_reuse_facts *facts)
{
    if (config->options.reuse_sockets == LOAD_REUSE_NO)
        return "--reuse-sockets is no";
    if (config->options.close == LOAD_CLOSE_RST)
        return "--close rst leaves none to use again";
    if (config->options.expect.any || config->options.expect.bytes > FLOW_SHORT_BYTES)
        return "with --expect any or of more than 16 KiB their buffers may have grown";
    if (config->options.send.bytes > FLOW_SHORT_BYTES)
        return "with --send of more than 16 KiB their buffers may have grown";
    if (!facts->has_timestamps)
        return "net.ipv4.tcp_timestamps is 0";
    if (config->options.reuse_sockets == LOAD_REUSE_YES)
        return NULL;
    if (facts->local_ports == 0)
        return "net.ipv4.ip_local_port_range cannot be read";
    if (facts->local_ports < FLOW_REUSE_PORTS_MIN)
        return "net.ipv4.ip_local_port_range has fewer than 16384 ports";
    if (facts->local_ports / FLOW_REUSE_PORTS_EACH_MIN < facts->connections)
        return "net.ipv4.ip_local_port_range has fewer than 16 ports for each connection in flight";
    return NULL;
}

/* True if a connection to this address leaves no traces in a socket. Otherwise it keeps the
 * interface of a scope, or stays IPv4 after an IPv4-mapped address (tcp_v6_connect in Linux's
 * net/ipv6/tcp_ipv6.c; tcp_disconnect undoes neither). */
static bool address_leaves_no_trace(const struct address *address)
{
    return address->sa.sa_family == AF_INET ||
           (address->v6.sin6_scope_id == 0 && !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr));
}

const char *flow_reuse_refusal_to(const struct sources *sources, const struct address *address)
{
    if (sources_apply_to(sources, address->sa.sa_family))
        return "--source or --source-ports binds them";
    if (!address_leaves_no_trace(address))
        return "a target is IPv4-mapped or has a scope, which they would keep";
    return NULL;
}
