/* How large the server makes itself, with the reasons. */
#include "base/fact.h"
#include "host/cpus.h"
#include "net/limits.h"
#include "server/server_state.h"
#include "server/sizing.h"
#include "server/tuning.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An "auto" setting follows from the hardware. */
static void server_settle(struct server *server, const char *option, uint64_t *setting,
                          struct sizing sizing)
{
    *setting = sizing.value;
    server->notes[option_row_find(&server_options, option)] = sizing.because;
}

/* Use the backlog in force: the kernel cuts it silently (listen(2)). */
static void server_cut_backlog(struct server *server, uint64_t holds, const char *because)
{
    char *note = server->backlog_note;

    if (holds >= server->config->backlog)
        return;
    if (server->backlog_requested)
        snprintf(note, sizeof(server->backlog_note), "cut from %" PRIu64 " by %s",
                 server->backlog_requested, because);
    else
        snprintf(note, sizeof(server->backlog_note), "auto: %s", because);
    server_settle(server, "backlog", &server->config->backlog, (struct sizing){holds, note});
}

/* Decide the number of workers: at least one for each listener that was passed, because a listener
 * that is closed loses who waits there. Returns 0, or -EINVAL with a failure. */
static int server_size_workers(struct server *server, struct failure *failure)
{
    struct server_config *config = server->config;
    uint32_t passed = server->passed.count;
    bool chosen = config->workers > 0;
    char line[128];

    if (passed > 0 && config->max_connections > 0 && passed > config->max_connections)
        return failure_set(failure, FAILURE_SYSTEM, -EINVAL,
                           "%u sockets were passed, each for a worker, but --max-connections is "
                           "%" PRIu64 "; raise it, or pass fewer",
                           passed, config->max_connections);
    server->workers_are_auto = !chosen;
    if (!chosen)
        server_settle(server, "workers", &config->workers,
                      sizing_workers(&server->hardware, config->max_connections));
    if (config->workers >= passed)
        return 0;
    if (chosen) {
        snprintf(line, sizeof(line),
                 "warning: workers=%u instead of %" PRIu64 ", one for each socket that was passed",
                 passed, config->workers);
        server_notice(server, line);
    }
    server_settle(server, "workers", &config->workers,
                  (struct sizing){passed, "auto: the sockets that were passed"});
    return 0;
}

/* Decide the size of the server. Returns 0, or -errno with a failure. */
int server_size(struct server *server, struct failure *failure)
{
    struct server_config *config = server->config;
    const struct hardware *hardware = &server->hardware;
    uint64_t reserved, wanted;
    struct sizing possible;
    int result = server_size_workers(server, failure);

    if (result < 0)
        return result;
    server->backlog_requested = config->backlog;
    if (config->backlog == 0)
        server_settle(server, "backlog", &config->backlog,
                      sizing_backlog(hardware, config->workers));
    if (fact_is_number(hardware->somaxconn))
        server_cut_backlog(server, hardware->somaxconn, "net.core.somaxconn");
    reserved = limits_descriptors_reserved(config->workers) + server_admin_descriptors(server) +
               server_reload_descriptors(server);
    possible = sizing_connections(hardware, reserved);
    wanted = config->max_connections ? config->max_connections : config->workers;
    if (wanted + reserved > hardware->descriptors)
        return failure_set(
            failure, FAILURE_SYSTEM, -EMFILE,
            "%" PRIu64 " connections with %" PRIu64 " workers need %" PRIu64
            " descriptors, but the hard limit is %u; raise it (ulimit -Hn, LimitNOFILE=) or "
            "lower --max-connections",
            wanted, config->workers, wanted + reserved, hardware->descriptors);
    if (possible.value < wanted) /* each worker needs at least one, even with little memory */
        possible.value = wanted;
    if (config->max_connections == 0)
        server_settle(server, "max-connections", &config->max_connections, possible);
    return 0;
}

static void server_tuned(void *context, const char *line)
{
    const struct server *server = context;

    server->args.line(server->args.context, SERVER_TUNED, line);
}

/* Detect the hardware and, if allowed, raise the kernel's limits. Returns 0, or -errno with a
 * failure. */
int server_find_hardware(struct server *server, struct failure *failure)
{
    const struct hardware_places places = {.root = "", .environment = getenv};
    const struct server_config *config = server->config;
    struct hardware *hardware = &server->hardware;
    struct cpus cpus = {0};
    char line[CPUS_LEFT_OUT_BYTES];
    int64_t descriptors;
    int result = cpus_request_keep(&config->cpus_request);

    if (result == 0)
        result = cpus_read(&cpus);
    hardware->cpus = result < 0 ? 0 : cpus.count;
    hardware_read(&places, (enum cpu_kind)config->cpu_kind, hardware);
    if (config->tune) {
        tuning_apply(hardware, "", config->print_config, server_tuned, server);
        hardware_read(&places, (enum cpu_kind)config->cpu_kind, hardware);
    }
    descriptors = limits_raise_descriptors();
    if (result < 0 || descriptors < 0) {
        result = result < 0 ? result : (int)descriptors;
        return failure_set(failure, FAILURE_SYSTEM, result,
                           "cannot read the CPUs or the descriptor limit: %s", strerror(-result));
    }
    hardware->descriptors = (uint32_t)descriptors;
    if (cpus_describe_left_out(&cpus, line))
        server_notice(server, line);
    return 0;
}

/* Use the backlog that the listener reports, and warn if it is less than requested. */
void server_report_backlog(struct server *server, uint32_t holds)
{
    char line[256];

    if (holds)
        server_cut_backlog(server, holds, "the kernel, as read back");
    if (server->config->backlog >= server->backlog_requested)
        return;
    snprintf(line, sizeof(line),
             "warning: --backlog %" PRIu64 " is cut to %" PRIu64
             " by the kernel; raise net.core.somaxconn, or lower --backlog",
             server->backlog_requested, server->config->backlog);
    server_notice(server, line);
}
