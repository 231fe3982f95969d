#include "base/event.h"

#include "base/units.h"

#include <errno.h>
#include <time.h>

#include <sys/eventfd.h>

#define TRIES_MAX    100
#define TRY_AGAIN_NS (10 * (long)NS_PER_MS)

int event_raise(int fd)
{
    int error = 0;

    for (int tries = 0; tries < TRIES_MAX; tries++) {
        if (eventfd_write(fd, 1) == 0)
            return 0;
        error = -errno;
        nanosleep(&(struct timespec){.tv_nsec = TRY_AGAIN_NS}, NULL);
    }
    return error;
}
