#include "load/flow_socket.h"

int flow_socket_open(struct flows *flows, uint32_t lane, enum result *ret_result)
{
    const struct sources *sources = flows->settings->sources;
    int family = flows->settings->targets[lane].address.sa.sa_family;
    int sock = engine_socket(flows->engine, family);
    int result;

    if (sock < 0) {
        *ret_result = result_of_error(sock, PHASE_CONNECT);
        return sock;
    }
    if (!sources_apply_to(sources, family))
        return sock;
    result = sources_bind(sources, flows->source_turns[lane], sock, family);
    flows->source_turns[lane] += flows->source_stride;
    if (result == 0)
        return sock;
    *ret_result = result_of_bind(result);
    engine_close(flows->engine, sock, 0);
    return result;
}

/* True if a socket keeps nothing of having been connected there. One that was keeps the interface
 * of a scope, and goes on to speak IPv4 after an IPv4-mapped address (tcp_v6_connect in Linux's
 * net/ipv6/tcp_ipv6.c; tcp_disconnect undoes neither). */
static bool address_leaves_no_trace(const struct address *address)
{
    return address->sa.sa_family == AF_INET ||
           (address->v6.sin6_scope_id == 0 && !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr));
}

/* True if the socket of a flow that ended well is as good as new. */
static bool flow_may_recycle(const struct flow_settings *settings, const struct address *address)
{
    const struct load_config *config = settings->config;

    return settings->recycles && !config->expect.any && config->expect.bytes <= FLOW_SHORT_BYTES &&
           config->send.bytes <= FLOW_SHORT_BYTES &&
           !sources_apply_to(settings->sources, address->sa.sa_family) &&
           address_leaves_no_trace(address);
}

void flow_socket_close(struct flows *flows, uint32_t lane, int sock, enum result result)
{
    const struct flow_settings *settings = flows->settings;
    const struct address *address = &settings->targets[lane].address;

    if (settings->config->close == LOAD_CLOSE_RST)
        engine_close(flows->engine, sock, ENGINE_RESET);
    else if (result == RESULT_OK && flow_may_recycle(settings, address))
        engine_recycle(flows->engine, sock, address->sa.sa_family);
    else
        engine_close(flows->engine, sock, 0);
}
