#include "base/event.h"

#include "base/clock.h"
#include "base/units.h"

#include <errno.h>

#include <sys/eventfd.h>

#define TRIES_MAX    100
#define TRY_AGAIN_NS (10 * NS_PER_MS)

int event_raise(int fd)
{
    int error = 0;

    for (int tries = 0; tries < TRIES_MAX; tries++) {
        if (eventfd_write(fd, 1) == 0)
            return 0;
        error = -errno;
        clock_pause(TRY_AGAIN_NS);
    }
    return error;
}
