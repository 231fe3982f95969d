/* Connection errors that the peer or the network caused, not this machine. */
#ifndef HELLO_PEER_ERROR_H
#define HELLO_PEER_ERROR_H

#include <stdbool.h>

/* True if `error` (positive) means that the peer ended the connection, or is not reachable any
 * more: resets, timeouts, and the errors that Linux derives from ICMP and ICMPv6 messages. A
 * connection that times out fails with the last one of them (tcp_write_err in net/ipv4/tcp_timer.c;
 * icmp_err_convert in net/ipv4/icmp.c and net/ipv6/icmp.c). */
bool peer_error(int error);

/* True if accept(2) failed with `error` (positive) because of a waiting connection: the next one
 * can be accepted at once. Source: accept(2), "Error handling". */
bool peer_error_of_accept(int error);

#endif
