#include "net/offloads.h"

#include "base/fact.h"

#include <stdio.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static uint64_t offload_read(int fd, const char *device, uint32_t command)
{
    struct ethtool_value value = {.cmd = command};
    struct ifreq request = {.ifr_data = (void *)&value};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
    if (ioctl(fd, SIOCETHTOOL, &request) < 0)
        return FACT_UNKNOWN;
    return value.data != 0;
}

struct offloads offloads_read(const char *device)
{
    struct offloads offloads = {FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return offloads;
    offloads = (struct offloads){.gro = offload_read(fd, device, ETHTOOL_GGRO),
                                 .gso = offload_read(fd, device, ETHTOOL_GGSO),
                                 .tso = offload_read(fd, device, ETHTOOL_GTSO)};
    close(fd);
    return offloads;
}
