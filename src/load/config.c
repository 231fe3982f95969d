#include "load/config.h"

#include "base/cpus.h"
#include "base/units.h"
#include "engine/engine.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_PORT   1848
#define HOST_MAX_BYTES 256

static const char *const auto_choice[] = {"auto", NULL};

#define FIELD(name) offsetof(struct load_config, name)

static const struct option_row load_rows[] = {
    {.argument = "HOST[:PORT]",
     .kind = &option_text,
     .offset = FIELD(target),
     .environment = "",
     .help = "whom to connect to: a name or an address, [V6]:PORT; port 1848 if not given"},
    {.long_name = "connections",
     .short_name = 'c',
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(connections),
     .default_text = "64",
     .min = 1,
     .max = LOAD_CONNECTIONS_MAX,
     .help = "connections in flight, over all threads"},
    {.long_name = "duration",
     .short_name = 'd',
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(duration_ns),
     .min = NS_PER_MS,
     .max = 30 * 24 * 3600 * NS_PER_S,
     .help = "how long to start connections",
     .default_help = "5s, unless a count is given"},
    {.long_name = "count",
     .short_name = 'n',
     .argument = "COUNT",
     .kind = &option_count,
     .offset = FIELD(count),
     .min = 1,
     .max = UINT64_C(1000000000000),
     .help = "how many connections to make"},
    {.long_name = "ipv4",
     .short_name = '4',
     .kind = &option_switch,
     .offset = FIELD(ipv4),
     .help = "use an IPv4 address of the host"},
    {.long_name = "ipv6",
     .short_name = '6',
     .kind = &option_switch,
     .offset = FIELD(ipv6),
     .help = "use an IPv6 address of the host"},
    {.long_name = "expect",
     .argument = "TEXT",
     .kind = &option_bytes,
     .offset = FIELD(expect),
     .default_text = "hello\\n",
     .max = OPTION_BYTES_MAX,
     .help = "what the server must say, to the byte; knows \\n \\r \\t \\\\ \\xHH"},
    {.long_name = "engine",
     .short_name = 'e',
     .argument = "NAME",
     .kind = &option_choice,
     .offset = FIELD(engine),
     .default_text = "auto",
     .choices = engine_choices,
     .help = "auto, uring or epoll; auto takes the first that works here"},
    {.long_name = "threads",
     .short_name = 't',
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(threads),
     .default_text = "1",
     .min = 1,
     .max = CPUS_MAX,
     .choices = auto_choice,
     .help = "threads, each with its own engine; auto: one for each CPU"},
    {.long_name = "timeout",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(timeout_ns),
     .default_text = "10s",
     .min = NS_PER_MS,
     .max = 3600 * NS_PER_S,
     .help = "how long a connection may take, from start to EOF"},
    {.long_name = "quiet",
     .short_name = 'q',
     .kind = &option_switch,
     .offset = FIELD(quiet),
     .help = "print the final line and errors only"},
    {.long_name = "help",
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
    .summary = "Measures how many TCP connections per second a greeting service takes",
    .usage = "[OPTIONS] HOST[:PORT]",
    .rows = load_rows,
    .row_count = sizeof(load_rows) / sizeof(load_rows[0]),
    .footer = "Each connection is opened, read to EOF, compared byte for byte, and closed.\n"
              "Exit codes: 0 done, 1 it could not run, 2 wrong usage, 3 some connections failed.\n"
              "Example: hello-load -c 128 -d 10s '[::1]:1848'\n",
};

/* Of two options that exclude each other, the one on the command line wins over the environment. */
static void settle_environment(struct load_config *config, const enum option_source *sources)
{
    enum option_source ipv4 = sources[option_row_find(&load_options, "ipv4")];
    enum option_source ipv6 = sources[option_row_find(&load_options, "ipv6")];
    enum option_source count = sources[option_row_find(&load_options, "count")];
    enum option_source duration = sources[option_row_find(&load_options, "duration")];

    config->ipv4 = config->ipv4 && ipv4 >= ipv6;
    config->ipv6 = config->ipv6 && ipv6 >= ipv4;
    if (count < duration)
        config->count = 0;
    else if (duration < count)
        config->duration_ns = 0;
}

int load_config_read(struct load_config *config, int argc, char *const argv[],
                     char error[OPTION_ERROR_BYTES])
{
    enum option_source sources[OPTION_ROWS_MAX];
    int result = option_parse(&load_options, argc, argv, config, sources, error);

    if (result < 0 || config->help || config->version)
        return result;
    if (!config->target) {
        snprintf(error, OPTION_ERROR_BYTES, "no HOST given; say whom to connect to, see --help");
        return -EINVAL;
    }
    settle_environment(config, sources);
    if (config->ipv4 && config->ipv6) {
        snprintf(error, OPTION_ERROR_BYTES, "--ipv4 and --ipv6 contradict; give one of them");
        return -EINVAL;
    }
    if (config->count && config->duration_ns) {
        snprintf(error, OPTION_ERROR_BYTES, "--count and --duration contradict; give one of them");
        return -EINVAL;
    }
    if (!config->count && !config->duration_ns)
        config->duration_ns = LOAD_DURATION_NS;
    if (config->threads > config->connections) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--threads '%u' is more than --connections '%u'; each thread needs at least one",
                 (unsigned)config->threads, (unsigned)config->connections);
        return -EINVAL;
    }
    return 0;
}

/* Split HOST[:PORT] at its last colon. Returns 0, or -EINVAL. */
static int split_name(const char *target, char host[HOST_MAX_BYTES], uint16_t *ret_port)
{
    const char *colon = strrchr(target, ':');
    size_t host_bytes = colon ? (size_t)(colon - target) : strlen(target);
    uint64_t port = DEFAULT_PORT;

    if (host_bytes == 0 || host_bytes >= HOST_MAX_BYTES || memchr(target, ':', host_bytes))
        return -EINVAL;
    if (colon && (count_parse(colon + 1, &port) < 0 || port == 0 || port > UINT16_MAX))
        return -EINVAL;
    memcpy(host, target, host_bytes);
    host[host_bytes] = '\0';
    *ret_port = (uint16_t)port;
    return 0;
}

static int resolve_name(const char *host, int family, struct address *ret_address)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int result = getaddrinfo(host, NULL, &hints, &found);

    if (result != 0)
        return result;
    *ret_address = (struct address){0};
    memcpy(ret_address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

int load_config_resolve(const struct load_config *config, struct address *ret_address,
                        char error[OPTION_ERROR_BYTES])
{
    int family = config->ipv4 ? AF_INET : config->ipv6 ? AF_INET6 : AF_UNSPEC;
    char host[HOST_MAX_BYTES];
    bool has_port;
    uint16_t port = DEFAULT_PORT;
    int result;

    if (address_parse(config->target, ret_address, &has_port) == 0) {
        if (!has_port)
            address_set_port(ret_address, DEFAULT_PORT);
        if (family != AF_UNSPEC && family != ret_address->sa.sa_family) {
            snprintf(error, OPTION_ERROR_BYTES, "'%s' is not an %s address; drop -4 or -6",
                     config->target, family == AF_INET ? "IPv4" : "IPv6");
            return -EINVAL;
        }
        if (address_port(ret_address) != 0)
            return 0;
    } else if (split_name(config->target, host, &port) == 0) {
        result = resolve_name(host, family, ret_address);
        address_set_port(ret_address, port);
        if (result == 0)
            return 0;
        snprintf(error, OPTION_ERROR_BYTES, "cannot find host '%s': %s; check the name%s", host,
                 gai_strerror(result), family == AF_UNSPEC ? "" : ", or drop -4 or -6");
        return -EHOSTUNREACH;
    }
    snprintf(error, OPTION_ERROR_BYTES,
             "'%s' is not HOST or HOST:PORT; write localhost:1848, 127.0.0.1:1848 or [::1]:1848",
             config->target);
    return -EINVAL;
}
