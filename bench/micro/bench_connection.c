/* One connection from SYN to EOF, in one process: the responder in a thread and on a CPU of its
 * own, the generator's flows in this one, both on the same engine. The responder gets the settings
 * and the capacity that hello-server would give it. Every byte is compared, and at the end it must
 * have counted each connection as greeted.
 *
 * Counters, per connection except the first: connections_per_s, and for the server's and the
 * client's side CPU time (including kernel work for the other side: on loopback the sender also
 * does the receive processing), system calls and context switches. */
#include "base/clock.h"
#include "base/units.h"
#include "client.h"
#include "harness.h"
#include "host/cpus.h"
#include "net/limits.h"
#include "responder_thread.h"
#include "server/server.h"
#include "system_calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

/* At least this long, connections are made again to count system calls. */
#define COUNTING_NS (20 * NS_PER_MS)

/* More capacity than this changes nothing: even 100 000 connections/s leave half of it free, so
 * none must be freed early. */
#define CONNECTIONS_MAX (32u << 10)

#define LINGER_TIMEOUT_NS (5 * NS_PER_S)

/* Where the benchmarks run, the same for all. */
struct place {
    uint32_t sockets_max;
    uint32_t connections_max;     /* of the responder */
    int server_cpu;               /* -1: any */
    bool counts_calls;            /* system calls can be counted here */
    struct server_config *config; /* of the responder; has the longest greeting, and each benchmark
                                   * takes the first bytes of it */
};

/* The arguments, in the order of the table. */
enum { ENGINE, CLOSE, FAMILY, GREETING_BYTES, CONCURRENCY };

static const char *const closes[] = {
    [SERVER_CLOSE_LINGER] = "linger", [SERVER_CLOSE_SWIFT] = "swift"};
static const char *const families[] = {"ipv4", "ipv6"};
static const uint64_t sizes_bytes[] = {6, 1 << 10, 64 << 10};
static const uint64_t concurrencies[] = {1, 16, 256};

/* The two sides of a benchmark. */
struct pair {
    struct connection_settings settings;
    struct responder_thread *responder;
    struct client *client;
};

/* What the two sides have used so far. */
struct used {
    double client_cpu_us, server_cpu_us;
    double client_switches, server_switches;
};

static double cpu_us(clockid_t clock)
{
    return (double)clock_read_ns(clock) / (double)NS_PER_US;
}

static double switches(int who)
{
    struct rusage usage = {0};

    getrusage(who, &usage);
    return (double)usage.ru_nvcsw + (double)usage.ru_nivcsw;
}

/* This thread is the client, and all others together are the server: its worker, and the threads
 * that the kernel may start for it under io_uring. */
static struct used used_now(void)
{
    struct used used = {.client_cpu_us = cpu_us(CLOCK_THREAD_CPUTIME_ID),
                        .client_switches = switches(RUSAGE_THREAD)};

    used.server_cpu_us = cpu_us(CLOCK_PROCESS_CPUTIME_ID) - used.client_cpu_us;
    used.server_switches = switches(RUSAGE_SELF) - used.client_switches;
    return used;
}

static void used_report(struct bench_state *state, const struct used *before,
                        const struct used *after)
{
    bench_counter(state, "client_cpu_us", after->client_cpu_us - before->client_cpu_us,
                  BENCH_PER_ITERATION);
    bench_counter(state, "server_cpu_us", after->server_cpu_us - before->server_cpu_us,
                  BENCH_PER_ITERATION);
    bench_counter(state, "client_switches", after->client_switches - before->client_switches,
                  BENCH_PER_ITERATION);
    bench_counter(state, "server_switches", after->server_switches - before->server_switches,
                  BENCH_PER_ITERATION);
}

/* How long a responder keeps a connection after its client has gone: the FIN probe comes a little
 * later, and is part of the cost. So connections are made for this time before anything is
 * measured, and at least as long while system calls are counted. */
static uint64_t pair_settling_ns(const struct pair *pair)
{
    return pair->settings.linger ? pair->settings.leave_ns : 0;
}

/* Count the system calls of some more connections. Returns 0, or -errno with one line in error. */
static int system_calls_report(struct bench_state *state, const struct pair *pair,
                               char error[CLIENT_ERROR_BYTES])
{
    uint64_t client_calls = 0, server_calls = 0, count = client_ended(pair->client);
    struct system_calls calls;
    char problem[SYSTEM_CALLS_ERROR_BYTES] = "the counter cannot be read";
    int result = system_calls_begin(&calls, problem);

    if (result == 0) {
        int ran = client_run_for(pair->client, COUNTING_NS + pair_settling_ns(pair), error);

        result = system_calls_end(&calls, &client_calls, &server_calls);
        if (ran < 0)
            return ran;
    }
    if (result < 0) {
        snprintf(error, CLIENT_ERROR_BYTES, "cannot count system calls: %s", problem);
        return result;
    }
    count = client_ended(pair->client) - count;
    bench_counter(state, "client_calls", (double)client_calls / (double)count, BENCH_VALUE);
    bench_counter(state, "server_calls", (double)server_calls / (double)count, BENCH_VALUE);
    return 0;
}

/* Start both sides. Returns 0, or -errno with one line in error and nothing left running. */
static int pair_start(struct pair *pair, const struct bench_state *state, const struct place *place,
                      char error[CLIENT_ERROR_BYTES])
{
    const struct engine_class *class = engine_classes[bench_argument(state, ENGINE)];
    struct responder_thread_args server = {
        .class = class,
        .family = bench_argument(state, FAMILY) == 0 ? AF_INET : AF_INET6,
        .settings = &pair->settings,
        .connections_max = place->connections_max,
        .sockets_max = place->sockets_max,
        .cpu = place->server_cpu,
    };
    struct client_args client = {
        .class = class,
        .greeting = place->config->greeting.data,
        .greeting_bytes = (uint32_t)bench_argument(state, GREETING_BYTES),
        .concurrency = (uint32_t)bench_argument(state, CONCURRENCY),
        .sockets_max = place->sockets_max,
    };
    struct outcome_counts counts;
    int result;

    place->config->close = (unsigned)bench_argument(state, CLOSE);
    place->config->greeting.bytes = client.greeting_bytes;
    pair->settings = server_connection_settings(place->config);
    result = responder_thread_start(&server, &pair->responder, error);
    if (result < 0)
        return result;
    client.address = responder_thread_address(pair->responder);
    result = client_new(&client, &pair->client, error);
    if (result < 0)
        responder_thread_stop(pair->responder, &counts);
    return result;
}

/* End both sides. Fails the benchmark unless both saw the same, without errors. */
static void pair_end(struct pair *pair, struct bench_state *state)
{
    uint64_t ended = client_ended(pair->client);
    struct outcome_counts counts;
    char text[OUTCOME_TEXT_BYTES], line[OUTCOME_TEXT_BYTES + 80];
    int result = responder_thread_stop(pair->responder, &counts);

    client_free(pair->client);
    if (result == 0 && counts.accepted == ended && counts.outcomes[OUTCOME_GREETED] == ended)
        return;
    snprintf(line, sizeof(line),
             "%" PRIu64 " connections ended well, but the responder reports: %s", ended,
             outcome_counts_format(&counts, false, text));
    bench_fail(state, line);
}

static void connection_run(struct bench_state *state, const void *context)
{
    const struct place *place = context;
    uint64_t count = bench_iterations(state);
    char error[CLIENT_ERROR_BYTES] = "";
    struct used before, after;
    struct pair pair;
    int result = pair_start(&pair, state, place, error);

    if (result < 0) {
        bench_skip(state, error);
        return;
    }
    result = client_run_for(pair.client, pair_settling_ns(&pair), error);
    before = after = used_now();
    while (result == 0 && bench_keep_running(state, count)) {
        before = used_now();
        result = client_run(pair.client, count, error);
        after = used_now();
    }
    if (result == 0) {
        bench_counter(state, "connections_per_s", (double)count, BENCH_PER_SECOND);
        used_report(state, &before, &after);
    }
    if (result == 0 && place->counts_calls)
        result = system_calls_report(state, &pair, error);
    if (result < 0)
        bench_fail(state, error);
    pair_end(&pair, state);
}

static size_t engine_count(void)
{
    size_t count = 0;

    while (engine_classes[count])
        count++;
    return count;
}

/* Give each side its own CPU, if there are two. Returns 0 or -errno. */
static int place_choose_cpus(struct place *place)
{
    struct cpus cpus;
    char text[64] = "any";
    int result = cpus_read(&cpus);

    if (result == 0 && cpus.count > 1) {
        place->server_cpu = cpus.ids[cpus.count - 1];
        result = cpus_pin(cpus.ids[0]);
        snprintf(text, sizeof(text), "client on %u, server on %u", cpus.ids[0],
                 cpus.ids[cpus.count - 1]);
    }
    bench_fact("cpus", text);
    return result;
}

/* Find out whether system calls can be counted, and say so. */
static void place_try_counting(struct place *place)
{
    struct system_calls calls;
    char problem[SYSTEM_CALLS_ERROR_BYTES];
    char text[SYSTEM_CALLS_ERROR_BYTES + 16];
    uint64_t own, others;

    place->counts_calls = system_calls_begin(&calls, problem) == 0;
    if (place->counts_calls)
        system_calls_end(&calls, &own, &others);
    snprintf(text, sizeof(text), "not counted: %s", problem);
    bench_fact("system_calls", place->counts_calls ? "counted in a run of their own" : text);
}

/* Make the part of a configuration that all benchmarks share. No part of the greeting repeats, so
 * that none can be mistaken for another. Returns it (the caller must give it to free(3)), or
 * NULL. */
static struct server_config *config_new(void)
{
    struct server_config *config = calloc(1, sizeof(*config));

    if (!config)
        return NULL;
    config->linger_timeout_ns = LINGER_TIMEOUT_NS;
    for (uint32_t i = 0; i < OPTION_BYTES_MAX; i++)
        config->greeting.data[i] = (unsigned char)(i * UINT32_C(2654435761) >> 24);
    return config;
}

/* Give half of the descriptors to each side, and say how many connections that makes. */
static void place_share_out(struct place *place, uint32_t sockets_max)
{
    char text[32];

    place->sockets_max = sockets_max;
    place->connections_max = sockets_max / 2 < CONNECTIONS_MAX ? sockets_max / 2 : CONNECTIONS_MAX;
    snprintf(text, sizeof(text), "%" PRIu32, place->connections_max);
    bench_fact("connections_max", text);
}

int main(int argc, char **argv)
{
    struct place place = {.server_cpu = -1, .config = config_new()};
    const struct bench benches[] = {
        {.name = "connection",
         .run = connection_run,
         .context = &place,
         .waits = true,
         .arguments = {{.name = "engine", .words = engine_choices + 1, .count = engine_count()},
                       {.name = "close", .words = closes, .count = 2},
                       {.name = "family", .words = families, .count = 2},
                       {.name = "bytes", .numbers = sizes_bytes, .count = 3},
                       {.name = "concurrency", .numbers = concurrencies, .count = 3}}},
        {.name = NULL},
    };
    const struct bench *const tables[] = {benches, NULL};
    int64_t sockets_max = limits_raise_descriptors();
    int result = sockets_max < 0 ? (int)sockets_max : place_choose_cpus(&place);
    int code = 1;

    if (result < 0 || !place.config) {
        fprintf(stderr, "bench_connection: cannot read the CPUs or the descriptor limit: %s\n",
                strerror(result < 0 ? -result : ENOMEM));
    } else {
        place_share_out(&place, (uint32_t)sockets_max);
        place_try_counting(&place);
        code = bench_main(argc, argv, tables);
    }
    free(place.config);
    return code;
}
