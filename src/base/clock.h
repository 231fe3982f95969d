/* Time in nanoseconds: inside the programs it is monotonic, since an arbitrary start. */
#ifndef HELLO_CLOCK_H
#define HELLO_CLOCK_H

#include <stdint.h>
#include <time.h>

/* What a clock shows (clock_gettime(2)), or 0 if there is no such clock; any thread. */
uint64_t clock_read_ns(clockid_t clock);

/* The time now (CLOCK_MONOTONIC); any thread. */
uint64_t clock_now_ns(void);

#endif
