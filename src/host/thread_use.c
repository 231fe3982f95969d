#include "host/thread_use.h"

#include "base/fact.h"

#include <math.h>

static double share(uint64_t ns, uint64_t span_ns)
{
    return fact_is_number(ns) && span_ns > 0 ? (double)ns / (double)span_ns : (double)NAN;
}

static struct cpu_time cpu_since(const struct cpu_time *now, const struct cpu_time *before)
{
    struct cpu_time time = {
        .busy_ns = fact_since(now->busy_ns, before->busy_ns),
        .softirq_ns = fact_since(now->softirq_ns, before->softirq_ns),
        .idle_ns = fact_since(now->idle_ns, before->idle_ns),
        .steal_ns = fact_since(now->steal_ns, before->steal_ns),
    };

    if (time.busy_ns == 0 && time.idle_ns == 0) /* it counts no time at all */
        time = (struct cpu_time){FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN};
    return time;
}

struct thread_use thread_use_between(const struct thread_reading *before,
                                     const struct thread_reading *now, uint64_t span_ns, int cpu,
                                     bool has_quota)
{
    struct cpu_time time = cpu_since(&now->cpu, &before->cpu);
    uint64_t own_ns = fact_since(now->thread.run_ns, before->thread.run_ns);
    uint64_t both_ns = own_ns;
    struct thread_use use = {
        .cpu = cpu,
        .own = own_ns > 0 ? share(own_ns, span_ns) : 0,
        .softirq = share(time.softirq_ns, span_ns),
        .others = (double)NAN,
        .idle = share(time.idle_ns, span_ns),
        .steal = share(time.steal_ns, span_ns),
        .waited = share(fact_since(now->thread.wait_ns, before->thread.wait_ns), span_ns),
    };

    if (fact_is_number(time.busy_ns) && fact_is_number(time.softirq_ns)) {
        both_ns += time.softirq_ns;
        if (both_ns > time.busy_ns)
            both_ns = time.busy_ns > own_ns ? time.busy_ns : own_ns;
        use.others = share(time.busy_ns > both_ns ? time.busy_ns - both_ns : 0, span_ns);
    }
    use.busy = has_quota || both_ns == 0 ? use.own : share(both_ns, span_ns);
    return use;
}
