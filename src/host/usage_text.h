/* Reads running totals from the texts of /proc and /sys. Everything is found by its name, so
 * kernels with more or fewer names work; a missing name leaves its total unchanged. Any bytes are
 * valid as text.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_USAGE_TEXT_H
#define HELLO_USAGE_TEXT_H

#include "host/usage.h"

/* From /proc/net/snmp and /proc/net/netstat, whose lines come in pairs: names, then values. Sets
 * the TCP counters that are numbers in the text. */
void usage_text_tcp(const char *text, struct usage *usage);

/* From /proc/net/netstat: sets the SYN cookies, if there is a number. */
void usage_text_tcp_more(const char *text, struct usage_more *more);

/* From the cpu.stat of a cgroup, v1 or v2: adds to the throttling, unless it is unknown. */
void usage_text_throttling(const char *text, struct usage *usage);

/* The same for the periods. */
void usage_text_periods(const char *text, struct usage_more *more);

#endif
