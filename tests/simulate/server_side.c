/* The responder, in a world of clients. */
#include "base/clock.h"
#include "base/units.h"
#include "client.h"
#include "listener.h"
#include "option/option.h"
#include "server_book.h"
#include "sides.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX        160
#define GREETING_BYTES_MAX OPTION_BYTES_MAX

static struct {
    struct connection_settings settings; /* but for the greeting */
    struct server_config config;         /* of the greetings */
    struct option_bytes texts[ASKING_GREETINGS];
    struct greetings *greetings;
    struct listeners listeners;
    struct conditions conditions;
    struct server_book book;
    struct client clients[CLIENTS_MAX];
    unsigned client_count;
} one;

static void server_notice(void *context, const char *line)
{
    (void)context;
    world_trace("notice: %.100s", line);
}

/* The other greeting is in force, and it is said to the owner, or not. */
static void server_change_greeting(void *object, uint64_t times)
{
    unsigned greeting = !one.book.greeting;

    if (!one.greetings)
        return;
    if (greetings_replace(one.greetings, &one.texts[greeting]) < 0)
        world_fail("cannot change between two greetings");
    one.book.greeting = greeting;
    one.book.changed_ns = world_now_ns();
    world_trace("greeting %u from now on", greeting);
    if (one.book.engine && world_chance(700))
        sim_engine_wake(one.book.engine);
    if (times > 1)
        world_after(world_spread(MS, 2 * S), server_change_greeting, object, times - 1);
}

/* It changes in one of eight worlds; the others draw nothing for it. */
static void server_settle_changes(uint64_t seed)
{
    struct option_bytes *other = &one.texts[1];

    *other = one.texts[0];
    if (seed % 8 != 0)
        return;
    other->bytes = (uint32_t)world_spread(1, world_chance(500) ? GREETING_BYTES_MAX : 4000);
    for (uint32_t i = 0; i < other->bytes; i++)
        other->data[i] = (unsigned char)('A' + (i * 5 + i / 26) % 26);
    world_after(world_spread(MS, 10 * S), server_change_greeting, NULL, world_spread(1, 50));
}

static void server_settle_settings(uint64_t seed, bool asks)
{
    static const uint64_t lingers_ns[] = {2 * S, 2 * S, 100 * MS, 500 * MS, 10 * S, MS};
    uint64_t linger_ns = lingers_ns[world_below(6)], probe_ns = linger_ns / 10;
    uint64_t leave_ns = probe_ns >= CONNECTION_LEAVE_NS ? CONNECTION_LEAVE_NS : 0;
    uint32_t bytes = 6;

    if (world_chance(400))
        bytes = (uint32_t)world_spread(1, world_chance(500) ? GREETING_BYTES_MAX : 4000);
    for (uint32_t i = 0; i < bytes; i++)
        one.texts[0].data[i] = (unsigned char)('a' + (i * 7 + i / 26) % 26);
    one.texts[0].bytes = world_chance(20) ? 0 : bytes;
    one.settings = (struct connection_settings){
        .linger_timeout_ns = linger_ns,
        .leave_ns = leave_ns,
        .leave_slack_ns = leave_ns > 0 ? probe_ns - leave_ns : 0,
    };
    server_settle_changes(seed);
    memset(&one.config, 0, sizeof(one.config));
    asking_begin(&one.config, one.texts, asks);
    one.config.greeting = one.texts[0];
    one.settings.request = asking_request();
    one.settings.linger = asks || world_chance(700);
    one.settings.delivery_timeout_ns = world_spread(S, 300 * S);
    if (one.settings.leave_slack_ns > CONNECTION_LEAVE_NS)
        one.settings.leave_slack_ns = CONNECTION_LEAVE_NS;
}

static void server_settle_mood(void)
{
    struct world_mood *mood = world_mood();

    one.book.calm = world_chance(300);
    mood->backlogs = world_chance(500) ? (unsigned)world_below(500) : 0;
    if (one.book.calm)
        return;
    mood->faults = world_chance(600) ? (unsigned)world_spread(1, 100) : 0;
    mood->stalls = world_chance(300) ? (unsigned)world_spread(1, 20) : 0;
    mood->loss = world_chance(500) ? (unsigned)world_spread(1, 300) : 0;
    mood->breaks = world_chance(50) ? (unsigned)world_spread(50, 5000) : 0;
}

/* Scarcity comes, and goes again after a while. */
static void server_lacks_memory(void *object, uint64_t begins)
{
    if (one.book.engine)
        sim_engine_lacks_memory(one.book.engine, begins);
    if (begins)
        world_after(world_spread(MS, 8 * S), server_lacks_memory, object, 0);
}

static void server_lacks_descriptors(void *object, uint64_t begins)
{
    if (one.book.engine)
        sim_engine_lacks_descriptors(one.book.engine, begins);
    if (begins)
        world_after(world_spread(MS, 8 * S), server_lacks_descriptors, object, 0);
}

static void server_stop(void *object, uint64_t time_ns)
{
    (void)object;
    if (one.book.deadline_ns == 0) {
        one.book.stopped_ns = world_now_ns();
        if (listener_is_open())
            listeners_refuse_new(&one.listeners);
        world_after(world_spread(MS, 20 * S), server_stop, NULL, 0);
        one.book.deadline_ns = world_now_ns() + time_ns;
    } else if (one.book.deadline_ns > world_now_ns()) {
        one.book.deadline_ns = world_now_ns(); /* the second signal: at once */
    } else {
        return;
    }
    world_trace("a stop, until %.6f s", (double)one.book.deadline_ns / 1e9);
    if (one.book.engine)
        sim_engine_wake(one.book.engine);
}

/* Clients come for a while, or go on to come while the responder stops. */
static void server_invite(uint64_t stop_ns)
{
    bool is_rush = world_chance(300);
    uint64_t crowd_ns = world_spread(MS, 20 * S);
    unsigned kinds = 1 + (unsigned)world_below(CLIENT_TEMPER_COUNT);
    unsigned first = (unsigned)world_below(CLIENT_TEMPER_COUNT);

    one.client_count = (unsigned)world_spread(1, CLIENTS_MAX);
    for (unsigned i = 0; i < one.client_count; i++) {
        struct tcp_path path = {.delay_ns = world_spread(5000, 200 * MS),
                                .loss = world_mood()->loss};
        unsigned kind = first + (unsigned)world_below(kinds);
        enum client_temper temper = (enum client_temper)(kind % CLIENT_TEMPER_COUNT);
        uint64_t after_ns =
            is_rush && world_chance(500) ? stop_ns + world_below(2 * S) : world_below(crowd_ns);

        path.mute = temper == CLIENT_MUTE;
        if (temper == CLIENT_CUT_OFF) {
            path.outage_from_ns = world_now_ns() + after_ns + world_spread(MS, S);
            path.outage_to_ns = path.outage_from_ns + world_spread(MS, 60 * S);
        }
        client_begin(&one.clients[i], i + 1, temper, &path, after_ns);
    }
}

static bool server_is_full(void)
{
    return outcome_counts_open(one.book.counts) >= one.book.connections_max;
}

/* Make the world: who comes, what runs short when, and when it ends. */
static void server_begin(uint64_t seed, bool asks)
{
    uint64_t stop_ns = world_spread(MS, world_chance(300) ? 200 * S : 20 * S);
    uint64_t patience_ns = world_spread(MS, 60 * S);
    struct listener_faults faults = {0};

    memset(&one.book, 0, sizeof(one.book));
    server_settle_settings(seed, asks);
    server_settle_mood();
    one.book.settings = &one.settings;
    one.book.connections_max = (uint32_t)world_spread(1, 64);
    one.book.blind = world_chance(100);
    faults.is_blind = one.book.blind;
    faults.cannot_refuse = world_chance(250);
    faults.is_full = server_is_full;
    faults.is_shared = one.book.shared = world_chance(200);
    listener_begin((uint32_t)world_spread(1, 256), faults);
    server_invite(stop_ns);
    if (!one.book.calm && world_chance(400))
        world_after(world_spread(MS, 10 * S), server_lacks_memory, NULL, 1);
    if (!one.book.calm && world_chance(400))
        world_after(world_spread(MS, 10 * S), server_lacks_descriptors, NULL, 1);
    world_after(stop_ns, server_stop, NULL, patience_ns);
}

static void server_open_listener(void)
{
    const int passed_fd = listener_passed();
    struct listeners_args args = {.address.v4 = {.sin_family = AF_INET, .sin_port = 1848},
                                  .count = 1,
                                  .backlog = 256,
                                  .passed_fds = &passed_fd,
                                  .passed_count = one.book.shared,
                                  .managed_count = one.book.shared,
                                  .stop_fd = -1,
                                  .notice = server_notice};
    struct failure failure;

    if (listeners_open(&one.listeners, &args, &failure) < 0)
        world_fail("cannot listen: %s", failure.line);
}

static uint64_t server_run(const char *side, uint64_t seed, bool asks, bool verbose)
{
    struct responder_args args = {0};
    struct responder *responder;
    struct engine *engine;
    int result;

    world_begin(side, seed, verbose);
    server_begin(seed, asks);
    one.greetings = greetings_new(&one.config, &one.settings);
    if (!one.greetings)
        world_fail("no memory");
    server_open_listener();
    conditions_init(&one.conditions, server_notice, NULL);
    args = (struct responder_args){.listeners = &one.listeners,
                                   .listener_fd = one.listeners.fds[0],
                                   .connections_max = one.book.connections_max,
                                   .greetings = one.greetings,
                                   .conditions = &one.conditions};
    responder = responder_new(&args);
    engine = one.book.engine = sim_engine_new(&server_watch);
    one.book.counts = responder_counts(responder);
    server_book_open(&one.book);
    if (responder_job.prepare(responder, one.book.engine) < 0)
        world_fail("cannot prepare");
    while ((result = responder_job.run(responder, (const struct worker *)&one.book.deadline_ns)) <
           0) {
        if (!sim_engine_is_broken(one.book.engine))
            world_fail("ends with %d", result);
        sim_engine_renew(one.book.engine);
        responder_job.renew(responder, one.book.engine);
    }
    world_trace("the responder ends");
    server_book_balance(&one.book);
    engine_destroy(one.book.engine);
    one.book.engine = NULL;
    responder_job.release(responder);
    free(responder);
    greetings_free(one.greetings);
    one.greetings = NULL;
    listeners_close(&one.listeners);
    conditions_release(&one.conditions);
    world_run_for(100000 * S);
    if (world_next_ns() != UINT64_MAX)
        world_fail("the world does not come to rest");
    for (unsigned i = 0; i < one.client_count; i++)
        server_book_judge(&one.book, &one.clients[i]);
    tcp_free_all();
    sim_engine_free(engine);
    return world_end();
}

uint64_t server_simulate(uint64_t seed, bool verbose)
{
    return server_run("server", seed, false, verbose);
}

uint64_t asked_server_simulate(uint64_t seed, bool verbose)
{
    return server_run("asked", seed, true, verbose);
}
