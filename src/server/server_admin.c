/* The admin port of a server: what it shows, and when. */
#include "base/clock.h"
#include "base/counter.h"
#include "base/units.h"
#include "host/advice.h"
#include "net/listener.h"
#include "net/port_holder.h"
#include "server/listen_advice.h"
#include "server/server_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before a worker is called stuck it gets this time to get on: the whole process, or the machine,
 * may have stood still, and this thread may be the first to run again. */
#define STUCK_CONFIRM_NS (500 * NS_PER_MS)

static bool server_has_admin(const struct server *server)
{
    return server->config->admin.has_port || server->passed.admin_fd >= 0;
}

uint64_t server_admin_descriptors(const struct server *server)
{
    return server_has_admin(server) ? ADMIN_DESCRIPTORS + METRICS_DESCRIPTORS : 0;
}

int server_open_admin(struct server *server, struct failure *failure)
{
    struct server_admin *admin = &server->admin;
    struct port_holder holder = {.kind = PORT_HOLDER_UNKNOWN};
    char text[ADDRESS_TEXT_BYTES], advice[LISTEN_ADVICE_BYTES];
    const char *step;

    if (!server_has_admin(server))
        return 0;
    if (server->passed.admin_fd >= 0) {
        admin->address = server->passed.admin_address;
        admin->listener_fd = admin->offered_fd = server->passed.admin_fd;
        server->passed.admin_fd = -1;
        return 0;
    }
    admin->address = server->config->admin.address;
    admin->listener_fd = listener_open(&admin->address, ADMIN_BACKLOG, true, &step);
    admin->offered_fd = admin->listener_fd;
    if (admin->listener_fd >= 0)
        return 0;
    if (admin->listener_fd == -EADDRINUSE)
        port_holder_find(&admin->address, &holder);
    return failure_set(failure, FAILURE_SYSTEM, admin->listener_fd,
                       "cannot listen on '%s' for --admin: %s: %s; %s",
                       address_format(&admin->address, text), step, strerror(-admin->listener_fd),
                       listen_advice(&admin->address, -admin->listener_fd, &holder, NULL, advice));
}

static uint32_t stuck_count(const struct server *server)
{
    uint64_t now_ns = clock_now_ns();
    uint32_t count = 0;

    for (uint32_t i = 0; i < server->count; i++)
        count += pulse_is_stuck(responder_view(server->responders[i]).pulse, now_ns);
    return count;
}

/* How many workers are stuck. This takes a moment if some seem to be. */
static uint32_t stuck_confirmed(const struct server *server)
{
    if (stuck_count(server) == 0)
        return 0;
    clock_pause(STUCK_CONFIRM_NS);
    return stuck_count(server);
}

/* How the server is, in one word. */
static const char *health_word(const struct server *server, uint32_t stuck)
{
    if (counter_read(&server->admin.stopping))
        return "stopping";
    return stuck > 0 ? "stuck" : "ok";
}

static bool is_ready(const struct server *server, uint32_t stuck)
{
    return strcmp(health_word(server, stuck), "ok") == 0;
}

static enum http_status render_health(void *context, FILE *body)
{
    const struct server *server = context;
    uint32_t stuck = stuck_confirmed(server);

    fprintf(body, "%s\n", health_word(server, stuck));
    return is_ready(server, stuck) ? HTTP_OK : HTTP_UNAVAILABLE;
}

static enum http_status render_metrics(void *context, FILE *body)
{
    struct server *server = context;
    struct metrics_state state = {.stuck = stuck_confirmed(server), .engine = server->admin.engine};

    state.is_ready = is_ready(server, state.stuck);
    metrics_write(server->admin.metrics, &state, body);
    return HTTP_OK;
}

static enum http_status render_config(void *context, FILE *body)
{
    const struct server *server = context;

    fputs(server->admin.config_text, body);
    return HTTP_OK;
}

static const struct admin_route routes[] = {
    {"/metrics", METRICS_CONTENT_TYPE, render_metrics},
    {"/healthz", "text/plain; charset=utf-8", render_health},
    {"/config", "text/plain; charset=utf-8", render_config},
};

/* Keep what --print-config prints: it tries the engines, which a server must not do again for who
 * asks. Returns 0 or -ENOMEM. */
static int config_text_make(struct server *server)
{
    struct server_admin *admin = &server->admin;
    FILE *out = open_memstream(&admin->config_text, &admin->config_bytes);

    if (!out)
        return -ENOMEM;
    server_print(server, out);
    return fclose(out) == 0 ? 0 : -ENOMEM;
}

static int start_failed(const char *step, int error, struct failure *failure)
{
    char advice[ADVICE_BYTES];

    return failure_set(failure, FAILURE_SYSTEM, error, "cannot start the admin port: %s: %s; %s",
                       step, strerror(-error), advice_find(step, -error, 0, advice));
}

int server_start_admin(struct server *server, struct failure *failure)
{
    struct server_admin *admin = &server->admin;
    const struct metrics_args metrics_args = {
        .config = server->config,
        .listeners = &server->listeners,
        .responders = server->responders,
        .worker_count = server->count,
        .descriptors = server->hardware.descriptors,
        .revision = server->args.revision,
    };
    const struct admin_args args = {
        .listener_fd = admin->listener_fd,
        .routes = routes,
        .route_count = sizeof(routes) / sizeof(routes[0]),
        .context = server,
    };
    const char *step = "malloc";
    int result;

    if (admin->listener_fd < 0)
        return 0;
    result = config_text_make(server);
    if (result == 0)
        result = metrics_new(&metrics_args, &admin->metrics);
    if (result == 0) {
        admin->listener_fd = -1; /* the admin's, also if it does not start */
        result = admin_start(&args, &admin->admin, &step);
    }
    return result < 0 ? start_failed(step, result, failure) : 0;
}

void server_admin_go(struct server *server)
{
    server->admin.engine = workers_engine(server->workers)->name;
    if (server->admin.admin)
        admin_go(server->admin.admin);
}

void server_admin_stopping(struct server *server)
{
    counter_set(&server->admin.stopping, 1);
}

bool server_admin_stop(struct server *server)
{
    struct server_admin *admin = &server->admin;

    if (!admin_stop(admin->admin))
        return false;
    if (admin->listener_fd >= 0)
        close(admin->listener_fd);
    metrics_free(admin->metrics);
    free(admin->config_text);
    *admin = (struct server_admin){.listener_fd = -1, .offered_fd = -1};
    return true;
}
