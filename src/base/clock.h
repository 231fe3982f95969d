/* Time inside the programs: monotonic nanoseconds since an arbitrary start. */
#ifndef HELLO_CLOCK_H
#define HELLO_CLOCK_H

#include <stdint.h>

/* The time now (CLOCK_MONOTONIC, clock_gettime(2)); any thread. */
uint64_t clock_now_ns(void);

#endif
