/* Facts about the machine, read from the kernel. Nothing here changes anything. */
#ifndef HELLO_PLATFORM_H
#define HELLO_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* Read the number that a file of /proc or /sys begins with. Returns 0, or -ENODATA (no such file,
 * or it begins with no number). */
int platform_number_read(const char *path, uint64_t *ret_number);

/* Read the first word of a file of /proc or /sys into text, which is "" if that fails. */
char *platform_word_read(const char *path, char *text, uint32_t text_bytes);

/* The CPU time that the cgroups of this process allow, in thousandths of a CPU, over all levels of
 * the hierarchy; UINT64_MAX if nothing limits it. Reads cgroup v2 (cpu.max) and v1
 * (cpu.cfs_quota_us). */
uint64_t platform_cpu_quota_millis(void);

/* True if IPv6 is switched off by sysctl on every interface (net.ipv6.conf.all.disable_ipv6, and no
 * address in /proc/net/if_inet6). A kernel without IPv6 shows itself at socket(2) instead. */
bool platform_ipv6_is_off(void);

#endif
