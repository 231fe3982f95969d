#include "result/flow_result.h"

#include <errno.h>

static const char *const phase_names[PHASE_COUNT] = {
    [PHASE_CONNECT] = "connect",
    [PHASE_GREETING] = "greeting",
    [PHASE_CLOSE] = "close",
};

static const struct {
    const char *name;
    const char *text;
} results[RESULT_COUNT] = {
    [RESULT_OK] = {"ok", "ended well"},
    [RESULT_REFUSED] = {"refused", "connection refused"},
    [RESULT_RESET] = {"reset", "reset by the other side"},
    [RESULT_SHORT] = {"short", "closed before all expected bytes"},
    [RESULT_MISMATCH] = {"mismatch", "other bytes than expected"},
    [RESULT_EXTRA] = {"extra", "more bytes than expected"},
    [RESULT_CONNECT_TIMEOUT] = {"connect_timeout", "no handshake in time"},
    [RESULT_TIMEOUT] = {"timeout", "not finished in time"},
    [RESULT_UNREACHABLE] = {"unreachable", "host or network unreachable"},
    [RESULT_NO_ADDRESS] = {"no_address", "source address not of this machine"},
    [RESULT_NO_PORT] = {"no_port", "out of local ports"},
    [RESULT_NO_DESCRIPTOR] = {"no_descriptor", "out of descriptors"},
    [RESULT_OTHER] = {"other", "other errors"},
};

const char *phase_name(enum phase phase)
{
    return phase_names[phase];
}

const char *result_name(enum result result)
{
    return results[result].name;
}

const char *result_text(enum result result)
{
    return results[result].text;
}

enum result result_of_error(int error, enum phase phase)
{
    switch (-error) {
    case ECONNREFUSED:
        return RESULT_REFUSED;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENOTCONN: /* of a reset that connect reported: earlier data may be lost */
        return RESULT_RESET;
    case ETIMEDOUT:
        return phase == PHASE_CONNECT ? RESULT_CONNECT_TIMEOUT : RESULT_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:      /* ICMP: host isolated ... */
    case ENOPROTOOPT: /* ... protocol unreachable ... */
    case EOPNOTSUPP:  /* ... source route failed ... */
    case EPROTO:      /* ... parameter problem (icmp_err_convert in Linux's net/ipv4/icmp.c) */
    case EPERM:       /* a firewall of this machine forbade it: connect(2) */
    case EACCES:
        return RESULT_UNREACHABLE;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
        return RESULT_NO_PORT;
    case EAGAIN: /* from connect(2): no free port; later, not an error to report */
        return phase == PHASE_CONNECT ? RESULT_NO_PORT : RESULT_OTHER;
    case EMFILE:
    case ENFILE:
        return RESULT_NO_DESCRIPTOR;
    default:
        return RESULT_OTHER;
    }
}

bool result_is_of_handshake(int error)
{
    enum result result = result_of_error(error, PHASE_CONNECT);

    return result == RESULT_REFUSED || result == RESULT_UNREACHABLE;
}

enum result result_of_bind(int error)
{
    switch (-error) {
    case EADDRNOTAVAIL:
        return RESULT_NO_ADDRESS;
    case EACCES: /* a privileged port: bind(2) */
        return RESULT_OTHER;
    default:
        return result_of_error(error, PHASE_CONNECT);
    }
}
