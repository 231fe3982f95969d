/* The listeners of a responder: one per worker. They are opened together, all on one address, or
 * were passed to the program, by a service manager (net/activation.h) or by the process that it
 * replaces (server/handover.h).
 *
 * When a stop begins, new connections are refused on those that this process holds alone, so that
 * each can be emptied before it closes. Where others hold one too, new connections are theirs:
 * nothing is done to the socket, and only our descriptor is closed.
 *
 * Thread rule: for the thread that starts the workers, unless a comment says otherwise. */
#ifndef HELLO_LISTENERS_H
#define HELLO_LISTENERS_H

#include "base/failure.h"
#include "host/cpus.h"
#include "net/accept_queue.h"
#include "net/address.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The most: one for each worker. */
#define LISTENERS_MAX CPUS_MAX

/* A busy port on which no process listens is retried for this long: an ended process may have left
 * something behind, such as a ring that waited to accept, or a connection about to end. Only its
 * own waits count: on a busy machine the kernel, too, takes longer to tidy up. */
#define LISTENERS_RETRY_MS 1000

/* How long to wait for an address that is being checked for duplicates: the check takes a second or
 * two (RFC 4862). */
#define LISTENERS_TENTATIVE_NS UINT64_C(5000000000)

/* The kernel is asked for handshakes in progress at most this often, for all workers together. */
#define LISTENERS_ASK_NS UINT64_C(50000000)

/* If it cannot report them, wait this long for them: a round trip. */
#define LISTENERS_BLIND_NS UINT64_C(250000000)

struct listeners_args {
    struct address address;
    uint32_t count; /* how many to have */
    int backlog;
    const int *passed_fds;  /* the first of them, already checked by listener_adopt; now its own */
    uint32_t passed_count;  /* 0: all are to be opened */
    uint32_t managed_count; /* the first of those: a service manager keeps them open, too */
    const char *whose;      /* who passed them: "the service manager", "process 12" */
    bool may_have_less;     /* passed ones are enough if no others can join them */
    bool are_shared;        /* another process accepts from the passed ones, too, for now */
    int stop_fd;            /* readable once a stop was requested: ends waiting; -1: none */

    /* Gets one line that is worth knowing. */
    void (*notice)(void *context, const char *line);

    /* Called once, in the thread that closes the last one; NULL: nobody wants to know. */
    void (*closed)(void *context);
    void *context;
};

struct listeners {
    struct listeners_args args;
    struct address address; /* where they listen */
    uint32_t count;
    int *fds;                 /* count of them; -1: not open */
    uint32_t refusing_count;  /* a stop began: no new connection begins on the last so many */
    atomic_uint shared_count; /* somebody else holds the first so many too, now */
    atomic_uint looks;        /* how often to look whether clients wait that nobody was woken for */
    pthread_mutex_t mutex;    /* for fds while workers run, and for the next members */
    bool stopping;            /* a stop began */
    uint32_t closed_count;
    uint64_t queried_ns; /* when the kernel was last asked for handshakes; 0: never */
    bool handshakes;     /* its answer */
    uint64_t blind_ns;   /* it cannot tell: assume some until then; 0: it can */
};

/* Open all that were not passed. Without IPv6, a default IPv6 address falls back to its IPv4
 * counterpart. Returns 0, or -errno with a failure and none open: FAILURE_STOPPED if a stop ended
 * its waiting. Must be ended by listeners_close. */
int listeners_open(struct listeners *listeners, const struct listeners_args *args,
                   struct failure *failure);

/* Close listener i: clients in its queue are reset. Any thread, when it is no longer used. */
void listeners_close_one(struct listeners *listeners, uint32_t i);

/* Close the open ones, and free their memory. Does nothing if they were never opened. */
void listeners_close(struct listeners *listeners);

/* The accept queue of listener i, as facts; unknown once it is closed. Any thread; waits only while
 * another thread looks at the listeners. */
struct accept_queue listeners_queue(struct listeners *listeners, uint32_t i);

/* True if somebody else holds listener i too, now. Any thread. */
bool listeners_is_shared(const struct listeners *listeners, uint32_t i);

/* True if a service manager keeps listener i open. Any thread. */
bool listeners_is_managed(const struct listeners *listeners, uint32_t i);

/* True if a stop began, and no new connection begins on listener i. Any thread that learnt of the
 * stop. */
bool listeners_is_refusing(const struct listeners *listeners, uint32_t i);

/* A stop begins: refuse new connections on all that are not shared, so that each can be emptied
 * before it closes. If that is impossible, none is refusing, and a notice says so. Call it before
 * the workers are stopped. */
void listeners_refuse_new(struct listeners *listeners);

/* Descriptors for another process, those of a service manager first. They are duplicates: a stop
 * may close ours at any moment, and the kernel then gives their numbers to other files. */
struct listeners_copy {
    uint32_t count, managed_count;
    int fds[LISTENERS_MAX];
};

/* Share the open ones with another process, and duplicate them for it. Returns 0 (end the copy by
 * listeners_copy_close), or -errno with nothing shared: -EBUSY if a stop began, as they may refuse
 * by now; -EMFILE. Any thread. */
int listeners_share(struct listeners *listeners, struct listeners_copy *ret_copy);

/* Close the duplicates. Once they were sent, the other process has its own. */
void listeners_copy_close(struct listeners_copy *copy);

/* The other process has closed its descriptors: they are ours alone, but for those that a service
 * manager holds too. Clients may wait for whom it was woken and we were not: each worker looks. Any
 * thread; wake the workers afterwards. */
void listeners_take_back(struct listeners *listeners);

/* Refuse new connections on listener i, if it is not shared, so that it can be emptied by plain
 * accepts, which do not wait there from now on (O_NONBLOCK). If new connections cannot be refused,
 * nothing says so. Any thread. */
void listeners_drain_one(struct listeners *listeners, uint32_t i);

/* True if a handshake to one of them may be in progress. While they refuse, no new one begins: once
 * false, it stays false. Any thread. */
bool listeners_have_handshakes(struct listeners *listeners, uint64_t now_ns);

#endif
