/* Connection tracking of the kernel (conntrack): it costs CPU time per connection. */
#ifndef HELLO_TRACKED_H
#define HELLO_TRACKED_H

#include <stdint.h>

/* How many connections, of all processes, the kernel tracks now in this network namespace
 * (net.netfilter.nf_conntrack_count, Linux's Documentation/networking/nf_conntrack-sysctl.rst).
 * Each stays for up to two minutes after its end, so a tracked run leaves some. Without tracking
 * there are none, whether or not the module is loaded. A fact (base/fact.h), read below `root`: ""
 * for this machine, or a short path for tests. */
uint64_t tracked_connections(const char *root);

#endif
