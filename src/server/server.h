/* The responder as a whole: its listeners, its workers, its stop.
 *
 * Thread rule: for one thread, the one that waits for signals. */
#ifndef HELLO_SERVER_H
#define HELLO_SERVER_H

#include "crew/crew.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/outcome.h"

#include <stdint.h>
#include <stdio.h>

struct server;

/* What the options make of connections. The result refers to the greeting in *config. Any thread.
 */
struct connection_settings server_connection_settings(const struct server_config *config);

/* Prepare a responder: read the facts of the machine and settle every setting that was left to it,
 * in *config too. Nothing is opened yet. `config` must outlive the server. Returns 0, or -errno
 * with one line in error. */
int server_prepare(struct server_config *config, struct server **ret_server,
                   char error[CREW_ERROR_BYTES]);

/* Free a server that is not running. NULL is fine. */
void server_free(struct server *server);

/* Print every setting in force and every fact it rests on, as key=value. */
void server_print(struct server *server, FILE *out);

/* Listen, and start the workers: from here on connections are greeted. Warnings go to stderr.
 * Returns 0, or -errno with one line in error; -EINTR: a stop was asked for before it could listen.
 */
int server_start(struct server *server, char error[CREW_ERROR_BYTES]);

/* Room enough for the longest text of server_start_line. */
#define SERVER_START_BYTES (ADDRESS_TEXT_BYTES + 128)

/* The one line that says where the server listens, and how. Returns line. */
char *server_start_line(const struct server *server, char line[SERVER_START_BYTES]);

/* Serve until a stop is asked for (base/signals.h) and until all has ended; the second time ends it
 * at once. SIGUSR1 has the totals so far told on stderr.
 * *ret_total gets the counters. Returns 0, or -errno with one line in error when a worker broke. */
int server_run(struct server *server, struct outcome_counts *ret_total,
               char error[CREW_ERROR_BYTES]);

#endif
