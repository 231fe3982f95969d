#include "net/limits.h"

#include <errno.h>

#include <sys/resource.h>

uint64_t limits_descriptors_reserved(uint64_t workers)
{
    return LIMITS_DESCRIPTORS_BASE + LIMITS_DESCRIPTORS_PER_WORKER * workers;
}

int64_t limits_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    return limit.rlim_cur > LIMITS_DESCRIPTORS_MAX ? LIMITS_DESCRIPTORS_MAX
                                                   : (int64_t)limit.rlim_cur;
}
