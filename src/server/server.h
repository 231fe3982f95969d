/* The responder as a whole: its listeners, its workers, its stop.
 *
 * Thread rule: for one thread, the one that handles signals. */
#ifndef HELLO_SERVER_H
#define HELLO_SERVER_H

#include "server/config.h"
#include "server/connection.h"
#include "server/outcome.h"
#include "workers/workers.h"

#include <stdint.h>
#include <stdio.h>

struct server;

/* The connection settings for these options. They point to the greeting in *config. Any thread. */
struct connection_settings server_connection_settings(const struct server_config *config);

/* What a line is about. The caller decides by this whether to print it, and how long to wait. */
enum server_line {
    SERVER_TUNED,  /* what --tune did about a limit; in server_prepare */
    SERVER_NOTICE, /* worth knowing; from any thread, which must not wait */
    SERVER_TOTALS, /* what a user asked for (SIGUSR1); in server_run, which must not wait */
};

struct server_args {
    const char *revision;         /* of the sources, for the metrics; "": unknown */
    struct server_config *config; /* must outlive the server; "auto" settings are filled in */

    /* Gets one line, without the name of the program. */
    void (*line)(void *context, enum server_line about, const char *line);
    void *context;
};

/* Prepare a responder: read the facts of the machine and decide every "auto" setting. Nothing is
 * opened yet. Returns 0, or -errno with a failure. */
int server_prepare(const struct server_args *args, struct server **ret_server,
                   struct failure *failure);

/* Free a server that is not running. NULL is fine. */
void server_free(struct server *server);

/* Print every setting in force and every fact behind it, as key=value. */
void server_print(struct server *server, FILE *out);

/* Listen, and start the workers: from now on connections are greeted. Warnings are notices.
 * Returns 0, or -errno with a failure; FAILURE_STOPPED: stopped before it could listen. */
int server_start(struct server *server, struct failure *failure);

/* Enough for the longest text of server_start_line. */
#define SERVER_START_BYTES (2 * ADDRESS_TEXT_BYTES + 448)

/* The one line that says where the server listens, and how; at its end what is not usual: the admin
 * port, what clients must send, where a process can take over. Returns line. */
char *server_start_line(const struct server *server, char line[SERVER_START_BYTES]);

/* Serve until a stop is requested (base/signals.h) and all connections have ended; a second request
 * ends at once. On SIGUSR1 the totals so far are a line. *ret_total gets the counters. Returns 0,
 * or -errno with a failure when a worker broke. */
int server_run(struct server *server, struct outcome_counts *ret_total, struct failure *failure);

#endif
