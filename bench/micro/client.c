#include "client.h"

#include "base/clock.h"
#include "base/pages.h"
#include "generator/flow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

struct client {
    struct load_config config;
    struct target target;
    struct sources sources; /* none: the kernel chooses */
    struct flow_settings settings;
    uint32_t concurrency;
    int wake_fd; /* never written to */
    struct engine *engine;
    struct flows flows;
    struct tally *tally;
};

/* Open what a client needs. Returns 0 or -errno. */
static int client_open(struct client *client, const struct client_args *args,
                       struct engine_failure *ret_failure)
{
    struct engine_args engine_args = {
        .connects = true, .listener_fd = -1, .sockets_max = args->sockets_max};
    int result;

    client->tally = pages_map(sizeof(*client->tally));
    client->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (!client->tally || client->wake_fd < 0)
        return client->tally ? -errno : -ENOMEM;
    engine_args.wake_fd = client->wake_fd;
    result = engine_open(args->class, &engine_args, &client->engine, ret_failure);
    if (result < 0)
        return result;
    return flows_init(&client->flows, &client->settings, client->engine, client->tally,
                      args->concurrency, 0, 1);
}

int client_new(const struct client_args *args, struct client **ret_client,
               char error[CLIENT_ERROR_BYTES])
{
    struct client *client = calloc(1, sizeof(*client));
    struct engine_failure failure = {.step = "allocation", .error = ENOMEM};
    int result;

    if (!client) {
        snprintf(error, CLIENT_ERROR_BYTES, "no memory for a client");
        return -ENOMEM;
    }
    client->config.options.timeout_ns = CLIENT_TIMEOUT_NS;
    client->config.options.expect.bytes = args->greeting_bytes;
    memcpy(client->config.options.expect.data, args->greeting, args->greeting_bytes);
    client->target = (struct target){.address = *args->address, .weight = 1};
    client->concurrency = args->concurrency;
    client->settings = (struct flow_settings){
        .config = &client->config, .targets = &client->target, .sources = &client->sources};
    result = client_open(client, args, &failure);
    if (result < 0) {
        snprintf(error, CLIENT_ERROR_BYTES, "no client with %s: %s: %s; %s", args->class->name,
                 failure.step, strerror(-result), failure.advice);
        client_free(client);
        return result;
    }
    *ret_client = client;
    return 0;
}

void client_free(struct client *client)
{
    flows_abandon(&client->flows);
    flows_release(&client->flows);
    engine_destroy(client->engine);
    if (client->wake_fd >= 0)
        close(client->wake_fd);
    pages_unmap(client->tally, sizeof(*client->tally));
    free(client);
}

uint64_t client_ended(const struct client *client)
{
    return client->tally->ok;
}

/* Report how the first failed connection failed. Returns -EIO. */
static int client_describe(const struct client *client, char error[CLIENT_ERROR_BYTES])
{
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        for (int kind = 0; kind < RESULT_COUNT; kind++) {
            uint64_t count = client->tally->failed[phase][kind];

            if (count == 0)
                continue;
            snprintf(error, CLIENT_ERROR_BYTES, "%" PRIu64 " of %" PRIu64 " connections: %s: %s",
                     count, client->tally->started, phase_name((enum phase)phase),
                     result_text((enum result)kind));
            return -EIO;
        }
    }
    return -EIO;
}

static void client_start(struct client *client)
{
    uint64_t now_ns = clock_now_ns();

    flow_start(&client->flows,
               &(struct flow_start){.measured = true, .intended_ns = now_ns, .now_ns = now_ns});
}

/* Wait for events, and let the flows handle them. Returns 0 or -errno. */
static int client_iteration(struct client *client, int64_t timeout_ns)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    int count = engine_wait(client->engine, timeout_ns, events);
    uint64_t now_ns = clock_now_ns();

    for (int i = 0; i < count; i++)
        flow_event(&client->flows, &events[i], now_ns);
    if (!engine_is_behind(client->engine))
        flows_expire(&client->flows, now_ns);
    return count < 0 ? count : 0;
}

/* Begin at most `count` connections before until_ns, and let all end. Like client_run. */
static int client_run_until(struct client *client, uint64_t count, uint64_t until_ns,
                            char error[CLIENT_ERROR_BYTES])
{
    uint64_t failed = 0;
    int result = 0;

    while (result == 0 && (count > 0 || flows_open(&client->flows) > 0)) {
        for (; count > 0 && flows_open(&client->flows) < client->concurrency; count--)
            client_start(client);
        if (flows_open(&client->flows) > 0) /* one that fails at once leaves nothing to wait for */
            result = client_iteration(client, (int64_t)CLIENT_TIMEOUT_NS);
        failed = client->tally->started - client->tally->ok - flows_open(&client->flows);
        if (failed > 0 || clock_now_ns() >= until_ns)
            count = 0;
    }
    if (result == 0)
        result = client_iteration(client, 0); /* submits the last closes */
    if (result < 0)
        snprintf(error, CLIENT_ERROR_BYTES, "the engine broke: %s", strerror(-result));
    else if (failed > 0)
        result = client_describe(client, error);
    return result;
}

int client_run(struct client *client, uint64_t count, char error[CLIENT_ERROR_BYTES])
{
    return client_run_until(client, count, UINT64_MAX, error);
}

int client_run_for(struct client *client, uint64_t time_ns, char error[CLIENT_ERROR_BYTES])
{
    return client_run_until(client, UINT64_MAX, clock_now_ns() + time_ns, error);
}
