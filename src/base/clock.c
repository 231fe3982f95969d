#include "base/clock.h"

#include "base/units.h"

uint64_t clock_read_ns(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) < 0)
        return 0;
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

uint64_t clock_now_ns(void)
{
    static _Thread_local uint64_t latest_ns; /* of each thread: time is no shared state */
    uint64_t now_ns = clock_read_ns(CLOCK_MONOTONIC);

    if (now_ns > latest_ns)
        latest_ns = now_ns;
    return latest_ns;
}

void clock_pause(uint64_t length_ns)
{
    struct timespec length = {.tv_sec = (time_t)(length_ns / NS_PER_S),
                              .tv_nsec = (long)(length_ns % NS_PER_S)};

    nanosleep(&length, NULL);
}
