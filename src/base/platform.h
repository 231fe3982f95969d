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

/* Read a file of /proc or /sys into text: all of it, or what fits, and "" if that fails. */
char *platform_text_read(const char *path, char *text, uint32_t text_bytes);

#define PLATFORM_PATH_BYTES 256

/* Where a kernel setting lies that sysctl(8) calls `name` ("net.core.somaxconn"), below `root`,
 * which is "" for this machine and a short path for a stand-in. Writes to path, returns it. */
char *platform_sysctl_path(const char *root, const char *name, char path[PLATFORM_PATH_BYTES]);

/* Where the kernel tells a process of its cgroups and mounts. */
#define PLATFORM_SELF "/proc/self"

/* How much memory there is, as facts (base/fact.h). */
struct platform_memory {
    uint64_t machine_bytes; /* MemTotal of /proc/meminfo, or what sysinfo(2) says */
    uint64_t limit_bytes;   /* of the cgroup that limits this process most */
    uint64_t usable_bytes;  /* the lower of them; not known either if the limit is not */
    const char *source;     /* of usable_bytes, or why it is not known */
};

/* Read it below `root`, which is "" for this machine and a short path for a stand-in. */
struct platform_memory platform_memory_read(const char *root);

/* True if a file of /proc is not the kernel's: something is laid over it, as containers do that
 * show a part of the machine (lxcfs(8)). */
bool platform_is_covered(const char *path);

/* True if IPv6 is switched off by sysctl on every interface (net.ipv6.conf.all.disable_ipv6, and no
 * address in /proc/net/if_inet6). A kernel without IPv6 shows itself at socket(2) instead. */
bool platform_ipv6_is_off(void);

#endif
