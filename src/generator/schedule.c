#include "generator/schedule.h"

#include "base/clock.h"

#include <math.h>

#include <sys/random.h>

/* A random number by splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014). */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t bits = *state += UINT64_C(0x9e3779b97f4a7c15);

    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

/* In (0, 1], so that its logarithm is finite. */
static double random_unit(uint64_t *state)
{
    uint64_t bits = random_bits(state);

    return (double)((bits >> 11) + 1) * 0x1p-53;
}

/* The time of the start at this position: the inverse of the number of starts up to a time t, which
 * is t^2 / (2 * ramp * interval) while the rate rises, then (t - ramp / 2) / interval. */
static uint64_t schedule_time_ns(const struct schedule *schedule)
{
    double flat_ns = schedule->position * schedule->interval_ns;

    if (flat_ns < schedule->ramp_ns / 2)
        return (uint64_t)sqrt(2 * schedule->ramp_ns * flat_ns);
    return (uint64_t)(flat_ns + schedule->ramp_ns / 2);
}

/* The inverse of schedule_time_ns: the number of starts before a time. */
static double schedule_position(const struct schedule *schedule, uint64_t time_ns)
{
    double ns = (double)time_ns;

    if (ns < schedule->ramp_ns)
        return ns * ns / (2 * schedule->ramp_ns * schedule->interval_ns);
    return (ns - schedule->ramp_ns / 2) / schedule->interval_ns;
}

/* The distance to the next position of this thread. */
static double schedule_gap(struct schedule *schedule)
{
    if (!schedule->is_poisson)
        return schedule->stride;
    return -log(random_unit(&schedule->random)) * schedule->stride;
}

uint64_t schedule_seed(void)
{
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof(seed), 0) < 0)
        seed = (uint32_t)clock_read_ns(CLOCK_REALTIME);
    return seed > 0 ? seed : 1;
}

void schedule_init(struct schedule *schedule, const struct schedule_args *args)
{
    *schedule = (struct schedule){
        .interval_ns = (double)args->rate.period_ns / (double)args->rate.starts,
        .ramp_ns = (double)args->ramp_ns,
        .position = args->thread,
        .stride = args->threads,
    };
    if (args->arrivals == LOAD_POISSON) {
        schedule->is_poisson = true;
        /* Mixed: otherwise threads would use the same numbers, each one step later. */
        schedule->random = args->seed;
        schedule->random = random_bits(&schedule->random) + args->thread;
        schedule->random = random_bits(&schedule->random);
        schedule->position = schedule_gap(schedule);
    }
    schedule->next_ns = schedule_time_ns(schedule);
}

void schedule_advance(struct schedule *schedule)
{
    schedule->position += schedule_gap(schedule);
    schedule->next_ns = schedule_time_ns(schedule);
}

uint64_t schedule_skip(struct schedule *schedule, uint64_t time_ns, uint64_t most)
{
    double due = (schedule_position(schedule, time_ns) - schedule->position) / schedule->stride - 1;
    uint64_t count = 0;

    if (due > SCHEDULE_EXACT) {
        count = due < (double)most ? (uint64_t)due : most;
        schedule->position += (double)count * schedule->stride;
        schedule->next_ns = schedule_time_ns(schedule);
    }
    for (; count < most && schedule->next_ns < time_ns; count++)
        schedule_advance(schedule);
    return count;
}
