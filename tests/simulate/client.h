/* Simulated clients of a responder, each with a temper of its own. */
#ifndef HELLO_SIMULATE_CLIENT_H
#define HELLO_SIMULATE_CLIENT_H

#include "asking.h"
#include "server/outcome.h"
#include "tcp.h"

#include <stdbool.h>
#include <stdint.h>

enum client_temper {
    CLIENT_PLAIN,       /* reads to the end and closes */
    CLIENT_TALKER,      /* speaks at once, then as a plain one */
    CLIENT_LATE_TALKER, /* speaks now and then until it has read the end */
    CLIENT_HALF_CLOSER, /* sends its FIN at once, and reads */
    CLIENT_HOLDER,      /* never closes */
    CLIENT_CHATTERBOX,  /* never closes and never stops speaking */
    CLIENT_SLOW,        /* reads a little at a time into a small window */
    CLIENT_CHOKER,      /* reads nothing for a while */
    CLIENT_REFUSER,     /* reads nothing at all; its window is small */
    CLIENT_RESETTER,    /* resets some time */
    CLIENT_LEAVER,      /* closes some time, having read or not */
    CLIENT_VANISHER,    /* is gone some time, with its host */
    CLIENT_MUTE,        /* what it acknowledges gets lost */
    CLIENT_CUT_OFF,     /* has no network for a while */
    CLIENT_TEMPER_COUNT,
};

struct client {
    unsigned number;
    enum client_temper temper;
    struct tcp_path path;
    uint64_t wait_ns;    /* when it does what its temper is about */
    uint32_t bite_bytes; /* a slow reader reads at once ... */
    uint64_t pause_ns;   /* ... and then waits for, at the most */
    unsigned syns;
    struct ask ask;  /* what it sends first */
    struct tcp *tcp; /* NULL: its SYN was not answered yet */
    bool connected;  /* it waits, or waited, to be accepted */
    bool reads;      /* a slow one: it is about to */
    bool gave_up;    /* it reset, closed or vanished before it had all, or was never let in */
    bool closes;     /* it has read the end */
    bool accepted;   /* by the product, which knows ... */
    uint64_t accepted_ns;
    uint64_t stalled_ns;  /* ... and how long it had got no CPU by then */
    bool closed;          /* ... and closed it ... */
    enum outcome outcome; /* ... with this; OUTCOME_COUNT: not yet known */
    bool handed_over, reset;
};

/* "plain", "talker", ... */
const char *client_temper_name(enum client_temper temper);

/* A client comes: it sends its SYN after a while. */
void client_begin(struct client *client, unsigned number, enum client_temper temper,
                  const struct tcp_path *path, uint64_t after_ns);

/* The client at the other end. */
struct client *client_of(const struct tcp *tcp);

#endif
