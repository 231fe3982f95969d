#include "load/config.h"

#include "base/cpus.h"
#include "base/units.h"
#include "engine/engine.h"
#include "load/assertion.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define DAY_NS (24 * 3600 * NS_PER_S)

static const char *const auto_choice[] = {"auto", NULL};
static const char *const any_choice[] = {"any", NULL};
static const char *const arrivals_choices[] = {"constant", "poisson", NULL};
static const char *const family_choices[] = {"any", "ipv4", "ipv6", "both", NULL};
static const char *const close_choices[] = {"fin", "rst", NULL};
static const char *const proxy_choices[] = {"none", "v1", "v2", NULL};

#define FIELD(name) offsetof(struct load_config, name)

static const struct option_row load_rows[] = {
    {.argument = "HOST[:PORT][=WEIGHT]",
     .kind = &option_texts,
     .offset = FIELD(targets),
     .environment = "",
     .help = "whom to connect to, in turn if there are several: a name, an address or [V6]:PORT; "
             "port 1848 unless given; with weight 3 it gets 3 times as many connections"},
    {.heading = "Load",
     .long_name = "connections",
     .short_name = 'c',
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(connections),
     .default_text = "auto",
     .min = 1,
     .max = LOAD_CONNECTIONS_MAX,
     .choices = auto_choice,
     .help = "connections in flight, over all threads; with --rate, at most so many",
     .default_help = "auto: 64, or with --rate as many as needed up to 16384"},
    {.long_name = "rate",
     .short_name = 'r',
     .argument = "RATE",
     .kind = &option_rate,
     .offset = FIELD(rate),
     .max = LOAD_RATE_MAX,
     .help = "start so many connections per second, minute or hour, however fast they end: 500, "
             "20k/s, 100/m",
     .default_help = "none: as fast as they end"},
    {.long_name = "arrivals",
     .argument = "HOW",
     .kind = &option_choice,
     .offset = FIELD(arrivals),
     .default_text = "constant",
     .choices = arrivals_choices,
     .help = "constant: --rate in even steps; poisson: at random, as independent clients come"},
    {.long_name = "duration",
     .short_name = 'd',
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(duration_ns),
     .min = NS_PER_MS,
     .max = 30 * DAY_NS,
     .help = "how long to measure, after the warm-up",
     .default_help = "5s, unless a count is given"},
    {.long_name = "count",
     .short_name = 'n',
     .argument = "COUNT",
     .kind = &option_count,
     .offset = FIELD(count),
     .min = 1,
     .max = UINT64_C(1000000000000),
     .help = "how many connections to measure, after the warm-up"},
    {.long_name = "warmup",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(warmup_ns),
     .default_text = "0s",
     .max = DAY_NS,
     .help = "load the service for so long before anything is measured"},
    {.long_name = "ramp",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(ramp_ns),
     .default_text = "0s",
     .max = DAY_NS,
     .help = "raise the load evenly from nothing, for so long from the start of the run"},
    {.heading = "Connections",
     .long_name = "ipv4",
     .short_name = '4',
     .kind = &option_switch,
     .offset = FIELD(ipv4),
     .help = "short for --family ipv4"},
    {.long_name = "ipv6",
     .short_name = '6',
     .kind = &option_switch,
     .offset = FIELD(ipv6),
     .help = "short for --family ipv6"},
    {.long_name = "family",
     .argument = "FAMILY",
     .kind = &option_choice,
     .offset = FIELD(family),
     .default_text = "any",
     .choices = family_choices,
     .help = "which address of a name: any (the one the system prefers), ipv4, ipv6, or both side "
             "by side"},
    {.long_name = "source",
     .argument = "ADDR[/BITS][,...]",
     .kind = &option_text,
     .offset = FIELD(source),
     .help = "local addresses to connect from, in turn",
     .default_help = "the kernel's choice"},
    {.long_name = "source-ports",
     .argument = "LOW-HIGH",
     .kind = &option_ports,
     .offset = FIELD(source_ports),
     .help = "local ports to connect from",
     .default_help = "the kernel's choice"},
    {.long_name = "proxy-protocol",
     .argument = "VERSION",
     .kind = &option_choice,
     .offset = FIELD(proxy_protocol),
     .default_text = "none",
     .choices = proxy_choices,
     .help = "v1 or v2: begin with the PROXY header that a proxy would send"},
    {.long_name = "send",
     .argument = "TEXT|@FILE",
     .kind = &option_bytes,
     .offset = FIELD(send),
     .takes_file = true,
     .help = "speak first: a text that knows \\n \\r \\t \\\\ \\xHH, or what the file holds",
     .default_help = "nothing"},
    {.long_name = "expect",
     .argument = "TEXT|@FILE|any",
     .kind = &option_bytes,
     .offset = FIELD(expect),
     .default_text = "hello\\n",
     .choices = any_choice,
     .takes_file = true,
     .help = "what the service must say, to the byte, before it closes; any: whatever it says"},
    {.long_name = "close",
     .argument = "HOW",
     .kind = &option_choice,
     .offset = FIELD(close),
     .default_text = "fin",
     .choices = close_choices,
     .help = "how to close once the service has: fin: in order; rst: by a reset, which leaves no "
             "TIME_WAIT behind"},
    {.long_name = "connect-timeout",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(connect_timeout_ns),
     .min = NS_PER_MS,
     .max = 3600 * NS_PER_S,
     .help = "how long the handshake may take",
     .default_help = "that of --timeout"},
    {.long_name = "timeout",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(timeout_ns),
     .default_text = "10s",
     .min = NS_PER_MS,
     .max = 3600 * NS_PER_S,
     .help = "how long a connection may take, from start to EOF"},
    {.heading = "Generator",
     .long_name = "threads",
     .short_name = 't',
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(threads),
     .default_text = "1",
     .min = 1,
     .max = CPUS_MAX,
     .choices = auto_choice,
     .help = "threads, each with its own CPU and engine; auto: one for each CPU"},
    {.long_name = "engine",
     .short_name = 'e',
     .argument = "NAME",
     .kind = &option_choice,
     .offset = FIELD(engine),
     .default_text = "auto",
     .choices = engine_choices,
     .help = "auto, uring or epoll; auto takes the first that works here"},
    {.heading = "Result",
     .long_name = "assert",
     .argument = "EXPRESSION",
     .kind = &option_texts,
     .offset = FIELD(assertions),
     .environment = "HELLO_ASSERT",
     .help = "what must hold, such as 'p99<5ms', 'errors==0' or 'rate>=20k/s'; may be given again"},
    {.long_name = "json",
     .kind = &option_switch,
     .offset = FIELD(json),
     .help = "print the result as one JSON document"},
    {.long_name = "csv",
     .kind = &option_switch,
     .offset = FIELD(csv),
     .help = "print what happened in each second as CSV"},
    {.long_name = "hlog",
     .argument = "FILE",
     .kind = &option_text,
     .offset = FIELD(hlog),
     .help = "write the histograms to a file that the tools of HdrHistogram read"},
    {.long_name = "no-live",
     .kind = &option_switch,
     .offset = FIELD(no_live),
     .help = "show no progress on the terminal"},
    {.long_name = "quiet",
     .short_name = 'q',
     .kind = &option_switch,
     .offset = FIELD(quiet),
     .help = "print the final line and errors only"},
    {.heading = "Other",
     .long_name = "help",
     .short_name = 'h',
     .kind = &option_switch,
     .offset = FIELD(help),
     .environment = "",
     .help = "print this help, and exit"},
    {.long_name = "version",
     .short_name = 'V',
     .kind = &option_switch,
     .offset = FIELD(version),
     .environment = "",
     .help = "print the version, and exit"},
};

const struct option_table load_options = {
    .program = "hello-load",
    .summary = "Measures how many TCP connections per second a service takes, and how long each "
               "phase lasts",
    .usage = "[OPTIONS] HOST[:PORT][=WEIGHT] ...",
    .rows = load_rows,
    .row_count = sizeof(load_rows) / sizeof(load_rows[0]),
    .footer =
        "Each connection is opened, read to EOF, compared byte for byte, and closed.\n"
        "Exit codes: 0 done, 1 it could not run, 2 wrong usage, 3 a connection failed, none ended\n"
        "well, or an assertion does not hold.\n"
        "\n"
        "Examples:\n"
        "  hello-load -c 128 -d 10s '[::1]:1848'\n"
        "  hello-load --rate 10k/s --warmup 2s --assert 'p99<5ms' greeter.example:7000\n"
        "  hello-load --family both --json localhost >result.json\n",
};

static enum option_source source_of(const enum option_source *sources, const char *name)
{
    return sources[option_row_find(&load_options, name)];
}

static int contradiction(char error[OPTION_ERROR_BYTES], const char *one, const char *other)
{
    snprintf(error, OPTION_ERROR_BYTES, "%s and %s contradict; give one of them", one, other);
    return -EINVAL;
}

/* -4, -6 and --family say the same thing; what was said most directly holds. */
static int settle_family(struct load_config *config, const enum option_source *sources,
                         char error[OPTION_ERROR_BYTES])
{
    enum option_source family = source_of(sources, "family");
    enum option_source ipv4 = config->ipv4 ? source_of(sources, "ipv4") : OPTION_FROM_DEFAULT;
    enum option_source ipv6 = config->ipv6 ? source_of(sources, "ipv6") : OPTION_FROM_DEFAULT;

    config->ipv4 = config->ipv4 && ipv4 >= ipv6 && ipv4 >= family;
    config->ipv6 = config->ipv6 && ipv6 >= ipv4 && ipv6 >= family;
    if (config->ipv4 && config->ipv6)
        return contradiction(error, "--ipv4", "--ipv6");
    if (config->ipv4 && ipv4 == family && config->family != LOAD_FAMILY_IPV4)
        return contradiction(error, "--ipv4", "--family");
    if (config->ipv6 && ipv6 == family && config->family != LOAD_FAMILY_IPV6)
        return contradiction(error, "--ipv6", "--family");
    if (config->ipv4)
        config->family = LOAD_FAMILY_IPV4;
    if (config->ipv6)
        config->family = LOAD_FAMILY_IPV6;
    return 0;
}

/* Of two options that exclude each other, the one on the command line wins over the environment. */
static int settle_exclusions(struct load_config *config, const enum option_source *sources,
                             char error[OPTION_ERROR_BYTES])
{
    enum option_source count = source_of(sources, "count");
    enum option_source duration = source_of(sources, "duration");
    enum option_source json = source_of(sources, "json");
    enum option_source csv = source_of(sources, "csv");

    if (config->count && config->duration_ns && count == duration)
        return contradiction(error, "--count", "--duration");
    if (count < duration)
        config->count = 0;
    else if (duration < count)
        config->duration_ns = 0;
    if (!config->count && !config->duration_ns)
        config->duration_ns = LOAD_DURATION_NS;

    if (config->json && config->csv && json == csv)
        return contradiction(error, "--json", "--csv");
    if (config->json && config->csv) {
        config->json = json > csv;
        config->csv = csv > json;
    }
    return 0;
}

static int check_times(const struct load_config *config, char error[OPTION_ERROR_BYTES])
{
    char one[UNITS_TEXT_BYTES], other[UNITS_TEXT_BYTES];
    uint64_t run_ns = config->warmup_ns + config->duration_ns;

    if (config->connect_timeout_ns > config->timeout_ns) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--connect-timeout '%s' is longer than --timeout '%s', which counts from the same "
                 "start; raise that, or lower this",
                 duration_format(config->connect_timeout_ns, one),
                 duration_format(config->timeout_ns, other));
        return -EINVAL;
    }
    if (config->duration_ns && config->ramp_ns > run_ns) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--ramp '%s' is longer than --warmup and --duration together, '%s'; shorten it, "
                 "or let the run last longer",
                 duration_format(config->ramp_ns, one), duration_format(run_ns, other));
        return -EINVAL;
    }
    return 0;
}

static int check_load(const struct load_config *config, char error[OPTION_ERROR_BYTES])
{
    if (config->arrivals == LOAD_POISSON && !config->rate.starts) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--arrivals 'poisson' needs a rate; add --rate, such as --rate 500/s");
        return -EINVAL;
    }
    if (config->connections && config->threads > config->connections) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--threads '%" PRIu64 "' is more than --connections '%" PRIu64
                 "'; each thread needs at least one",
                 config->threads, config->connections);
        return -EINVAL;
    }
    return 0;
}

static int check_assertions(const struct load_config *config, char error[OPTION_ERROR_BYTES])
{
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < config->assertions.count; i++)
        result = assertion_check(config->assertions.items[i], error);
    return result;
}

int load_config_read(struct load_config *config, int argc, char *const argv[],
                     char error[OPTION_ERROR_BYTES])
{
    enum option_source sources[OPTION_ROWS_MAX];
    int result = option_parse(&load_options, argc, argv, config, sources, error);

    if (result < 0 || config->help || config->version)
        return result;
    if (config->targets.count == 0) {
        snprintf(error, OPTION_ERROR_BYTES, "no HOST given; say whom to connect to, see --help");
        return -EINVAL;
    }
    result = settle_family(config, sources, error);
    if (result == 0)
        result = settle_exclusions(config, sources, error);
    if (result == 0)
        result = check_times(config, error);
    if (result == 0)
        result = check_load(config, error);
    if (result == 0)
        result = check_assertions(config, error);
    return result;
}
