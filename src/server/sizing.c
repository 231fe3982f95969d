#include "server/sizing.h"

#include "base/fact.h"
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

/* How many fit into a part of the memory. */
static void sizing_limit_memory(struct sizing *sizing, const struct hardware *hardware,
                                uint64_t parts, const char *because)
{
    bool is_known = fact_is_number(hardware->memory_bytes);
    uint64_t memory_bytes = is_known ? hardware->memory_bytes : SIZING_MEMORY_BYTES;

    sizing_limit(sizing, at_least_1(memory_bytes / parts / SIZING_CONNECTION_BYTES),
                 is_known ? because
                          : "auto: platform.memory_bytes is unknown, 256 MiB are assumed");
}

struct sizing sizing_workers(const struct hardware *hardware, uint64_t connections_max)
{
    struct sizing sizing = {at_least_1(hardware->cpus), "auto: platform.cpus"};

    if (fact_is_number(hardware->quota_millis))
        sizing_limit(&sizing, at_least_1((hardware->quota_millis + 999) / 1000),
                     "auto: platform.cpu_quota");
    if (connections_max)
        sizing_limit(&sizing, connections_max, "auto: max-connections");
    return sizing;
}

struct sizing sizing_connections(const struct hardware *hardware, uint64_t reserved)
{
    struct sizing sizing = {SERVER_CONNECTIONS_MAX, "auto: the maximum"};

    sizing_limit(&sizing, hardware->descriptors > reserved ? hardware->descriptors - reserved : 0,
                 "auto: platform.descriptors");
    sizing_limit_memory(&sizing, hardware, 2, "auto: half of platform.memory_bytes");
    return sizing;
}

struct sizing sizing_backlog(const struct hardware *hardware, uint64_t workers)
{
    struct sizing sizing = {SOMAXCONN, "auto: platform.somaxconn is unknown"};

    if (fact_is_number(hardware->somaxconn))
        sizing = (struct sizing){at_least_1(hardware->somaxconn), "auto: platform.somaxconn"};
    sizing_limit_memory(&sizing, hardware, 4 * workers, "auto: a quarter of platform.memory_bytes");
    return sizing;
}
