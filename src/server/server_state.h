/* The state of the server, for the files that it consists of.
 *
 * Thread rule: for the thread that handles signals, unless a comment says otherwise. */
#ifndef HELLO_SERVER_STATE_H
#define HELLO_SERVER_STATE_H

#include "admin/admin.h"
#include "host/hardware.h"
#include "server/condition.h"
#include "server/greetings.h"
#include "server/handover.h"
#include "server/listeners.h"
#include "server/metrics.h"
#include "server/passed.h"
#include "server/reload.h"
#include "server/responder.h"
#include "server/server.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

/* The admin port. Without one, all of it is zeroed but for the descriptor. */
struct server_admin {
    int offered_fd;         /* the same listener, for a process that takes over; -1: none */
    int listener_fd;        /* until the admin owns it; -1: none, or no longer ours */
    struct address address; /* where it listens */
    struct admin *admin;    /* NULL: it is off */
    struct metrics *metrics;
    char *config_text; /* what --print-config prints */
    size_t config_bytes;
    const char *engine; /* set before it serves */
    uint64_t stopping;  /* 1: a stop began (base/counter.h) */
};

/* Enough for what the service manager is told. */
#define NOTIFY_STATE_BYTES 32

/* What it could not be told yet. Zeroed: nothing. */
struct server_pending {
    char state[NOTIFY_STATE_BYTES];
    uint64_t due_ns; /* when to try again ... */
    uint64_t end_ns; /* ... and until when */
};

struct server {
    struct server_args args;
    struct server_config *config; /* of args */
    struct greetings *greetings;  /* with the settings of all connections */
    struct reload *reload;        /* NULL: without --greeting-file */
    struct hardware hardware;
    uint64_t backlog_requested; /* per listener; 0: it was auto */
    bool workers_are_auto;
    char backlog_note[128];             /* why it is less */
    const char *notes[OPTION_ROWS_MAX]; /* the reason for "auto"; NULL: it was not auto */
    struct workers *workers;
    struct conditions conditions;
    struct passed passed;      /* listeners, until they are opened */
    struct handover *handover; /* NULL: without --handover */
    int call_fd;               /* written by other threads: see server_called */
    atomic_bool wakes;         /* the workers are to be woken */
    atomic_bool leaves;        /* another process serves */
    pid_t successor;           /* its id, set before; 0: unknown */
    struct server_pending pending;
    uint32_t count; /* of workers, and so of each array below */
    struct listeners listeners;
    struct responder_args responder_args[CPUS_MAX];
    void *responders[CPUS_MAX]; /* struct responder */
    struct server_admin admin;
};

/* Pass on a line that is worth knowing; the context is the server. Any thread. */
void server_notice(void *context, const char *line);

/* Detect the hardware and, if allowed, raise the kernel's limits (server_size.c). Returns 0, or
 * -errno with a failure. */
int server_find_hardware(struct server *server, struct failure *failure);

/* Decide the size of the server. Returns 0, or -errno with a failure. */
int server_size(struct server *server, struct failure *failure);

/* Use the backlog that the listener reports, and warn if it is less than requested. */
void server_report_backlog(struct server *server, uint32_t holds);

/* Tell the service manager, if there is one (server_notify.c). What is not possible now is tried
 * again by server_notify_tick; a line says so if it stays impossible. */
void server_notify(struct server *server, const char *state);

/* The tick of workers_run; the context is the server. At the end it waits until the manager knows
 * who serves in our place, for a limited time. */
uint64_t server_notify_tick(void *context, bool last);

/* Make ready for a later process to take over from this one (server_handover.c). Returns 0, or
 * -errno with a failure. */
int server_offer_handover(struct server *server, struct failure *failure);

/* Take the place of the old process, if there is one: the workers run. Returns 0, or -errno with a
 * failure: it does not leave, and this process has ended what it began. */
int server_take_over(struct server *server, struct failure *failure);

/* Open what other threads call with, if any will. Returns 0, or -errno with a failure. */
int server_open_call(struct server *server, struct failure *failure);

/* Do what the threads of the handover and of the reload ask for; the context is the server. */
void server_called(void *context);

/* All listeners are closed; the context is the server. Any thread. */
void server_closed(void *context);

/* Descriptors that a change of the greeting needs, and connections must not use
 * (server_greeting.c). */
uint64_t server_reload_descriptors(const struct server *server);

/* Make ready to read the greeting file again, if there is one. Returns 0, or -errno with a failure.
 */
int server_start_reload(struct server *server, struct failure *failure);

/* Read it again (SIGHUP), or say that there is none; the context is the server. */
void server_hang_up(void *context);

/* End that, and free the greetings. Returns false if the file keeps its reader waiting: then the
 * server must not be freed. */
bool server_end_reload(struct server *server);

/* Descriptors that the admin port needs, and connections must not use. */
uint64_t server_admin_descriptors(const struct server *server);

/* Listen on the admin port, if there is to be one. Returns 0, or -errno with a failure. */
int server_open_admin(struct server *server, struct failure *failure);

/* Start what serves it, from server_admin_go on. Before the workers are started: what it lacks must
 * end the start. Returns 0, or -errno with a failure. */
int server_start_admin(struct server *server, struct failure *failure);

/* Serve it: the workers run. */
void server_admin_go(struct server *server);

/* A stop begins: from now on /healthz says so. Any thread. */
void server_admin_stopping(struct server *server);

/* Another process serves in our place: answer those who wait, and leave the port to it. */
void server_admin_leave(struct server *server);

/* End it. Returns false if something blocks its thread, which goes on to read the server: then the
 * server must not be freed. */
bool server_admin_stop(struct server *server);

#endif
