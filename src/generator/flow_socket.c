#include "generator/flow_socket.h"

#include "generator/flow_reuse.h"

#include <errno.h>
#include <string.h>

static int flow_socket_family(const struct flows *flows, uint32_t target)
{
    return flows->settings->targets[target].address.sa.sa_family;
}

/* The turn of the next try. A flow begins a stride after the previous flow, then tries every place
 * in order, because other threads may use those of this thread. */
static uint64_t flow_socket_turn(struct flows *flows, uint32_t target, bool is_first)
{
    uint64_t *turn = &flows->source_turns[target];

    *turn += is_first ? flows->source_stride : 1;
    return *turn - flows->source_stride;
}

int flow_socket_open(struct flows *flows, uint32_t target, uint16_t *tries, enum result *ret_result)
{
    const struct sources *sources = flows->settings->sources;
    int family = flow_socket_family(flows, target);
    int sock = socket_pool_take(&flows->pool, family);
    int result;

    if (sock < 0) {
        *ret_result = result_of_error(sock, PHASE_CONNECT);
        return sock;
    }
    if (!sources_apply_to(sources, family))
        return sock;
    do
        result =
            sources_bind(sources, flow_socket_turn(flows, target, (*tries)++ == 0), sock, family);
    while (flow_socket_may_try(flows, target, *tries, result) && result != -EADDRNOTAVAIL);
    if (result == 0)
        return sock;
    *ret_result = result_of_bind(result);
    engine_close(flows->engine, sock, 0);
    return result;
}

bool flow_socket_may_try(const struct flows *flows, uint32_t target, uint16_t tries, int error)
{
    const struct sources *sources = flows->settings->sources;
    int family = flow_socket_family(flows, target);

    return (error == -EADDRNOTAVAIL || error == -EADDRINUSE) && sources_apply_to(sources, family) &&
           tries < sources_places(sources, family);
}

/* True if the socket is connected to itself. */
static bool socket_met_itself(int sock)
{
    struct address own, peer;
    socklen_t own_bytes = sizeof(own), peer_bytes = sizeof(peer);

    memset(&own, 0, sizeof(own));
    memset(&peer, 0, sizeof(peer));
    return getsockname(sock, &own.sa, &own_bytes) == 0 &&
           getpeername(sock, &peer.sa, &peer_bytes) == 0 &&
           memcmp((const char *)&own, (const char *)&peer, sizeof(own)) == 0;
}

int flow_socket_connect_error(const struct flows *flows, uint32_t target, int sock)
{
    int error = engine_connect_error(flows->engine, sock);

    if (error == 0 && flows->settings->meets_itself[target] && socket_met_itself(sock))
        error = -ECONNREFUSED;
    return error;
}

bool flow_socket_may_echo(const struct flows *flows, uint32_t target)
{
    const struct load_config *config = flows->settings->config;

    return flows->settings->meets_itself[target] &&
           (config->options.send.bytes > 0 || config->options.proxy_protocol != LOAD_PROXY_NONE);
}

/* True if the socket of a successful flow is like new. */
static bool flow_may_recycle(const struct flow_settings *settings, const struct address *address)
{
    return !settings->reuse_refusal && !flow_reuse_refusal_to(settings->sources, address);
}

void flow_socket_close(struct flows *flows, uint32_t target, int sock, enum result result)
{
    const struct flow_settings *settings = flows->settings;
    const struct address *address = &settings->targets[target].address;

    /* A socket that met itself must not hold the missing service's port in TIME_WAIT. */
    if (settings->config->options.close == LOAD_CLOSE_RST || result == RESULT_REFUSED)
        engine_close(flows->engine, sock, ENGINE_RESET);
    else if (result == RESULT_OK && flow_may_recycle(settings, address))
        socket_pool_give(&flows->pool, sock, address->sa.sa_family);
    else
        engine_close(flows->engine, sock, 0);
}
