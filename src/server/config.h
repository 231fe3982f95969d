/* The responder's options, read and checked. */
#ifndef HELLO_SERVER_CONFIG_H
#define HELLO_SERVER_CONFIG_H

#include "base/failure.h"
#include "host/cpus_request.h"
#include "option/option.h"
#include "server/listen_name.h"

#include <stdbool.h>
#include <stdint.h>

/* The highest limit of open connections, whatever the descriptor limit. */
#define SERVER_CONNECTIONS_MAX 1000000

/* Values of the `close` option. */
enum server_close { SERVER_CLOSE_LINGER, SERVER_CLOSE_SWIFT };

/* Values of the `answer` option. */
enum server_answer { SERVER_ANSWER_RAW, SERVER_ANSWER_HTTP };

/* One field per option, in the order of the table. In the counts, 0 means "auto". */
struct server_config {
    uint64_t port;
    struct option_address listen;
    struct option_bytes greeting;
    const char *greeting_file;
    struct option_bytes greet_after; /* empty: greet at once */
    unsigned answer;                 /* enum server_answer */
    const char *content_type;
    uint64_t request_timeout_ns;
    unsigned engine;
    uint64_t workers;
    const char *cpus;
    unsigned close;
    uint64_t linger_timeout_ns;
    uint64_t delivery_timeout_ns;
    uint64_t max_connections;
    uint64_t backlog;
    uint64_t shutdown_timeout_ns;
    struct option_address admin; /* without a port: no admin port */
    const char *handover;
    unsigned cpu_kind; /* enum cpu_kind */
    bool tune;
    bool print_config;
    bool quiet;
    bool verbose;
    bool help;
    bool version;
    struct cpus_request cpus_request;            /* what `cpus` says */
    struct listen_name listen_name;              /* messages about a name in `listen` ... */
    struct listen_name admin_name;               /* ... and in `admin` */
    enum option_source sources[OPTION_ROWS_MAX]; /* of each row */
};

/* Every option of hello-server. */
extern const struct option_table server_options;

/* True if clients must send something before they are answered. */
bool server_config_asks(const struct server_config *config);

/* Report, in one line each, the options that were given and have no effect, because another one is
 * missing. */
void server_config_unused(const struct server_config *config,
                          void (*report)(void *context, const char *line), void *context);

/* Read the options, decide which address, port and greeting apply, and load the greeting file.
 * Returns 0, or -errno with a failure: of the system if the greeting or hosts file cannot be read,
 * else of usage. */
int server_config_read(struct server_config *config, int argc, char *const argv[],
                       struct failure *failure);

#endif
