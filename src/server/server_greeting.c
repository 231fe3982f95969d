/* The server's part in a change of its greeting: SIGHUP. */
#include "base/event.h"
#include "server/server_state.h"

uint64_t server_reload_descriptors(const struct server *server)
{
    return server->config->greeting_file ? RELOAD_DESCRIPTORS : 0;
}

/* Workers that sleep would hold the old greeting, and its place, until a client comes. */
static void server_greeting_replaced(void *context)
{
    struct server *server = context;

    atomic_store(&server->wakes, true);
    event_raise(server->call_fd);
}

static void server_reload_says(void *context, bool done, const char *line)
{
    const struct server *server = context;

    server->args.line(server->args.context, done ? SERVER_NOTICE : SERVER_REFUSED, line);
}

int server_start_reload(struct server *server, struct failure *failure)
{
    const struct reload_args args = {
        .path = server->config->greeting_file,
        .greetings = server->greetings,
        .replaced = server_greeting_replaced,
        .say = server_reload_says,
        .context = server,
    };

    return args.path ? reload_start(&args, &server->reload, failure) : 0;
}

void server_hang_up(void *context)
{
    struct server *server = context;

    if (server->reload)
        reload_ask(server->reload);
    else
        server_reload_says(server, false,
                           "SIGHUP: there is no file to read again; start the server with "
                           "--greeting-file to change the greeting while it serves");
}

bool server_end_reload(struct server *server)
{
    if (!reload_end(server->reload))
        return false;
    server->reload = NULL;
    greetings_free(server->greetings);
    server->greetings = NULL;
    return true;
}
