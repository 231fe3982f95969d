#include "base/event.h"

#include <errno.h>

#include <sys/eventfd.h>

int event_raise(int fd)
{
    return eventfd_write(fd, 1) < 0 ? -errno : 0;
}
