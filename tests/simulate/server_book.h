/* What a responder must keep to, watched call by call: its books, the contract of its engine, what
 * it may do to whom, and that it wakes when it should and sleeps when it may. */
#ifndef HELLO_SIMULATE_SERVER_BOOK_H
#define HELLO_SIMULATE_SERVER_BOOK_H

#include "client.h"
#include "server/responder.h"
#include "sim_engine.h"

/* Who is watched; all of it is the caller's. */
struct server_book {
    struct engine *engine;
    const struct connection_settings *settings;
    uint64_t changed_ns; /* when the greeting was changed last ... */
    unsigned greeting;   /* ... and to which; the first at first */
    uint32_t connections_max;
    const struct outcome_counts *counts; /* the responder's */
    uint64_t deadline_ns;                /* as worker_stop_ns */
    uint64_t stopped_ns;                 /* when the stop was asked for; 0: not yet */
    bool calm;                           /* nothing fails in this world */
    bool shared;                         /* the listener is another process's, too */
    bool blind;                          /* the kernel does not report handshakes */
    /* Private: */
    struct outcome_counts seen;
    struct client *closing; /* closed; its outcome is not known yet */
    struct sim_socket closed;
    struct tcp closed_tcp;
    bool was_full;
    uint64_t trouble_ns; /* when something failed last */
    uint64_t faults;
    uint64_t windows_ns; /* turns for nothing are counted from here on */
    uint32_t idle_turns;
    uint64_t busy_ns; /* when somebody was there last, or about to be */
    uint64_t busy_stalled_ns;
};

extern const struct sim_watch server_watch;

/* Begin to watch; the book is the one of this world. */
void server_book_open(struct server_book *book);

/* The responder has ended: are the books balanced? */
void server_book_balance(struct server_book *book);

/* All is over: did this client get what it is entitled to? */
void server_book_judge(const struct server_book *book, const struct client *client);

#endif
