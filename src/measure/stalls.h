/* Stalls: spans of time in which this machine ran nothing of ours though it should have. A thread
 * that looks at the clock every STALLS_TICK_NS sees them as ticks that come late. The kernel of a
 * virtual machine often cannot tell (a quota that the host imposes shows up as steal or not at
 * all), but the shape tells: stalls on a grid of 80 or 100 ms are a CPU quota, others are
 * neighbours.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_STALLS_H
#define HELLO_STALLS_H

#include <stdbool.h>
#include <stdint.h>

#define STALLS_TICK_NS  UINT64_C(5000000)  /* between two looks at the clock */
#define STALLS_MIN_NS   UINT64_C(10000000) /* a tick that is later than this is a stall */
#define STALLS_KEPT_MAX 4096               /* the first ones are kept for their shape */

struct stall {
    uint64_t start_ns, length_ns; /* monotonic; from when the tick should have come */
};

struct stalls {
    uint64_t next_tick_ns; /* 0: the next look starts anew */
    uint64_t count;        /* of stalls, since the start */
    uint64_t total_ns;
    uint64_t longest_ns;
    uint32_t kept_count;
    struct stall kept[STALLS_KEPT_MAX];
};

/* Look at the clock: counts a stall if the tick comes late. Returns the length of that stall, or 0.
 */
uint64_t stalls_tick(struct stalls *stalls, uint64_t now_ns);

/* Forget when the next tick is due: the watching thread was busy with something of its own. */
void stalls_pause(struct stalls *stalls);

/* When the next tick is due, so the time to wake up at; 0: now. */
uint64_t stalls_due_ns(const struct stalls *stalls);

/* The period of the grid on which most stalls begin or end, in nanoseconds, or 0: there is none, or
 * there are too few stalls to tell. Looks for period_ns (that of a known quota; 0: none is known),
 * then for 80 ms and for 100 ms, which hosts use. */
uint64_t stalls_grid_ns(const struct stalls *stalls, uint64_t period_ns);

#endif
