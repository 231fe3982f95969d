#include "server/config.h"

#include "base/escape.h"
#include "base/units.h"
#include "engine/engine.h"
#include "host/cpus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const close_choices[] = {"linger", "swift", NULL};
static const char *const cpu_kind_choices[] = {"auto", "shared", "dedicated", NULL}; /* cpu_kind */
static const char *const auto_choice[] = {"auto", NULL};

#define SHOWN_BYTES 96 /* the part of a file name that an error shows */

#define FIELD(name) offsetof(struct server_config, name)

static const struct option_row server_rows[] = {
    {.argument = "PORT",
     .kind = &option_count,
     .offset = FIELD(port),
     .default_text = "1848",
     .max = 65535,
     .environment = "PORT",
     .advice = "an address is given by --listen",
     .help = "port to answer on; 0: any free port, printed"},
    {.long_name = "listen",
     .short_name = 'l',
     .argument = "ADDR",
     .kind = &option_address,
     .offset = FIELD(listen),
     .default_text = "[::]",
     .help =
         "address to bind: ADDR, ADDR:PORT or [V6]:PORT, or a name in /etc/hosts for ADDR; [::] "
         "takes IPv6 and IPv4"},
    {.long_name = "greeting",
     .short_name = 'g',
     .argument = "TEXT",
     .kind = &option_bytes,
     .offset = FIELD(greeting),
     .default_text = "hello\\n",
     .max = OPTION_BYTES_MAX,
     .help = "what each client gets: a text with the escapes \\n \\r \\t \\\\ \\xHH"},
    {.long_name = "greeting-file",
     .argument = "FILE",
     .kind = &option_text,
     .offset = FIELD(greeting_file),
     .help = "the same, raw from a file of up to 64 KiB"},
    {.long_name = "engine",
     .short_name = 'e',
     .argument = "NAME",
     .kind = &option_choice,
     .offset = FIELD(engine),
     .default_text = "auto",
     .choices = engine_choices,
     .help = "auto, uring or epoll; auto takes the first that works here"},
    {.long_name = "workers",
     .short_name = 'w',
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(workers),
     .default_text = "auto",
     .min = 1,
     .max = CPUS_MAX,
     .choices = auto_choice,
     .help = "threads, each with its own engine and listener",
     .default_help = "auto: the CPUs this process may use"},
    {.long_name = "cpus",
     .argument = "auto|none|LIST",
     .kind = &option_text,
     .offset = FIELD(cpus),
     .default_text = "auto",
     .own_environment = true,
     .help = "auto, none: workers are not pinned; a list such as 0,2-5: they use these CPUs, one "
             "each if there are enough"},
    {.long_name = "close",
     .argument = "HOW",
     .kind = &option_choice,
     .offset = FIELD(close),
     .default_text = "linger",
     .choices = close_choices,
     .own_environment = true,
     .help = "linger: wait for the client to close; swift: close at once"},
    {.long_name = "linger-timeout",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(linger_timeout_ns),
     .default_text = "2s",
     .min = NS_PER_MS,
     .max = 3600 * NS_PER_S,
     .help = "how long a client may hold a greeted connection"},
    {.long_name = "delivery-timeout",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(delivery_timeout_ns),
     .default_text = "5m",
     .min = NS_PER_S,
     .max = 24 * 3600 * NS_PER_S,
     .help = "how long the network may take to deliver the greeting"},
    {.long_name = "max-connections",
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(max_connections),
     .default_text = "auto",
     .min = 1,
     .max = SERVER_CONNECTIONS_MAX,
     .choices = auto_choice,
     .help = "connections open at once, divided evenly between the workers; others wait",
     .default_help = "auto: what descriptors and memory allow"},
    {.long_name = "backlog",
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(backlog),
     .default_text = "auto",
     .min = 1,
     .max = INT32_MAX,
     .choices = auto_choice,
     .help = "connections that may wait to be accepted, per worker",
     .default_help = "auto: net.core.somaxconn"},
    {.long_name = "shutdown-timeout",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(shutdown_timeout_ns),
     .default_text = "5s",
     .max = 3600 * NS_PER_S,
     .help = "how long open connections may take to end on SIGTERM"},
    {.long_name = "cpu-kind",
     .argument = "KIND",
     .kind = &option_choice,
     .offset = FIELD(cpu_kind),
     .default_text = "auto",
     .choices = cpu_kind_choices,
     .help = "auto, shared or dedicated: whether other machines use these CPUs too"},
    {.long_name = "tune",
     .kind = &option_switch,
     .offset = FIELD(tune),
     .help = "raise kernel limits, on a machine that does nothing else"},
    {.long_name = "print-config",
     .kind = &option_switch,
     .offset = FIELD(print_config),
     .environment = "",
     .help = "print every setting and fact with its source, and exit"},
    {.long_name = "quiet",
     .short_name = 'q',
     .kind = &option_switch,
     .offset = FIELD(quiet),
     .own_environment = true,
     .help = "print errors only"},
    {.long_name = "verbose",
     .short_name = 'v',
     .kind = &option_switch,
     .offset = FIELD(verbose),
     .help = "print the settings and limits at start"},
    OPTION_ROWS_LAST(NULL, struct server_config),
};

static const struct option_hint hints[] = {
    {"--port -p", "the port is an argument: hello-server 7000"},
    {"--host --bind --address --addr --ip -a -b -H",
     "the address is --listen, such as -l 127.0.0.1"},
    {"--threads -t -j -n", "the threads are --workers, such as -w 2"},
    {"--message --text --banner --response -m", "the text that clients get is --greeting"},
    {"--file -f", "the text that clients get is --greeting, or --greeting-file"},
    {"--config -c",
     "settings are options or variables, there is no configuration file; see --help"},
    {"--daemon --daemonize --background -d -D",
     "it stays in the foreground; let a service manager start it, or end the command with &"},
    {"--debug --log-level", "see --verbose, and --print-config"},
    {"--max-clients --maxconn", "the limit of connections is --max-connections"},
    {NULL, NULL},
};

const struct option_table server_options = {
    .program = "hello-server",
    .other_program = "hello-load",
    .summary = "Answers every TCP connection with a greeting and closes it, losing none",
    .usage = "[OPTIONS] [PORT]",
    .prefix = "HELLO_SERVER_",
    .other_prefix = "HELLO_LOAD_",
    .rows = server_rows,
    .hints = hints,
    .row_count = sizeof(server_rows) / sizeof(server_rows[0]),
    .footer = "Signals: SIGTERM, SIGINT, SIGHUP or SIGQUIT finishes what is open and stops; a "
              "second one stops\n"
              "at once. SIGUSR1 prints the totals so far.\n"
              "Exit codes: 0 done, 1 it could not run, 2 wrong usage.\n"
              "Example: hello-server --greeting 'hi\\r\\n' 7000 & nc -6 ::1 7000\n",
};

/* The port can come with --listen or alone; the more direct source wins. */
static int settle_port(struct server_config *config, const enum option_source *sources,
                       struct failure *failure)
{
    enum option_source port_source = sources[option_row_find(&server_options, "PORT")];
    enum option_source listen_source = sources[option_row_find(&server_options, "listen")];
    uint16_t listen_port = address_port(&config->listen.address);

    if (config->listen.has_port && port_source == listen_source &&
        port_source >= OPTION_FROM_ENVIRONMENT && listen_port != config->port)
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "PORT '%" PRIu64 "' contradicts port %u of --listen; give one of them",
                           config->port, listen_port);
    if (config->listen.has_port && listen_source >= port_source)
        config->port = listen_port;
    address_set_port(&config->listen.address, (uint16_t)config->port);
    config->listen.has_port = true;
    return 0;
}

/* Replace a name by its address, and check the address. */
static int settle_listen(struct server_config *config, struct failure *failure)
{
    enum option_source source = config->sources[option_row_find(&server_options, "listen")];
    int result = 0;

    if (config->listen.name)
        result = listen_name_settle(&config->listen, source, &config->listen_name, failure);
    return result < 0 ? result : listen_address_check(&config->listen, source, failure);
}

/* The greeting can come from a file or as a text; the more direct source wins. */
static int settle_greeting(struct server_config *config, struct failure *failure)
{
    size_t text = option_row_find(&server_options, "greeting");
    size_t file = option_row_find(&server_options, "greeting-file");
    enum option_source *sources = config->sources;
    char problem[OPTION_ERROR_BYTES / 2], shown[SHOWN_BYTES];
    int result;

    if (sources[file] == OPTION_FROM_DEFAULT || sources[text] > sources[file]) {
        config->greeting_file = NULL;
        sources[file] = OPTION_FROM_DEFAULT;
        return 0;
    }
    if (sources[text] == sources[file])
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "both a greeting and the greeting file '%s' are given; give one of them",
                           escape_encode(config->greeting_file, strlen(config->greeting_file),
                                         shown, sizeof(shown)));
    result = option_bytes_read(&server_options.rows[text], config->greeting_file, &config->greeting,
                               problem, sizeof(problem));
    if (result < 0)
        failure_set(failure, FAILURE_SYSTEM, result, "greeting-file: %s", problem);
    return result;
}

int server_config_read(struct server_config *config, int argc, char *const argv[],
                       struct failure *failure)
{
    enum option_source *sources = config->sources;
    int result =
        failure_classify(failure, FAILURE_USAGE,
                         option_parse(&server_options, argc, argv, config, sources, failure->line));

    if (result < 0 || config->help || config->version)
        return result;
    result = settle_port(config, sources, failure);
    if (result < 0)
        return result;
    if (config->max_connections && config->workers > config->max_connections)
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "--workers '%" PRIu64 "' is more than --max-connections '%" PRIu64
                           "'; each worker needs at least one",
                           config->workers, config->max_connections);
    result = failure_classify(failure, FAILURE_USAGE,
                              cpus_request_parse(config->cpus, &config->cpus_request, failure->line,
                                                 sizeof(failure->line)));
    if (result == 0)
        result = settle_listen(config, failure);
    return result < 0 ? result : settle_greeting(config, failure);
}
