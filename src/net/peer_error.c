#include "net/peer_error.h"

#include <errno.h>

bool peer_error_of_accept(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
        return true;
    default:
        return false;
    }
}

bool peer_error(int error)
{
    switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
    case ETIMEDOUT:
    /* From ICMP. From accept(2) they are this machine's errors, like SELinux's EACCES. */
    case EACCES:       /* ICMPv6: administratively prohibited */
    case ECONNREFUSED: /* port unreachable */
    case EMSGSIZE:     /* packet too big */
        return true;
    default:
        return peer_error_of_accept(error);
    }
}
