/* What a network device does with many packets at once, which changes what each of them costs. */
#ifndef HELLO_OFFLOADS_H
#define HELLO_OFFLOADS_H

#include <stdint.h>

/* Facts (base/fact.h): 1, it is on; 0, it is off. */
struct offloads {
    uint64_t gro; /* packets that come are put together (generic receive offload) */
    uint64_t gso; /* large packets are cut late, just before the device */
    uint64_t tso; /* the device cuts large TCP packets itself */
};

/* Ask the kernel of a device by its name, "eth0": the ioctl SIOCETHTOOL with ETHTOOL_GGRO,
 * ETHTOOL_GGSO and ETHTOOL_GTSO, which anybody may (dev_ethtool in Linux's net/ethtool/ioctl.c).
 * What cannot be read, as of a device that is not there, is not known. */
struct offloads offloads_read(const char *device);

#endif
