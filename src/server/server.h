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

/* Prepare a responder: read the facts of the machine and decide every "auto" setting, in *config
 * too. Nothing is opened yet. `config` must outlive the server. Returns 0, or -errno with one line
 * in error. */
int server_prepare(struct server_config *config, struct server **ret_server,
                   char error[WORKERS_ERROR_BYTES]);

/* Free a server that is not running. NULL is fine. */
void server_free(struct server *server);

/* Print every setting in force and every fact behind it, as key=value. */
void server_print(struct server *server, FILE *out);

/* Listen, and start the workers: from now on connections are greeted. Warnings go to stderr.
 * Returns 0, or -errno with one line in error; -EINTR: stopped before it could listen. */
int server_start(struct server *server, char error[WORKERS_ERROR_BYTES]);

/* Enough for the longest text of server_start_line. */
#define SERVER_START_BYTES (ADDRESS_TEXT_BYTES + 128)

/* The one line that says where the server listens, and how. Returns line. */
char *server_start_line(const struct server *server, char line[SERVER_START_BYTES]);

/* Serve until a stop is requested (base/signals.h) and all connections have ended; a second request
 * ends at once. SIGUSR1 prints the totals so far on stderr. *ret_total gets the counters. Returns
 * 0, or -errno with one line in error when a worker broke. */
int server_run(struct server *server, struct outcome_counts *ret_total,
               char error[WORKERS_ERROR_BYTES]);

#endif
