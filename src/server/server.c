/* The server as a whole: its size, its start, its end. */
#include "base/clock.h"
#include "base/escape.h"
#include "base/signals.h"
#include "host/advice.h"
#include "net/listener.h"
#include "server/engines_print.h"
#include "server/notify.h"
#include "server/server_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_SHOWN_BYTES 128 /* of a value in the start line: a path fits (HANDOVER_PATH_MAX) */

void server_notice(void *context, const char *line)
{
    const struct server *server = context;

    server->args.line(server->args.context, SERVER_NOTICE, line);
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
    server->admin.listener_fd = server->admin.offered_fd = -1;
    server->call_fd = -1;
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
    if (config->admin.name)
        server->notes[option_row_find(&server_options, "admin")] = config->admin_name.note;
    server_config_unused(config, server_notice, server);
    if (config->listen_name.notice[0])
        server_notice(server, config->listen_name.notice);
    if (config->admin_name.notice[0])
        server_notice(server, config->admin_name.notice);
    result =
        passed_find(&server->passed, config, !config->print_config, signals_stop_fd(), failure);
    if (result == 0)
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
    handover_end(server->handover); /* it may offer what follows */
    server->handover = NULL;
    if (!server_admin_stop(server)) /* the process ends soon */
        return;
    passed_release(&server->passed);
    if (server->call_fd >= 0)
        close(server->call_fd);
    for (uint32_t i = 0; i < server->count; i++)
        free(server->responders[i]);
    listeners_close(&server->listeners);
    conditions_release(&server->conditions);
    free(server);
}

static int server_listen(struct server *server, struct failure *failure)
{
    struct listeners_args args = {
        .address = server->config->listen.address,
        .count = server->count,
        .backlog = (int)server->config->backlog,
        .passed_fds = server->passed.fds,
        .passed_count = server->passed.count,
        .may_have_less = server->workers_are_auto,
        .are_managed = server->passed.is_managed,
        .are_shared = server->passed.offer.channel_fd >= 0,
        .stop_fd = signals_stop_fd(),
        .notice = server_notice,
        .closed = server_closed,
        .context = server,
    };
    int result;

    if (server->passed.count > 0)
        args.address = server->passed.address;
    server->passed.count = 0; /* they are the listeners' now */
    result = listeners_open(&server->listeners, &args, failure);
    server->count = server->listeners.count;
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

/* Refuse new connections on all listeners, so that each can be emptied before it closes; not where
 * another process serves there. */
static void server_stopping(void *context)
{
    struct server *server = context;
    char state[32] = "STOPPING=1";

    server_admin_stopping(server);
    listeners_refuse_new(&server->listeners);
    if (atomic_load(&server->leaves) && server->successor > 0)
        snprintf(state, sizeof(state), "MAINPID=%d", (int)server->successor);
    server_notify(server, state);
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
            .samples_waits = server->admin.admin != NULL,
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
        .call_fd = server->call_fd,
        .called = server->handover ? server_called : NULL,
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
        result = server_open_admin(server, failure);
    if (result == 0)
        result = server_start_admin(server, failure);
    if (result == 0)
        result = server_offer_handover(server, failure);
    if (result == 0)
        result = server_start_workers(server, failure);
    if (result < 0) {
        handover_decline(&server->passed.offer, failure->line);
        return result;
    }
    workers_go(server->workers);
    server_admin_go(server);
    result = server_take_over(server, failure);
    if (result == 0)
        server_notify(server, "READY=1");
    return result;
}

/* `name='value'` at the end of a line; quoted, as a value may have blanks. */
static void start_line_add(char line[SERVER_START_BYTES], const char *name, const void *value,
                           size_t bytes)
{
    char shown[START_SHOWN_BYTES];
    size_t used = strlen(line);

    snprintf(line + used, SERVER_START_BYTES - used, " %s='%s'", name,
             escape_encode(value, bytes, shown, sizeof(shown)));
}

char *server_start_line(const struct server *server, char line[SERVER_START_BYTES])
{
    const struct server_config *config = server->config;
    char text[ADDRESS_TEXT_BYTES], admin[ADDRESS_TEXT_BYTES];

    snprintf(line, SERVER_START_BYTES, "listening on %s engine=%s workers=%u close=%s pid=%d%s%s%s",
             address_format(&server->listeners.address, text),
             workers_engine(server->workers)->name, server->count,
             server->settings.linger ? "linger" : "swift", (int)getpid(),
             server->admin.admin ? " admin=" : "",
             server->admin.admin ? address_format(&server->admin.address, admin) : "",
             config->answer == SERVER_ANSWER_HTTP ? " answer=http" : "");
    if (config->greet_after.bytes > 0)
        start_line_add(line, "greet-after", config->greet_after.data, config->greet_after.bytes);
    if (config->handover)
        start_line_add(line, "handover", config->handover, strlen(config->handover));
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
