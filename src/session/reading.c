#include "session/reading.h"

void reading_take(struct usage_source *source, const struct workers *workers, uint32_t threads,
                  struct reading *ret_reading)
{
    usage_read(source, &ret_reading->usage);
    for (uint32_t i = 0; i < threads; i++) {
        ret_reading->cpu_ids[i] = workers_cpu(workers, i);
        ret_reading->threads[i] = workers_time(workers, i);
    }
    usage_read_cpus(source, ret_reading->cpu_ids, threads, ret_reading->cpus);
}

struct thread_use reading_thread(const struct reading *before, const struct reading *now,
                                 uint32_t i, bool has_quota)
{
    const struct thread_reading first = {before->threads[i], before->cpus[i]};
    const struct thread_reading last = {now->threads[i], now->cpus[i]};

    return thread_use_between(&first, &last, now->usage.time_ns - before->usage.time_ns,
                              now->cpu_ids[i], has_quota);
}
