/* Errors of a connection that its peer or the network brought about, not this machine. */
#ifndef HELLO_PEER_ERROR_H
#define HELLO_PEER_ERROR_H

#include <stdbool.h>

/* True if `error` (positive) says that the peer ended the connection, or that it cannot be reached
 * any more. Besides resets and timeouts these are the errors that Linux makes of ICMP and ICMPv6
 * messages: a connection that times out fails with the last one of them (tcp_write_err in
 * net/ipv4/tcp_timer.c; icmp_err_convert in net/ipv4/icmp.c and net/ipv6/icmp.c). */
bool peer_error(int error);

/* True if accept(2) failed with `error` (positive) for the sake of a connection that waited: the
 * next one can be accepted at once. Source: accept(2), "Error handling". */
bool peer_error_of_accept(int error);

#endif
