/* Time in nanoseconds: inside the programs it is monotonic, from an arbitrary start. */
#ifndef HELLO_CLOCK_H
#define HELLO_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Read a clock (clock_gettime(2)); 0 if there is no such clock; any thread. */
uint64_t clock_read_ns(clockid_t clock);

/* The time now (CLOCK_MONOTONIC); any thread. In a thread it never goes back: while the kernel's
 * clock is behind the latest time that this thread read, that time is returned. A correct kernel's
 * clock never is (clock_gettime(2)), but those of some virtual machines were, by the difference
 * between two CPUs' counters (TSC). Deadlines and counts need an order, and no such machine is
 * worth an abort. Between threads there is no such order. It is not reported: the kernel does that
 * ("clocksource: ... unstable"). */
uint64_t clock_now_ns(void);

/* Sleep, where no descriptor can be waited for; a signal may end it early (nanosleep(2)); any
 * thread. */
void clock_pause(uint64_t length_ns);

#endif
