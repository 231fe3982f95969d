/* The size of a responder on the detected hardware. Pure: from facts to numbers.
 *
 * Thread rule: none. */
#ifndef HELLO_SIZING_H
#define HELLO_SIZING_H

#include "host/hardware.h"

#include <stdint.h>

/* Kernel memory that an open connection takes: measured 5,000 bytes on Linux 6.12 (x86-64, uring)
 * and 4,400 (epoll) with clients that stay; the rest is for input of talkative clients. */
#define SIZING_CONNECTION_BYTES UINT64_C(8192)

/* If the memory is unknown, assume that of the smallest machines on sale. */
#define SIZING_MEMORY_BYTES (UINT64_C(256) << 20)

/* A size, and the fact that decided it ("auto: platform.cpus"). */
struct sizing {
    uint64_t value;
    const char *because;
};

/* How many workers: one per CPU, but no more than a cgroup quota keeps busy, and no more than
 * connections_max (0: no limit). Shared CPUs count fully: all of them may burst, though the machine
 * has one quota for all. At least 1. */
struct sizing sizing_workers(const struct hardware *hardware, uint64_t connections_max);

/* How many open connections: the smallest of the descriptors that are not `reserved`, what half of
 * the memory holds, and SERVER_CONNECTIONS_MAX. 0: not even one. */
struct sizing sizing_connections(const struct hardware *hardware, uint64_t reserved);

/* How many connections may wait for each worker to accept: net.core.somaxconn, but no more than a
 * quarter of the memory holds for all workers. At least 1. */
struct sizing sizing_backlog(const struct hardware *hardware, uint64_t workers);

#endif
