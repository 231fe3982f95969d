/* Reads running totals out of the texts of /proc and /sys. Everything is looked up by its name, so
 * kernels that know more names or fewer are understood; what is not there leaves a total as it was.
 * Any bytes will do as text.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_USAGE_TEXT_H
#define HELLO_USAGE_TEXT_H

#include "measure/usage.h"

/* From /proc/net/snmp and /proc/net/netstat, whose lines come in pairs: names, then values. Sets
 * the counters of TCP that are in the text as numbers. */
void usage_text_tcp(const char *text, struct usage *usage);

/* From the cpu.stat of a cgroup, v1 or v2: adds to the throttling, unless that is not known. */
void usage_text_throttling(const char *text, struct usage *usage);

#endif
