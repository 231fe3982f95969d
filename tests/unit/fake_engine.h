/* An engine that records the calls and returns the events that a test chooses, for tests of its
 * owners. */
#ifndef HELLO_FAKE_ENGINE_H
#define HELLO_FAKE_ENGINE_H

#include "engine/engine.h"

#define FAKE_CALLS_MAX 16

struct fake_call {
    const char *name; /* "send", "recv", "half_close", "cancel", "close", "connect",
                       * "send_now", "recv_now", "discard", "disconnect", "hand_over" */
    uint64_t token;
    int sock;
    uint32_t bytes;
    unsigned flags;
};

struct fake_engine {
    struct engine engine;
    struct fake_call calls[FAKE_CALLS_MAX];
    int call_count;
    const char *failing;             /* the call of this name fails ... */
    int error;                       /* ... with this -errno */
    int sockets_opened;              /* each has a number of its own, from 7 on */
    int connect_error;               /* what engine_connect_error answers ... */
    int connects_doubted;            /* ... and how often it was asked */
    int sent_now;                    /* what engine_send_now answers; 0: that it cannot */
    int discarded;                   /* what engine_discard answers */
    const char *input;               /* what engine_recv_now receives, once; NULL: nothing ... */
    int no_input;                    /* ... and what it answers then; 0: -EAGAIN */
    bool has_ended;                  /* ... or the peer's FIN */
    void *receives;                  /* where the last engine_recv wants its input */
    bool disconnects;                /* at once */
    struct engine_delivery delivery; /* what engine_delivery answers */
    uint64_t handed_over_ns;         /* the timeout that engine_hand_over was given */
    const struct sockaddr *address;  /* that the last engine_connect was given */
    struct engine_event happened[4]; /* what the next engine_wait hands out ... */
    int happened_count;              /* ... and how much of it */
};

/* Make a fake engine that remembers nothing yet. */
void fake_engine_init(struct fake_engine *fake);

/* "send half_close recv": the names of the calls since the last time, which are forgotten. */
const char *fake_engine_calls(struct fake_engine *fake);

/* The last call, remembered or not. */
const struct fake_call *fake_engine_last(const struct fake_engine *fake);

#endif
