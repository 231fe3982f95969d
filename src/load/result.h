/* How a connection of the generator can end, and in which phase of its life. */
#ifndef HELLO_RESULT_H
#define HELLO_RESULT_H

#include <stdbool.h>
#include <stdint.h>

/* The phases of a connection, as its failures are sorted. */
enum phase {
    PHASE_CONNECT,  /* from the intended start until the handshake is done */
    PHASE_GREETING, /* until all was sent that is to be, and the last expected byte came */
    PHASE_CLOSE,    /* until EOF */
    PHASE_COUNT,
};

/* Every connection that was started ends in exactly one of these. */
enum result {
    RESULT_OK,              /* exactly the expected bytes, then EOF */
    RESULT_REFUSED,         /* nobody listens there, or a firewall says so */
    RESULT_RESET,           /* reset by the other side */
    RESULT_SHORT,           /* EOF before all expected bytes */
    RESULT_MISMATCH,        /* a byte that was not expected */
    RESULT_EXTRA,           /* more bytes than expected */
    RESULT_CONNECT_TIMEOUT, /* no handshake within --connect-timeout, or the kernel gave up */
    RESULT_TIMEOUT,         /* not at EOF within --timeout */
    RESULT_UNREACHABLE,     /* no way to the host or network, or it was forbidden on the way */
    RESULT_NO_ADDRESS,      /* the source address is not one of this machine */
    RESULT_NO_PORT,         /* no local port was free */
    RESULT_NO_DESCRIPTOR,   /* no descriptor was free */
    RESULT_OTHER,           /* another error, counted by its errno */
    RESULT_COUNT,
};

/* "connect", "greeting", "close". */
const char *phase_name(enum phase phase);

/* "ok", "refused", ...: for programs. */
const char *result_name(enum result result);

/* What to tell people: "connection refused", "reset by the other side", ... */
const char *result_text(enum result result);

/* What an error (-errno) of socket, connect, send or recv counts as in this phase. */
enum result result_of_error(int error, enum phase phase);

/* True if an error (-errno) tells that there was no handshake: it was refused, or found no way. */
bool result_is_of_handshake(int error);

/* What an error (-errno) of bind to a source counts as. */
enum result result_of_bind(int error);

#endif
