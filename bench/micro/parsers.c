/* Reading what users type: done once in a run, but in every start of the responder. */
#include "base/units.h"
#include "bench_pure.h"
#include "generator/config.h"
#include "generator/source.h"
#include "generator/target.h"
#include "net/address.h"
#include "server/config.h"

#include <stdlib.h>

#define TEXTS_MAX 4

/* Texts that a parser takes, and how it is called; `into` receives the result. */
struct parser {
    int (*parse)(const char *text, void *into);
    size_t into_bytes;
    const char *texts[TEXTS_MAX];
};

static int parse_duration(const char *text, void *into)
{
    return duration_parse(text, into);
}

static int parse_rate(const char *text, void *into)
{
    uint64_t *numbers = into;

    return rate_parse(text, &numbers[0], &numbers[1]);
}

static int parse_address(const char *text, void *into)
{
    bool has_port;

    return address_parse(text, into, &has_port);
}

static int parse_sources(const char *text, void *into)
{
    char error[OPTION_ERROR_BYTES];

    return sources_parse(into, text, error);
}

static int parse_target(const char *text, void *into)
{
    char error[OPTION_ERROR_BYTES];
    bool is_numeric;

    return target_parse(text, into, &is_numeric, error);
}

/* Each iteration reads one text, one after the other, round and round. */
static void parser_run(struct bench_state *state, const void *context)
{
    const struct parser *parser = context;
    void *into = malloc(parser->into_bytes);
    int result = 0;

    if (!into)
        bench_skip(state, "no memory for the result");
    while (bench_keep_running(state, TEXTS_MAX)) {
        for (int i = 0; i < TEXTS_MAX; i++) {
            result |= parser->parse(parser->texts[i], into);
            bench_use(into);
        }
    }
    if (result != 0)
        bench_fail(state, "a text was refused");
    free(into);
}

static const struct parser duration_parser = {
    .parse = parse_duration,
    .into_bytes = sizeof(uint64_t),
    .texts = {"0", "2s", "1.5ms", "123456789us"},
};
static const struct parser rate_parser = {
    .parse = parse_rate,
    .into_bytes = 2 * sizeof(uint64_t),
    .texts = {"500", "20k/s", "1.5M", "100/m"},
};
static const struct parser address_parser = {
    .parse = parse_address,
    .into_bytes = sizeof(struct address),
    .texts = {"127.0.0.1:1848", "::1", "[2001:db8:0:1::25]:8443", "255.255.255.255"},
};
static const struct parser source_parser = {
    .parse = parse_sources,
    .into_bytes = sizeof(struct sources),
    .texts = {"127.0.0.1", "10.0.0.0/16", "2001:db8::/64", "127.0.0.1,127.0.0.2,2001:db8::100/120"},
};
static const struct parser target_parser = {
    .parse = parse_target,
    .into_bytes = sizeof(struct target),
    .texts = {"localhost", "127.0.0.1:1848=3", "[::1]:1848", "hello.example:80"},
};

/* A whole command line, by the program's table of options. */
static void server_options_run(struct bench_state *state, const void *context)
{
    char program[] = "hello-server", quiet[] = "-q", engine[] = "--engine=epoll",
         close[] = "--close=swift", linger[] = "--linger-timeout=500ms",
         greeting[] = "--greeting=hello\\n", port[] = "1848";
    char *argv[] = {program, quiet, engine, close, linger, greeting, port, NULL};
    struct server_config *config = malloc(sizeof(*config));
    struct failure failure;
    int result = 0;

    (void)context;
    if (!config)
        bench_skip(state, "no memory for the configuration");
    while (bench_keep_running(state, 1))
        result |= server_config_read(config, sizeof(argv) / sizeof(argv[0]) - 1, argv, &failure);
    if (result != 0)
        bench_fail(state, failure.line);
    free(config);
}

static void load_options_run(struct bench_state *state, const void *context)
{
    char program[] = "hello-load", quiet[] = "-q", rate[] = "--rate=20k/s",
         duration[] = "--duration=10s", family[] = "--family=both", expect[] = "--expect=hello\\n",
         assertion[] = "--assert=p99<5ms", target[] = "localhost:1848";
    char *argv[] = {program, quiet, rate, duration, family, expect, assertion, target, NULL};
    struct load_config *config = malloc(sizeof(*config));
    struct failure failure;
    int result = 0;

    (void)context;
    if (!config)
        bench_skip(state, "no memory for the configuration");
    while (bench_keep_running(state, 1))
        result |= load_config_read(config, sizeof(argv) / sizeof(argv[0]) - 1, argv, &failure);
    if (result != 0)
        bench_fail(state, failure.line);
    free(config);
}

const struct bench parser_benches[] = {
    {.name = "parse_duration", .run = parser_run, .context = &duration_parser},
    {.name = "parse_rate", .run = parser_run, .context = &rate_parser},
    {.name = "parse_address", .run = parser_run, .context = &address_parser},
    {.name = "parse_sources", .run = parser_run, .context = &source_parser},
    {.name = "parse_target", .run = parser_run, .context = &target_parser},
    {.name = "options_server", .run = server_options_run},
    {.name = "options_load", .run = load_options_run},
    {.name = NULL},
};
