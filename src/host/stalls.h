/* Stalls: periods in which this machine should have run our threads but did not. A thread that
 * reads the clock every STALLS_TICK_NS sees them as late ticks. The kernel of a virtual machine
 * often does not know the cause (a quota of the host appears as steal or not at all), but the
 * pattern shows it: stalls on a grid of 80 or 100 ms are a CPU quota, others are neighbours.
 *
 * Thread rule: one thread. */
#ifndef HELLO_STALLS_H
#define HELLO_STALLS_H

#include <stdbool.h>
#include <stdint.h>

#define STALLS_TICK_NS  UINT64_C(5000000)  /* between two clock reads */
#define STALLS_MIN_NS   UINT64_C(10000000) /* a tick later than this is a stall */
#define STALLS_KEPT_MAX 4096               /* the first ones are kept for their pattern */

struct stall {
    uint64_t start_ns, length_ns; /* monotonic; from when the tick was due */
};

struct stalls {
    uint64_t next_tick_ns; /* 0: the next tick starts anew */
    uint64_t count;        /* of stalls, since the start */
    uint64_t total_ns;
    uint64_t longest_ns;
    uint32_t kept_count;
    struct stall kept[STALLS_KEPT_MAX];
};

/* Process a tick: count a stall if it is late. Returns the length of that stall, or 0. */
uint64_t stalls_tick(struct stalls *stalls, uint64_t now_ns);

/* Forget when the next tick is due: the watching thread was busy with its own work. */
void stalls_pause(struct stalls *stalls);

/* When the next tick is due: the time to wake up; 0: now. */
uint64_t stalls_due_ns(const struct stalls *stalls);

/* The period of the grid on which most stalls begin or end, in nanoseconds, or 0: there is none, or
 * too few stalls to decide. Tries period_ns (of a known quota; 0: none is known), then 80 ms and
 * 100 ms, which hosts use. */
uint64_t stalls_grid_ns(const struct stalls *stalls, uint64_t period_ns);

#endif
