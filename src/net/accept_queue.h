/* The accept queue of a listener: how full it is, and how long a connection waited in it. The
 * kernel shows both in TCP_INFO (tcp(7)), for one system call each.
 *
 * Thread rule: any thread. */
#ifndef HELLO_ACCEPT_QUEUE_H
#define HELLO_ACCEPT_QUEUE_H

#include <stdint.h>

/* Facts (base/fact.h). */
struct accept_queue {
    uint64_t length; /* connections that wait to be accepted */
    uint64_t limit;  /* how many may: the kernel's value for the requested backlog */
};

/* Read it: tcpi_unacked and tcpi_sacked of a listener (tcp_get_info in Linux's net/ipv4/tcp.c). */
struct accept_queue accept_queue_read(int listener_fd);

/* How long a connection that is accepted just now had waited: the time since its last ACK
 * (tcpi_last_ack_recv), which is that of its handshake, unless the client has sent something since;
 * then it is less. In the kernel's ticks, of 1 to 10 ms. Returns a fact, in nanoseconds. */
uint64_t accept_queue_wait_ns(int accepted_fd);

#endif
