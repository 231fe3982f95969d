/* Simulated services for a generator: each connection that comes is treated in one of many ways. */
#ifndef HELLO_SIMULATE_SERVICE_H
#define HELLO_SIMULATE_SERVICE_H

#include "generator/config.h"
#include "sim_engine.h"
#include "tcp.h"

#include <stdbool.h>
#include <stdint.h>

enum service_temper {
    SERVICE_GREETS,       /* the expected bytes, then the end */
    SERVICE_DAWDLES,      /* the same in pieces, with breaks */
    SERVICE_ACCEPTS_LATE, /* the same, after a handshake in which SYNs get lost */
    SERVICE_WRONG,        /* one byte is another */
    SERVICE_SHORT,        /* not all bytes, then the end */
    SERVICE_EXTRA,        /* more bytes */
    SERVICE_HOLDS,        /* all bytes, and no end */
    SERVICE_DUMB,         /* nothing at all */
    SERVICE_RESETS,       /* some or all bytes, then a reset */
    SERVICE_VANISHES,     /* some or all bytes, and then there is nobody any more */
    SERVICE_REFUSES,
    SERVICE_UNREACHABLE,
    SERVICE_BLACKHOLE, /* nobody answers */
    SERVICE_TOO_EARLY, /* the connect is reported as done, and was refused (engine_connect_error) */
    SERVICE_TEMPER_COUNT,
};

/* One connection, as the service knows it. */
struct call {
    unsigned number, target;
    enum service_temper temper;
    struct engine *engine;
    struct sim_socket *socket; /* ours; NULL once that was closed */
    struct tcp *tcp;
    const struct load_config *config;
    uint32_t say_bytes, said_bytes, pieces;
    uint32_t wrong_at;     /* this byte is wrong; UINT32_MAX: none is */
    bool impatient;        /* it does not wait for the request */
    bool begun, ended;     /* with what it says */
    uint64_t connected_ns; /* the handshake was done; 0: not yet */
    uint64_t said_ns;      /* it had said all that is expected; 0: not yet */
    /* The book's: */
    bool measured, open;
    uint64_t started_ns, intended_ns, stalled_ns;
    uint64_t spoke_ns; /* when it had not said all yet */
    struct call *next;
};

/* Somebody connects: treat him well, or in one of `kinds` ways from `first` on. */
void service_meet(struct call *call, const struct tcp_path *path, unsigned first, unsigned kinds);

/* "greets", "dawdles", ... */
const char *service_temper_name(enum service_temper temper);

#endif
