/* How a connection of the generator can end, and in which phase. */
#ifndef HELLO_FLOW_RESULT_H
#define HELLO_FLOW_RESULT_H

#include <stdbool.h>
#include <stdint.h>

/* The phases of a connection, by which failures are grouped. */
enum phase {
    PHASE_CONNECT,  /* from the intended start until the handshake is done */
    PHASE_GREETING, /* until everything was sent and the last expected byte came */
    PHASE_CLOSE,    /* until EOF */
    PHASE_COUNT,
};

/* Every started connection ends in exactly one of these. */
enum result {
    RESULT_OK,              /* exactly the expected bytes, then EOF */
    RESULT_REFUSED,         /* nothing listens there, or a firewall says so */
    RESULT_RESET,           /* reset by the other side */
    RESULT_SHORT,           /* EOF before all expected bytes */
    RESULT_MISMATCH,        /* an unexpected byte */
    RESULT_EXTRA,           /* more bytes than expected */
    RESULT_CONNECT_TIMEOUT, /* no handshake within --connect-timeout, or until the kernel gave up */
    RESULT_TIMEOUT,         /* no EOF within --timeout */
    RESULT_UNREACHABLE,     /* no route to the host or network, or forbidden on the way */
    RESULT_NO_ADDRESS,      /* the source address is not one of this machine */
    RESULT_NO_PORT,         /* no local port was free */
    RESULT_NO_DESCRIPTOR,   /* no descriptor was free */
    RESULT_OTHER,           /* another error, counted by its errno */
    RESULT_COUNT,
};

/* "connect", "greeting", "close". */
const char *phase_name(enum phase phase);

/* "ok", "refused", ...: names for programs. */
const char *result_name(enum result result);

/* Texts for people: "connection refused", "reset by the other side", ... */
const char *result_text(enum result result);

/* The result for an error (-errno) of socket, connect, send or recv in this phase. */
enum result result_of_error(int error, enum phase phase);

/* True if an error (-errno) means that there was no handshake: refused, or no route. */
bool result_is_of_handshake(int error);

/* The result for an error (-errno) of bind to a source. */
enum result result_of_bind(int error);

#endif
