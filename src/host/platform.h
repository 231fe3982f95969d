/* Facts about the machine, read from the kernel. Read only. */
#ifndef HELLO_PLATFORM_H
#define HELLO_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* Read the number at the start of a file of /proc or /sys. Returns 0, or -ENODATA (no such file, or
 * no number at its start). */
int platform_number_read(const char *path, uint64_t *ret_number);

/* Read the first word of a file of /proc or /sys into text; "" on failure. */
char *platform_word_read(const char *path, char *text, uint32_t text_bytes);

/* Read a file of /proc or /sys into text: all of it, or what fits; "" on failure. */
char *platform_text_read(const char *path, char *text, uint32_t text_bytes);

#define PLATFORM_PATH_BYTES 256

/* The path of the kernel setting that sysctl(8) calls `name` ("net.core.somaxconn"), below `root`:
 * "" for this machine, or a short path for tests. Writes to path, returns it. */
char *platform_sysctl_path(const char *root, const char *name, char path[PLATFORM_PATH_BYTES]);

/* Where the kernel shows a process its cgroups and mounts. */
#define PLATFORM_SELF "/proc/self"

/* How much memory there is, as facts (base/fact.h). */
struct platform_memory {
    uint64_t machine_bytes; /* MemTotal of /proc/meminfo, or what sysinfo(2) says */
    uint64_t limit_bytes;   /* of the cgroup that limits this process most */
    uint64_t usable_bytes;  /* the lower of them; unknown if the limit is unknown */
    const char *source;     /* of usable_bytes, or why it is unknown */
};

/* Read it below `root`: "" for this machine, or a short path for tests. */
struct platform_memory platform_memory_read(const char *root);

/* True if a file of /proc is not the kernel's: another is mounted over it, as in containers that
 * show only a part of the machine (lxcfs(8)). */
bool platform_is_covered(const char *path);

/* True if IPv6 is switched off by sysctl on every interface (net.ipv6.conf.all.disable_ipv6, and no
 * address in /proc/net/if_inet6). On a kernel without IPv6, socket(2) fails instead. */
bool platform_ipv6_is_off(void);

#endif
