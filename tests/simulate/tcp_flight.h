/* What the files of a connection share. Private to them. */
#ifndef HELLO_SIMULATE_TCP_FLIGHT_H
#define HELLO_SIMULATE_TCP_FLIGHT_H

#include "tcp.h"

enum tcp_side tcp_other(enum tcp_side side);

/* An end knows nothing of the connection any more, and says so. */
void tcp_abort(struct tcp *tcp, enum tcp_side side);

#endif
