/* Shared by the files that implement the server, and private to them. */
#ifndef HELLO_SERVER_STATE_H
#define HELLO_SERVER_STATE_H

#include "admin/admin.h"
#include "host/hardware.h"
#include "server/metrics.h"
#include "server/responder.h"
#include "server/server.h"

/* The admin port. Without one, all of it is zeroed but for the descriptor. */
struct server_admin {
    int listener_fd;        /* until the admin owns it; -1: none, or no longer ours */
    struct address address; /* where it listens */
    struct admin *admin;    /* NULL: it is off */
    struct metrics *metrics;
    char *config_text; /* what --print-config prints */
    size_t config_bytes;
    const char *engine; /* set before it serves */
    uint64_t stopping;  /* 1: a stop began (base/counter.h) */
};

struct server {
    struct server_args args;
    struct server_config *config; /* of args */
    struct connection_settings settings;
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
    struct server_admin admin;
};

/* Descriptors that the admin port needs, and connections must not use. */
uint64_t server_admin_descriptors(const struct server_config *config);

/* Listen on the admin port, if there is to be one. Returns 0, or -errno with a failure. */
int server_open_admin(struct server *server, struct failure *failure);

/* Start what serves it, from server_admin_go on. Before the workers are started: what it lacks must
 * end the start. Returns 0, or -errno with a failure. */
int server_start_admin(struct server *server, struct failure *failure);

/* Serve it: the workers run. */
void server_admin_go(struct server *server);

/* A stop begins: from now on /healthz says so. Any thread. */
void server_admin_stopping(struct server *server);

/* End it. Returns false if something blocks its thread, which goes on to read the server: then the
 * server must not be freed. */
bool server_admin_stop(struct server *server);

#endif
