#include "server/server.h"

#include "base/clock.h"
#include "base/fact.h"
#include "base/signals.h"
#include "host/advice.h"
#include "host/cpus.h"
#include "host/platform.h"
#include "net/limits.h"
#include "net/listener.h"
#include "server/engines_print.h"
#include "server/listeners.h"
#include "server/notify.h"
#include "server/responder.h"
#include "server/sizing.h"
#include "server/tuning.h"
#include "workers/workers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

struct server {
    struct server_args args;
    struct server_config *config; /* of args */
    struct connection_settings settings;
    struct request request;
    struct hardware hardware;
    uint64_t backlog_requested;         /* per listener; 0: it was auto */
    char backlog_note[128];             /* why it is less */
    const char *notes[OPTION_ROWS_MAX]; /* the reason for "auto"; NULL: it was not auto */
    struct workers *workers;
    struct conditions conditions;
    uint32_t count; /* of workers, and so of each array below */
    struct listeners listeners;
    struct responder_args responder_args[CPUS_MAX];
    void *responders[CPUS_MAX]; /* struct responder */
};

static void server_notice(void *context, const char *line)
{
    const struct server *server = context;

    server->args.line(server->args.context, SERVER_NOTICE, line);
}

/* An "auto" setting follows from the hardware. */
static void server_settle(struct server *server, const char *option, uint64_t *setting,
                          struct sizing sizing)
{
    *setting = sizing.value;
    server->notes[option_row_find(&server_options, option)] = sizing.because;
}

/* Use the backlog in force: the kernel cuts it silently (listen(2)). */
static void server_cut_backlog(struct server *server, uint64_t holds, const char *because)
{
    char *note = server->backlog_note;

    if (holds >= server->config->backlog)
        return;
    if (server->backlog_requested)
        snprintf(note, sizeof(server->backlog_note), "cut from %" PRIu64 " by %s",
                 server->backlog_requested, because);
    else
        snprintf(note, sizeof(server->backlog_note), "auto: %s", because);
    server_settle(server, "backlog", &server->config->backlog, (struct sizing){holds, note});
}

/* Decide the size of the server. Returns 0, or -EMFILE with a failure. */
static int server_size(struct server *server, struct failure *failure)
{
    struct server_config *config = server->config;
    const struct hardware *hardware = &server->hardware;
    uint64_t reserved, wanted;
    struct sizing possible;

    if (config->workers == 0)
        server_settle(server, "workers", &config->workers,
                      sizing_workers(hardware, config->max_connections));
    server->backlog_requested = config->backlog;
    if (config->backlog == 0)
        server_settle(server, "backlog", &config->backlog,
                      sizing_backlog(hardware, config->workers));
    if (fact_is_number(hardware->somaxconn))
        server_cut_backlog(server, hardware->somaxconn, "net.core.somaxconn");
    reserved = limits_descriptors_reserved(config->workers);
    possible = sizing_connections(hardware, reserved);
    wanted = config->max_connections ? config->max_connections : config->workers;
    if (wanted + reserved > hardware->descriptors)
        return failure_set(
            failure, FAILURE_SYSTEM, -EMFILE,
            "%" PRIu64 " connections with %" PRIu64 " workers need %" PRIu64
            " descriptors, but the hard limit is %u; raise it (ulimit -Hn, LimitNOFILE=) or "
            "lower --max-connections",
            wanted, config->workers, wanted + reserved, hardware->descriptors);
    if (possible.value < wanted) /* each worker needs at least one, even with little memory */
        possible.value = wanted;
    if (config->max_connections == 0)
        server_settle(server, "max-connections", &config->max_connections, possible);
    return 0;
}

static void server_tuned(void *context, const char *line)
{
    const struct server *server = context;

    server->args.line(server->args.context, SERVER_TUNED, line);
}

/* Detect the hardware and, if allowed, raise the kernel's limits. Returns 0, or -errno with a
 * failure. */
static int server_find_hardware(struct server *server, struct failure *failure)
{
    const struct hardware_places places = {.root = "", .environment = getenv};
    const struct server_config *config = server->config;
    struct hardware *hardware = &server->hardware;
    struct cpus cpus = {0};
    char line[CPUS_LEFT_OUT_BYTES];
    int64_t descriptors;
    int result = cpus_request_keep(&config->cpus_request);

    if (result == 0)
        result = cpus_read(&cpus);
    hardware->cpus = result < 0 ? 0 : cpus.count;
    hardware_read(&places, (enum cpu_kind)config->cpu_kind, hardware);
    if (config->tune) {
        tuning_apply(hardware, "", config->print_config, server_tuned, server);
        hardware_read(&places, (enum cpu_kind)config->cpu_kind, hardware);
    }
    descriptors = limits_raise_descriptors();
    if (result < 0 || descriptors < 0) {
        result = result < 0 ? result : (int)descriptors;
        return failure_set(failure, FAILURE_SYSTEM, result,
                           "cannot read the CPUs or the descriptor limit: %s", strerror(-result));
    }
    hardware->descriptors = (uint32_t)descriptors;
    if (cpus_describe_left_out(&cpus, line))
        server_notice(server, line);
    return 0;
}

struct connection_settings server_connection_settings(const struct server_config *config)
{
    /* First probes add to the linger timeout: a tenth of it, at most. */
    uint64_t probe_ns = config->linger_timeout_ns / 10;
    uint64_t leave_ns = probe_ns >= CONNECTION_LEAVE_NS ? CONNECTION_LEAVE_NS : 0;
    uint64_t slack_ns = leave_ns > 0 ? probe_ns - leave_ns : 0;

    return (struct connection_settings){
        .greeting = config->greeting.data,
        .greeting_bytes = config->greeting.bytes,
        .linger = config->close == SERVER_CLOSE_LINGER,
        .linger_timeout_ns = config->linger_timeout_ns,
        .delivery_timeout_ns = config->delivery_timeout_ns,
        .leave_ns = leave_ns,
        .leave_slack_ns = slack_ns < CONNECTION_LEAVE_NS ? slack_ns : CONNECTION_LEAVE_NS,
    };
}

static int server_allocation_failed(struct failure *failure)
{
    char advice[ADVICE_BYTES];

    return failure_set(failure, FAILURE_SYSTEM, -ENOMEM, "cannot allocate: %s; %s",
                       strerror(ENOMEM), advice_find("calloc", ENOMEM, 0, advice));
}

int server_prepare(const struct server_args *args, struct server **ret_server,
                   struct failure *failure)
{
    struct server_config *config = args->config;
    struct server *server = calloc(1, sizeof(*server));
    int result;

    if (!server)
        return server_allocation_failed(failure);
    server->args = *args;
    server->config = config;
    conditions_init(&server->conditions, server_notice, server);
    server->settings = server_connection_settings(config);
    if (server_config_asks(config)) {
        request_make(&server->request, config);
        server->settings.request = &server->request;
        server->settings.greeting = server->request.answers.of[ANSWER_GREETING].data;
        server->settings.greeting_bytes = server->request.answers.of[ANSWER_GREETING].bytes;
    }
    if (config->greeting_file)
        server->notes[option_row_find(&server_options, "greeting")] = "greeting-file";
    if (config->listen.name)
        server->notes[option_row_find(&server_options, "listen")] = config->listen_name.note;
    if (config->listen_name.notice[0])
        server_notice(server, config->listen_name.notice);
    result = server_find_hardware(server, failure);
    if (result == 0)
        result = server_size(server, failure);
    if (result < 0) {
        server_free(server);
        return result;
    }
    server->count = (uint32_t)config->workers;
    *ret_server = server;
    return 0;
}

void server_free(struct server *server)
{
    if (!server)
        return;
    for (uint32_t i = 0; i < server->count; i++)
        free(server->responders[i]);
    listeners_close(&server->listeners);
    conditions_release(&server->conditions);
    free(server);
}

/* Use the backlog that the listener reports, and warn if it is less than requested. */
static void server_report_backlog(struct server *server, uint32_t holds)
{
    char line[256];

    if (holds)
        server_cut_backlog(server, holds, "the kernel, as read back");
    if (server->config->backlog >= server->backlog_requested)
        return;
    snprintf(line, sizeof(line),
             "warning: --backlog %" PRIu64 " is cut to %" PRIu64
             " by the kernel; raise net.core.somaxconn, or lower --backlog",
             server->backlog_requested, server->config->backlog);
    server_notice(server, line);
}

static int server_listen(struct server *server, struct failure *failure)
{
    struct listeners_args args = {
        .address = server->config->listen.address,
        .count = server->count,
        .backlog = (int)server->config->backlog,
        .stop_fd = signals_stop_fd(),
        .notice = server_notice,
        .context = server,
    };

    int result = listeners_open(&server->listeners, &args, failure);

    if (result == 0)
        server_report_backlog(server, listener_backlog(server->listeners.fds[0]));
    return result;
}

/* Notify the service manager, if there is one. */
static void server_notify(struct server *server, const char *state)
{
    char line[128];
    int result = notify_send(state);

    if (result == 0)
        return;
    snprintf(line, sizeof(line), "warning: cannot send %s to $NOTIFY_SOCKET: %s", state,
             strerror(-result));
    server_notice(server, line);
}

/* Refuse new connections on all listeners, so that each can be emptied before it closes. */
static void server_stopping(void *context)
{
    struct server *server = context;

    listeners_refuse_new(&server->listeners);
    server_notify(server, "STOPPING=1");
}

/* Make a responder per listener, each with its share of the connections. */
static int server_make_responders(struct server *server)
{
    uint64_t share = server->config->max_connections / server->count;
    uint64_t remainder = server->config->max_connections % server->count;

    for (uint32_t i = 0; i < server->count; i++) {
        server->responder_args[i] = (struct responder_args){
            .number = i,
            .listeners = &server->listeners,
            .listener_fd = server->listeners.fds[i],
            .connections_max = (uint32_t)(share + (i < remainder)),
            .settings = &server->settings,
            .conditions = &server->conditions,
        };
        server->responders[i] = responder_new(&server->responder_args[i]);
        if (!server->responders[i])
            return -ENOMEM;
    }
    return 0;
}

static struct outcome_counts server_totals(const struct server *server)
{
    struct outcome_counts total = {0};

    for (uint32_t i = 0; i < server->count; i++)
        outcome_counts_add(&total, responder_counts(server->responders[i]));
    return total;
}

/* A user asked for the totals. */
static void server_print_totals(void *context)
{
    struct server *server = context;
    struct outcome_counts total = server_totals(server);
    char text[OUTCOME_TEXT_BYTES], line[OUTCOME_TEXT_BYTES + 48];

    snprintf(line, sizeof(line), "so far %s open=%" PRIu64,
             outcome_counts_format(&total, server_config_asks(server->config), text),
             outcome_counts_open(&total));
    server->args.line(server->args.context, SERVER_TOTALS, line);
}

static int server_start_workers(struct server *server, struct failure *failure)
{
    struct workers_args args = {
        .count = server->count,
        .pins = server->config->cpus_request.how == CPUS_LISTED, /* ARCHITECTURE.md says why */
        .engine = server->config->engine,
        .job = &responder_job,
        .states = server->responders,
        .listeners = server->listeners.fds,
        .sockets_max = server->hardware.descriptors,
        .stop_timeout_ns = server->config->shutdown_timeout_ns,
        .notice = server_notice,
        .stopping = server_stopping,
        .print_totals = server_print_totals,
        .context = server,
    };
    int result = server_make_responders(server);

    if (result < 0)
        return server_allocation_failed(failure);
    return failure_classify(failure, FAILURE_SYSTEM,
                            workers_start(&args, &server->workers, failure->line));
}

int server_start(struct server *server, struct failure *failure)
{
    int result = server_listen(server, failure);

    if (result == 0)
        result = server_start_workers(server, failure);
    if (result < 0)
        return result;
    workers_go(server->workers);
    server_notify(server, "READY=1");
    return 0;
}

char *server_start_line(const struct server *server, char line[SERVER_START_BYTES])
{
    char text[ADDRESS_TEXT_BYTES];

    snprintf(line, SERVER_START_BYTES, "listening on %s engine=%s workers=%u close=%s pid=%d",
             address_format(&server->listeners.address, text),
             workers_engine(server->workers)->name, server->count,
             server->settings.linger ? "linger" : "swift", (int)getpid());
    return line;
}

int server_run(struct server *server, struct outcome_counts *ret_total, struct failure *failure)
{
    int result =
        failure_classify(failure, FAILURE_SYSTEM, workers_run(server->workers, failure->line));

    conditions_flush(&server->conditions, clock_now_ns());
    *ret_total = server_totals(server);
    outcome_counts_check(ret_total, 0);
    return result;
}

void server_print(struct server *server, FILE *out)
{
    option_print(&server_options, server->config, server->config->sources, server->notes, out);
    hardware_print(&server->hardware, out);
    engines_print(server->hardware.descriptors, out);
    fflush(out);
}
