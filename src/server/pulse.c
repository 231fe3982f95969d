#include "server/pulse.h"

#include "base/counter.h"
#include "base/fact.h"
#include "net/accept_queue.h"

void pulse_begin(struct pulse *pulse, uint64_t now_ns)
{
    counter_set(&pulse->turn_ns, now_ns);
}

void pulse_end(struct pulse *pulse)
{
    counter_set(&pulse->turn_ns, 0);
}

void pulse_cease(struct pulse *pulse)
{
    pulse_end(pulse);
    counter_set(&pulse->over, 1);
}

bool pulse_is_over(const struct pulse *pulse)
{
    return counter_read(&pulse->over) != 0;
}

void pulse_sample(struct pulse *pulse, uint64_t accepted, int sock)
{
    uint64_t wait_ns;

    if (accepted % PULSE_SAMPLE != 0)
        return;
    wait_ns = accept_queue_wait_ns(sock);
    if (fact_is_number(wait_ns))
        durations_add(&pulse->waits, wait_ns);
}

bool pulse_is_stuck(const struct pulse *pulse, uint64_t now_ns)
{
    uint64_t turn_ns = counter_read(&pulse->turn_ns);

    return turn_ns != 0 && now_ns > turn_ns && now_ns - turn_ns > PULSE_STUCK_NS;
}
