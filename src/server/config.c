#include "server/config.h"

#include "base/escape.h"
#include "server/answer.h"
#include "server/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 96 /* the part of a value that an error shows */
#define SAID_BYTES  (OPTION_TITLE_BYTES + SHOWN_BYTES + 2)

/* Write what an option is called where the user gave it: "--listen", "HELLO_SERVER_LISTEN". Returns
 * name. */
static char *config_name(const struct server_config *config, const char *option,
                         char name[OPTION_TITLE_BYTES])
{
    size_t row = option_row_find(&server_options, option);

    option_title(&server_options, &server_options.rows[row], config->sources[row], name);
    name[strlen(name) - 1] = '\0'; /* what joins it with a value */
    return name;
}

/* Write what a user gave for an option, and where: "--handover 'x'", "HELLO_SERVER_CLOSE='swift'".
 * Returns said. */
static char *config_say(const struct server_config *config, const char *option, const char *value,
                        char said[SAID_BYTES])
{
    size_t row = option_row_find(&server_options, option);
    char title[OPTION_TITLE_BYTES], shown[SHOWN_BYTES];

    snprintf(said, SAID_BYTES, "%s'%s'",
             option_title(&server_options, &server_options.rows[row], config->sources[row], title),
             escape_encode(value, strlen(value), shown, sizeof(shown)));
    return said;
}

static char *config_say_count(const struct server_config *config, const char *option,
                              uint64_t value, char said[SAID_BYTES])
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    return config_say(config, option, text, said);
}

/* The port can come with --listen or alone; the more direct source wins. */
static int settle_port(struct server_config *config, const enum option_source *sources,
                       struct failure *failure)
{
    enum option_source port_source = sources[option_row_find(&server_options, "PORT")];
    enum option_source listen_source = sources[option_row_find(&server_options, "listen")];
    uint16_t listen_port = address_port(&config->listen.address);
    char port[SAID_BYTES], name[OPTION_TITLE_BYTES];

    if (config->listen.has_port && port_source == listen_source &&
        port_source >= OPTION_FROM_ENVIRONMENT && listen_port != config->port)
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "%s contradicts port %u of %s; give one of them",
                           config_say_count(config, "PORT", config->port, port), listen_port,
                           config_name(config, "listen", name));
    if (config->listen.has_port && listen_source >= port_source)
        config->port = listen_port;
    address_set_port(&config->listen.address, (uint16_t)config->port);
    config->listen.has_port = true;
    return 0;
}

/* Replace a name by its address, and check the address. */
static int settle_listen(struct server_config *config, struct failure *failure)
{
    size_t row = option_row_find(&server_options, "listen");
    enum option_source source = config->sources[row];
    int result = 0;

    if (config->listen.name)
        result = listen_name_settle(&config->listen, row, source, &config->listen_name, failure);
    return result < 0 ? result : listen_address_check(&config->listen, row, source, failure);
}

/* True if the admin port would be the port of the clients. */
static bool admin_is_for_clients(const struct server_config *config)
{
    const struct address *admin = &config->admin.address, *clients = &config->listen.address;

    return address_port(admin) != 0 && address_port(admin) == address_port(clients) &&
           (address_covers(admin, clients) || address_covers(clients, admin));
}

/* The same for the admin port, which needs its own port. */
static int settle_admin(struct server_config *config, struct failure *failure)
{
    size_t row = option_row_find(&server_options, "admin");
    enum option_source source = config->sources[row];
    int result = 0;

    if (source == OPTION_FROM_DEFAULT)
        return 0;
    if (!config->admin.has_port)
        return listen_name_fail(&config->admin, row, source, "needs a port, such as 127.0.0.1:9101",
                                failure);
    if (config->admin.name)
        result = listen_name_settle(&config->admin, row, source, &config->admin_name, failure);
    if (result == 0)
        result = listen_address_check(&config->admin, row, source, failure);
    if (result == 0 && admin_is_for_clients(config))
        result = listen_name_fail(&config->admin, row, source,
                                  "clients are greeted on this port; give another one", failure);
    return result;
}

/* The greeting can come from a file or as a text; the more direct source wins. */
static int settle_greeting(struct server_config *config, struct failure *failure)
{
    size_t text = option_row_find(&server_options, "greeting");
    size_t file = option_row_find(&server_options, "greeting-file");
    enum option_source *sources = config->sources;
    char problem[OPTION_ERROR_BYTES / 2], said[SAID_BYTES];
    int result;

    if (sources[file] == OPTION_FROM_DEFAULT || sources[text] > sources[file]) {
        config->greeting_file = NULL;
        sources[file] = OPTION_FROM_DEFAULT;
        return 0;
    }
    if (sources[text] == sources[file])
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "both a greeting and %s are given; give one of them",
                           config_say(config, "greeting-file", config->greeting_file, said));
    result = option_bytes_read(&server_options.rows[text], config->greeting_file, &config->greeting,
                               problem, sizeof(problem));
    if (result < 0)
        failure_set(failure, FAILURE_SYSTEM, result, "%s: %s",
                    config_say(config, "greeting-file", config->greeting_file, said), problem);
    return result;
}

static int settle_handover(const struct server_config *config, struct failure *failure)
{
    char said[SAID_BYTES];
    size_t bytes = config->handover ? strlen(config->handover) : 0;

    if (!config->handover || (bytes > 0 && bytes <= HANDOVER_PATH_MAX))
        return 0;
    return failure_set(failure, FAILURE_USAGE, -EINVAL,
                       "%s is not a path of 1 to %d bytes, as a Unix socket needs it; "
                       "try /run/hello-server.sock",
                       config_say(config, "handover", config->handover, said), HANDOVER_PATH_MAX);
}

static int settle_cpus(struct server_config *config, struct failure *failure)
{
    char problem[OPTION_ERROR_BYTES / 2], said[SAID_BYTES];
    int result = cpus_request_parse(config->cpus, &config->cpus_request, problem, sizeof(problem));

    if (result < 0)
        failure_set(failure, FAILURE_USAGE, result, "%s: %s",
                    config_say(config, "cpus", config->cpus, said), problem);
    return result;
}

bool server_config_asks(const struct server_config *config)
{
    return config->greet_after.bytes > 0 || config->answer == SERVER_ANSWER_HTTP;
}

/* What clients must send, and what they get, must fit together. */
static int settle_request(const struct server_config *config, struct failure *failure)
{
    bool http = config->answer == SERVER_ANSWER_HTTP;
    char said[SAID_BYTES], other[SAID_BYTES], name[OPTION_TITLE_BYTES];

    if (!answer_type_is_valid(config->content_type))
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "%s: must be a media type such as text/plain, in ASCII, of up to %u "
                           "characters",
                           config_say(config, "content-type", config->content_type, said),
                           ANSWER_TYPE_BYTES_MAX);
    if (http && config->greet_after.bytes > 0)
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "%s waits for the head of a request, and %s for a text; give one of "
                           "them",
                           config_say(config, "answer", "http", said),
                           config_name(config, "greet-after", name));
    if (server_config_asks(config) && config->close == SERVER_CLOSE_SWIFT)
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "%s cannot go with %s: what a client sends after its request would cost "
                           "it the answer; use --close linger",
                           config_say(config, "close", "swift", said),
                           http ? config_say(config, "answer", "http", other)
                                : config_name(config, "greet-after", name));
    return 0;
}

void server_config_unused(const struct server_config *config,
                          void (*report)(void *context, const char *line), void *context)
{
    static const struct {
        const char *option, *needs;
        bool http; /* --answer http is the only one that uses it */
    } rows[] = {{"content-type", "--answer http", true},
                {"request-timeout", "--greet-after or --answer http", false}};
    char line[160], name[OPTION_TITLE_BYTES];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t row = option_row_find(&server_options, rows[i].option);
        bool is_used =
            rows[i].http ? config->answer == SERVER_ANSWER_HTTP : server_config_asks(config);

        if (is_used || config->sources[row] == OPTION_FROM_DEFAULT)
            continue;
        snprintf(line, sizeof(line), "warning: %s has no effect without %s",
                 config_name(config, rows[i].option, name), rows[i].needs);
        report(context, line);
    }
}

int server_config_read(struct server_config *config, int argc, char *const argv[],
                       struct failure *failure)
{
    enum option_source *sources = config->sources;
    char said[SAID_BYTES], other[SAID_BYTES];
    int result =
        failure_classify(failure, FAILURE_USAGE,
                         option_parse(&server_options, argc, argv, config, sources, failure->line));

    if (result < 0 || config->help || config->version)
        return result;
    result = settle_port(config, sources, failure);
    if (result < 0)
        return result;
    if (config->max_connections && config->workers > config->max_connections)
        return failure_set(
            failure, FAILURE_USAGE, -EINVAL, "%s is more than %s; each worker needs at least one",
            config_say_count(config, "workers", config->workers, said),
            config_say_count(config, "max-connections", config->max_connections, other));
    result = settle_cpus(config, failure);
    if (result == 0)
        result = settle_handover(config, failure);
    if (result == 0)
        result = settle_listen(config, failure);
    if (result == 0)
        result = settle_admin(config, failure);
    if (result == 0)
        result = settle_request(config, failure);
    return result < 0 ? result : settle_greeting(config, failure);
}
