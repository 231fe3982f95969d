/* Open loop: when each connection of one thread should start. The threads of a run share one
 * schedule: with constant arrivals thread k of n takes every n-th start, beginning with the k-th;
 * with Poisson arrivals each thread draws its own at its share of the rate; together they are
 * Poisson arrivals at the whole rate.
 *
 * Times are nanoseconds from the start of the run and depend only on the arguments: two runs with
 * the same arguments get the same schedule.
 *
 * Thread rule: a schedule belongs to one thread. */
#ifndef HELLO_SCHEDULE_H
#define HELLO_SCHEDULE_H

#include "generator/config.h"

#include <stdbool.h>
#include <stdint.h>

struct schedule_args {
    struct option_rate rate; /* of all threads together */
    enum load_arrivals arrivals;
    uint64_t ramp_ns;         /* the rate rises linearly from 0 for this long */
    uint64_t seed;            /* of Poisson arrivals */
    uint32_t thread, threads; /* this thread, and their number */
};

struct schedule {
    double interval_ns; /* between two starts of all threads, at the full rate */
    double ramp_ns;
    double position; /* of the next start: number of starts before it, in all threads */
    double stride;   /* mean distance to the following start */
    bool is_poisson;
    uint64_t random; /* state of the generator of Poisson gaps */
    uint64_t next_ns;
};

/* A seed that differs in every run: with equal random arrivals, the starts of many processes would
 * form one large burst. Never 0. */
uint64_t schedule_seed(void);

/* Initialise the schedule of one thread, at its first start. */
void schedule_init(struct schedule *schedule, const struct schedule_args *args);

/* When the next connection should start. */
static inline uint64_t schedule_next_ns(const struct schedule *schedule)
{
    return schedule->next_ns;
}

/* Advance to the following start. */
void schedule_advance(struct schedule *schedule);

/* Up to this many Poisson starts are skipped one by one; for more, the mean number is used. */
#define SCHEDULE_EXACT 1024

/* Advance to the first start at or after time_ns, skipping at most `most` starts. Takes constant
 * time. Returns how many were skipped. */
uint64_t schedule_skip(struct schedule *schedule, uint64_t time_ns, uint64_t most);

#endif
