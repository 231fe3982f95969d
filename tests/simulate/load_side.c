/* The generator, in a world of services. */
#include "listener.h"
#include "load_book.h"
#include "sides.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

static struct {
    struct load_config config;
    struct target targets[LANES_MAX];
    struct sources sources;
    struct flow_settings settings;
    struct generator_args args;
    struct load_book book;
} one;

/* How much, how long. */
static void load_settle_rate(void)
{
    struct load_config *config = &one.config;

    config->options.timeout_ns = world_spread(10 * MS, 30 * S);
    config->options.connect_timeout_ns =
        world_chance(300) ? world_spread(MS, config->options.timeout_ns) : 0;
    config->options.warmup_ns = world_chance(300) ? world_spread(MS, S) : 0;
    config->options.ramp_ns = world_chance(200) ? world_spread(MS, 2 * S) : 0;
    if (world_chance(500)) {
        config->options.rate =
            (struct option_rate){.starts = world_spread(1, 3000), .period_ns = S};
        config->options.arrivals = world_chance(300) ? LOAD_POISSON : LOAD_CONSTANT;
    }
    if (world_chance(300))
        config->options.count = world_spread(1, 300);
    if (config->options.count == 0 || world_chance(200))
        config->options.duration_ns = world_spread(MS, 2 * S);
}

static void load_settle_bytes(void)
{
    struct load_config *config = &one.config;

    config->options.expect.any = world_chance(100);
    config->options.expect.bytes = world_chance(700) ? 6 : (uint32_t)world_spread(1, 20000);
    if (config->options.expect.any || world_chance(30))
        config->options.expect.bytes = 0;
    for (uint32_t i = 0; i < config->options.expect.bytes; i++)
        config->options.expect.data[i] = (unsigned char)('a' + (i * 11 + i / 26) % 26);
    config->options.send.bytes = world_chance(300) ? (uint32_t)world_spread(1, 5000) : 0;
    memset(config->options.send.data, '?', config->options.send.bytes);
    config->options.close = world_chance(150) ? LOAD_CLOSE_RST : LOAD_CLOSE_FIN;
}

static void load_settle_mood(void)
{
    struct world_mood *mood = world_mood();

    mood->backlogs = world_chance(500) ? (unsigned)world_below(500) : 0;
    if (world_chance(300))
        return;
    mood->faults = world_chance(500) ? (unsigned)world_spread(1, 60) : 0;
    mood->stalls = world_chance(200) ? (unsigned)world_spread(1, 20) : 0;
    mood->loss = world_chance(300) ? (unsigned)world_spread(1, 200) : 0;
    mood->breaks = world_chance(50) ? (unsigned)world_spread(50, 5000) : 0;
}

static void load_stop(void *object, uint64_t time_ns)
{
    struct engine *engine = object;

    if (!one.book.engine)
        return; /* it has ended */
    one.book.stopped_ns = world_now_ns();
    one.book.deadline_ns = world_now_ns() + time_ns;
    world_trace("a stop, until %.6f s", (double)one.book.deadline_ns / 1e9);
    sim_engine_wake(engine);
}

static void load_lacks_descriptors(void *object, uint64_t begins)
{
    if (!one.book.engine)
        return;
    sim_engine_lacks_descriptors(object, begins);
    if (begins)
        world_after(world_spread(MS, S), load_lacks_descriptors, object, 0);
}

static void load_settle_targets(void)
{
    one.args.target_count = (uint32_t)world_between(1, LANES_MAX);
    memset(one.targets, 0, sizeof(one.targets));
    for (uint32_t i = 0; i < one.args.target_count; i++) {
        one.targets[i].weight = (uint32_t)world_between(1, 4);
        one.targets[i].address.v4 = (struct sockaddr_in){
            .sin_family = AF_INET,
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
            .sin_port = htons((uint16_t)(TARGET_PORT + i)),
        };
    }
}

static void load_begin(void)
{
    memset(&one.config, 0, sizeof(one.config));
    memset(&one.args, 0, sizeof(one.args));
    memset(&one.book, 0, sizeof(one.book));
    one.config.options.proxy_protocol = LOAD_PROXY_NONE;
    load_settle_rate();
    load_settle_bytes();
    load_settle_mood();
    load_settle_targets();
    one.settings = (struct flow_settings){
        .config = &one.config,
        .targets = one.targets,
        .sources = &one.sources,
        .rests = one.config.options.rate.starts == 0,
        .reuse_refusal = world_chance(500) ? "--reuse-sockets is no" : NULL,
    };
    one.args.settings = &one.settings;
    one.args.threads = (uint32_t)world_spread(1, 4);
    one.args.thread = (uint32_t)world_below(one.args.threads);
    one.args.seed = world_between(1, 1000);
    one.args.flows_max = (uint32_t)world_spread(1, 64);
    one.args.count = one.config.options.count ? one.config.options.count : UINT64_MAX;
    one.args.duration_ns = one.config.options.duration_ns
                               ? one.config.options.warmup_ns + one.config.options.duration_ns
                               : UINT64_MAX;
    one.args.start_ns = world_now_ns() - world_below(MS);
    one.book.config = &one.config;
    one.book.args = &one.args;
    one.book.path =
        (struct tcp_path){.delay_ns = world_spread(5000, 100 * MS), .loss = world_mood()->loss};
    one.book.first_temper = (unsigned)world_below(SERVICE_TEMPER_COUNT);
    one.book.tempers = 1 + (unsigned)world_below(SERVICE_TEMPER_COUNT);
    listener_begin(0, (struct listener_faults){0});
}

uint64_t load_simulate(uint64_t seed, bool verbose)
{
    struct generator *generator;
    struct engine *engine;
    uint64_t patience_ns;
    int result;

    world_begin("load", seed, verbose);
    load_begin();
    generator = generator_new(&one.args);
    engine = one.book.engine = sim_engine_new(&load_watch);
    one.book.generator = generator;
    load_book_open(&one.book);
    patience_ns = world_spread(MS, 5 * S);
    if (world_chance(300))
        world_after(world_spread(MS, 3 * S), load_stop, engine, patience_ns);
    if (world_mood()->faults > 0 && world_chance(300))
        world_after(world_spread(MS, S), load_lacks_descriptors, engine, 1);
    if (generator_job.prepare(generator, engine) < 0)
        world_fail("cannot prepare");
    result = generator_job.run(generator, (const struct worker *)&one.book.deadline_ns);
    world_trace("the generator ends: %d", result);
    if ((result < 0) != sim_engine_is_broken(engine))
        world_fail("ends with %d", result);
    load_book_balance(&one.book);
    one.book.engine = NULL;
    engine_destroy(engine);
    generator_job.release(generator);
    generator_free(generator);
    load_book_close(&one.book);
    tcp_free_all();
    sim_engine_free(engine);
    return world_end();
}
