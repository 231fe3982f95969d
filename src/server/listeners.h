/* The listeners of a responder: one per worker, all on one address. They are opened together, and
 * together they let no new connection begin when a stop has begun.
 *
 * Thread rule: for the thread that starts the workers, but for what says otherwise. */
#ifndef HELLO_LISTENERS_H
#define HELLO_LISTENERS_H

#include "net/address.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A port is tried again for this long unless a process listens there: it may be what a process left
 * behind that has ended, as a ring that waited to accept, or a connection about to end. */
#define LISTENERS_RETRY_NS UINT64_C(1000000000)

/* An address that is being checked for duplicates is waited for so long: the check takes a second
 * or two (RFC 4862). */
#define LISTENERS_TENTATIVE_NS UINT64_C(5000000000)

/* The kernel is asked for handshakes under way at most this often, for all workers together. */
#define LISTENERS_ASK_NS UINT64_C(50000000)

/* Where it does not tell, they are given this time: a round trip. */
#define LISTENERS_BLIND_NS UINT64_C(250000000)

#define LISTENERS_ERROR_BYTES 512

struct listeners_args {
    struct address address;
    uint32_t count;
    int backlog;
    int stop_fd; /* can be read once a stop was asked for: waiting ends then; -1: none */

    /* Tells of something worth knowing, one line. */
    void (*notice)(void *context, const char *line);
    void *context;
};

struct listeners {
    struct listeners_args args;
    struct address address; /* where they listen */
    int *fds;               /* args.count of them; -1: not open */
    bool refusing;          /* since the stop began, no new connection begins */
    pthread_mutex_t mutex;  /* for fds while workers run, and for what follows */
    uint64_t asked_ns;      /* when the kernel was last asked for handshakes; 0: never */
    bool handshakes;        /* what it said */
    uint64_t blind_ns;      /* it does not tell: there may be some until then; 0: it does */
};

/* Open all. A default address of IPv6 falls back to its IPv4 counterpart where there is no IPv6.
 * Returns 0, or -errno with one line in error and none open. Ended by listeners_close. */
int listeners_open(struct listeners *listeners, const struct listeners_args *args,
                   char error[LISTENERS_ERROR_BYTES]);

/* Close listener i: whoever waits in its queue is reset. Any thread, when nothing is asked of the
 * listener any more. */
void listeners_close_one(struct listeners *listeners, uint32_t i);

/* Close those that are open, and free what they took. Does nothing if they never were opened. */
void listeners_close(struct listeners *listeners);

/* A stop begins: no new connection may begin on any, so that each can be emptied before it closes.
 * Where that cannot be had, `refusing` stays false, and a notice says so. To be called before the
 * workers hear of the stop. */
void listeners_refuse_new(struct listeners *listeners);

/* True if a handshake may be under way that leads to one of them. No new one begins while they
 * refuse, so once there is none there will be none. Any thread. */
bool listeners_have_handshakes(struct listeners *listeners, uint64_t now_ns);

#endif
