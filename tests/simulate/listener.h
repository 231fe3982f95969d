/* The listener of a world: its accept queue, and handshakes that lead to it. It stands for
 * net/listener.h, whose functions it defines. */
#ifndef HELLO_SIMULATE_LISTENER_H
#define HELLO_SIMULATE_LISTENER_H

#include "tcp.h"

#include <stdint.h>

/* What is special about it, which is mostly what a listener should not do. */
struct listener_faults {
    bool is_shared; /* another process holds it too, and accepts what comes after we have left */
    bool (*is_full)(void); /* if shared: the responder has no room for those who wait */
    bool cannot_refuse;    /* SYNs */
    bool is_blind;         /* it does not report handshakes */
};

/* Begin: none is open. */
void listener_begin(uint32_t queue_max, struct listener_faults faults);

/* Its descriptor, to be passed to the responder if it is shared. */
int listener_passed(void);

/* A SYN comes. Returns false if it is dropped, or if it is refused, which *ret_refused says. */
bool listener_syn(bool *ret_refused);

/* The handshake of a SYN that was taken ends: the connection waits to be accepted. Returns false if
 * the listener is gone, or its queue is full. */
bool listener_ack(struct tcp *tcp);

/* How many are about to. */
uint32_t listener_handshakes(void);

/* How many wait, and the first of them. */
uint32_t listener_waiting(void);
struct tcp *listener_take(void);

/* Whether it is open; when it was closed, how many waited then, and how many were about to; since
 * when it lets nobody begin (0: it does). */
bool listener_is_open(void);
uint32_t listener_cut_off_waiting(void);
uint32_t listener_cut_off_handshakes(void);
uint64_t listener_closed_ns(void);
uint64_t listener_refuses_since_ns(void);

#endif
