#include "load/flow_socket.h"

#include "load/flow_reuse.h"

#include <errno.h>
#include <string.h>

static int flow_socket_family(const struct flows *flows, uint32_t lane)
{
    return flows->settings->targets[lane].address.sa.sa_family;
}

/* The turn of the next try: a flow begins a stride behind the one before, and goes on by one place
 * at a time, through all of them, as others may have taken those of this thread. */
static uint64_t flow_socket_turn(struct flows *flows, uint32_t lane, bool is_first)
{
    uint64_t *turn = &flows->source_turns[lane];

    *turn += is_first ? flows->source_stride : 1;
    return *turn - flows->source_stride;
}

int flow_socket_open(struct flows *flows, uint32_t lane, uint16_t *tries, enum result *ret_result)
{
    const struct sources *sources = flows->settings->sources;
    int family = flow_socket_family(flows, lane);
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
            sources_bind(sources, flow_socket_turn(flows, lane, (*tries)++ == 0), sock, family);
    while (flow_socket_may_try(flows, lane, *tries, result) && result != -EADDRNOTAVAIL);
    if (result == 0)
        return sock;
    *ret_result = result_of_bind(result);
    engine_close(flows->engine, sock, 0);
    return result;
}

bool flow_socket_may_try(const struct flows *flows, uint32_t lane, uint16_t tries, int error)
{
    const struct sources *sources = flows->settings->sources;
    int family = flow_socket_family(flows, lane);

    return (error == -EADDRNOTAVAIL || error == -EADDRINUSE) && sources_apply_to(sources, family) &&
           tries < sources_places(sources, family);
}

/* True if the two ends of a connection are one. */
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

int flow_socket_connect_error(const struct flows *flows, uint32_t lane, int sock)
{
    int error = engine_connect_error(flows->engine, sock);

    if (error == 0 && flows->settings->meets_itself[lane] && socket_met_itself(sock))
        error = -ECONNREFUSED;
    return error;
}

bool flow_socket_may_echo(const struct flows *flows, uint32_t lane)
{
    const struct load_config *config = flows->settings->config;

    return flows->settings->meets_itself[lane] &&
           (config->send.bytes > 0 || config->proxy_protocol != LOAD_PROXY_NONE);
}

/* True if the socket of a flow that ended well is as good as new. */
static bool flow_may_recycle(const struct flow_settings *settings, const struct address *address)
{
    return !settings->reuse_refusal && !flow_reuse_refusal_to(settings->sources, address);
}

void flow_socket_close(struct flows *flows, uint32_t lane, int sock, enum result result)
{
    const struct flow_settings *settings = flows->settings;
    const struct address *address = &settings->targets[lane].address;

    /* One that met itself must not keep the port of the service that is missing: TIME_WAIT would.
     */
    if (settings->config->close == LOAD_CLOSE_RST || result == RESULT_REFUSED)
        engine_close(flows->engine, sock, ENGINE_RESET);
    else if (result == RESULT_OK && flow_may_recycle(settings, address))
        socket_pool_give(&flows->pool, sock, address->sa.sa_family);
    else
        engine_close(flows->engine, sock, 0);
}
