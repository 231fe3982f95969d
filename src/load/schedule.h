/* Open loop: when each connection of one thread should start. The threads of a run share one
 * schedule: with constant arrivals thread k of n takes every n-th start, beginning with the k-th;
 * with Poisson arrivals each draws its own at a share of the rate, which together are Poisson
 * arrivals of the whole rate.
 *
 * Times are nanoseconds from the start of the run and depend on nothing but the arguments: two runs
 * that are asked for the same get the same schedule.
 *
 * Thread rule: a schedule belongs to one thread. */
#ifndef HELLO_SCHEDULE_H
#define HELLO_SCHEDULE_H

#include "load/config.h"

#include <stdbool.h>
#include <stdint.h>

struct schedule_args {
    struct option_rate rate; /* of all threads together */
    enum load_arrivals arrivals;
    uint64_t ramp_ns;         /* the rate rises from 0 in a straight line for so long */
    uint64_t seed;            /* of Poisson arrivals */
    uint32_t thread, threads; /* this thread, and how many there are */
};

struct schedule {
    double interval_ns; /* between two starts of all threads, once the rate is reached */
    double ramp_ns;
    double position; /* of the next start: how many come before it, at all threads */
    double stride;   /* mean of the distance to the one after */
    bool is_poisson;
    uint64_t random; /* state of the generator of Poisson gaps */
    uint64_t next_ns;
};

/* A seed that no other run has: random arrivals that were alike in every process would make a fleet
 * of them one large burst. Never 0. */
uint64_t schedule_seed(void);

/* Make the schedule of one thread; its first start is the next. */
void schedule_init(struct schedule *schedule, const struct schedule_args *args);

/* When the next connection should start. */
static inline uint64_t schedule_next_ns(const struct schedule *schedule)
{
    return schedule->next_ns;
}

/* Go on to the one after. */
void schedule_advance(struct schedule *schedule);

/* So many starts of Poisson arrivals are skipped one by one; of more, the number is the mean. */
#define SCHEDULE_EXACT 1024

/* Go on to the first start at or after time_ns, over `most` starts at the most. Takes the same
 * time however many there are. Returns how many were skipped. */
uint64_t schedule_skip(struct schedule *schedule, uint64_t time_ns, uint64_t most);

#endif
