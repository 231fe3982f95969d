/* Connection tracking of the kernel (conntrack), which costs each connection CPU time.
 */
#ifndef HELLO_TRACKED_H
#define HELLO_TRACKED_H

#include <stdint.h>

/* How many connections the kernel tracks now in this network namespace, by anybody
 * (net.netfilter.nf_conntrack_count, Linux's Documentation/networking/nf_conntrack-sysctl.rst).
 * Each stays for up to two minutes after its end, so a run that was tracked leaves some, and where
 * nothing is tracked there are none, whether or not the module is loaded. A fact (base/fact.h),
 * read below `root`, which is "" for this machine and a short path for a stand-in. */
uint64_t tracked_connections(const char *root);

#endif
