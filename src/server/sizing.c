#include "server/sizing.h"

#include "server/config.h"

#include <sys/socket.h>

static void sizing_limit(struct sizing *sizing, uint64_t value, const char *because)
{
    if (value < sizing->value)
        *sizing = (struct sizing){value, because};
}

static uint64_t at_least_1(uint64_t value)
{
    return value ? value : 1;
}

struct sizing sizing_workers(const struct hardware *hardware, uint64_t connections_max)
{
    struct sizing sizing = {at_least_1(hardware->cpus), "auto: platform.cpus"};

    if (hardware->quota_millis != UINT64_MAX)
        sizing_limit(&sizing, at_least_1((hardware->quota_millis + 999) / 1000),
                     "auto: platform.cpu_quota");
    if (connections_max)
        sizing_limit(&sizing, connections_max, "auto: max-connections");
    return sizing;
}

struct sizing sizing_connections(const struct hardware *hardware, uint64_t reserved)
{
    struct sizing sizing = {SERVER_CONNECTIONS_MAX, "auto: the most there can be"};

    sizing_limit(&sizing, hardware->descriptors > reserved ? hardware->descriptors - reserved : 0,
                 "auto: platform.descriptors");
    if (hardware->memory_bytes)
        sizing_limit(&sizing, at_least_1(hardware->memory_bytes / 2 / SIZING_CONNECTION_BYTES),
                     "auto: half of platform.memory_bytes");
    return sizing;
}

struct sizing sizing_backlog(const struct hardware *hardware, uint64_t workers)
{
    struct sizing sizing = {hardware->somaxconn ? hardware->somaxconn : SOMAXCONN,
                            "auto: platform.somaxconn"};

    if (hardware->memory_bytes)
        sizing_limit(&sizing,
                     at_least_1(hardware->memory_bytes / 4 / SIZING_CONNECTION_BYTES / workers),
                     "auto: a quarter of platform.memory_bytes");
    return sizing;
}
