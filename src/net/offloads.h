/* Batching of packets by a network device, which changes the cost of each packet. */
#ifndef HELLO_OFFLOADS_H
#define HELLO_OFFLOADS_H

#include <stdint.h>

/* Facts (base/fact.h): 1, it is on; 0, it is off. */
struct offloads {
    uint64_t gro; /* received packets are merged (generic receive offload) */
    uint64_t gso; /* large packets are split late, just before the device */
    uint64_t tso; /* the device splits large TCP packets itself */
};

/* Ask the kernel about a device by its name, "eth0": the ioctl SIOCETHTOOL with ETHTOOL_GGRO,
 * ETHTOOL_GGSO and ETHTOOL_GTSO, which need no privilege (dev_ethtool in Linux's
 * net/ethtool/ioctl.c). What cannot be read (for example: no such device) is unknown. */
struct offloads offloads_read(const char *device);

#endif
