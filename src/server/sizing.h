/* How large a responder is made on the hardware that was found. Pure: from facts to numbers.
 *
 * Thread rule: none. */
#ifndef HELLO_SIZING_H
#define HELLO_SIZING_H

#include "server/hardware.h"

#include <stdint.h>

/* Kernel memory that an open connection takes: 5,000 bytes were seen on Linux 6.12 (x86-64, uring)
 * and 4,400 (epoll) with clients that hold; the rest is for what talkative clients send. */
#define SIZING_CONNECTION_BYTES UINT64_C(8192)

/* Where the memory is not known it is taken for that of the smallest machines that are sold. */
#define SIZING_MEMORY_BYTES (UINT64_C(256) << 20)

/* A size, and the fact that decided it ("auto: platform.cpus"). */
struct sizing {
    uint64_t value;
    const char *because;
};

/* How many workers: one per CPU, but no more than a cgroup quota keeps busy, and no more than there
 * may be connections (connections_max; 0: no such limit). That CPUs are shared changes nothing: all
 * of them may burst, though their quota is one for the machine. At least 1. */
struct sizing sizing_workers(const struct hardware *hardware, uint64_t connections_max);

/* How many open connections: what the descriptors allow besides those that are `reserved`, what
 * half of the memory holds, and SERVER_CONNECTIONS_MAX. 0: not even one. */
struct sizing sizing_connections(const struct hardware *hardware, uint64_t reserved);

/* How many may wait to be accepted by each worker: net.core.somaxconn, as far as a quarter of the
 * memory holds them for all workers. At least 1. */
struct sizing sizing_backlog(const struct hardware *hardware, uint64_t workers);

#endif
