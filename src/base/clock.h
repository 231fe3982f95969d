/* Time in nanoseconds: inside the programs it is monotonic, from an arbitrary start. */
#ifndef HELLO_CLOCK_H
#define HELLO_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Read a clock (clock_gettime(2)); 0 if there is no such clock; any thread. */
uint64_t clock_read_ns(clockid_t clock);

/* The time now (CLOCK_MONOTONIC); any thread. */
uint64_t clock_now_ns(void);

#endif
