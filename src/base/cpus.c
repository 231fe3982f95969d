#include "base/cpus.h"

#include <errno.h>
#include <sched.h>

int cpus_read(struct cpus *ret_cpus)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return -errno;
    ret_cpus->count = 0;
    for (unsigned id = 0; id < CPU_SETSIZE && ret_cpus->count < CPUS_MAX; id++) {
        if (CPU_ISSET(id, &set))
            ret_cpus->ids[ret_cpus->count++] = (uint16_t)id;
    }
    return 0;
}

int cpus_pin(uint16_t id)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(id, &set);
    return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}
