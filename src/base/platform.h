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

/* Called with the directory of a cgroup; v2 tells how its files are named and written. */
typedef void platform_cgroup_visitor(void *context, const char *directory, bool v2);

/* Visit the cgroups of this process that may have a limit of a controller, "cpu" or "memory": those
 * of cgroup v2 and of that controller of v1, each from the process's own up to the highest one that
 * can be seen. The mounts are found in `self`/mountinfo, the cgroups in `self`/cgroup; in a
 * container both count from a root that need not be the machine's (cgroups(7),
 * cgroup_namespaces(7)). */
void platform_cgroups_visit(const char *self, const char *controller,
                            platform_cgroup_visitor *visitor, void *context);

/* How much CPU time a cgroup may use in each period. */
struct platform_quota {
    uint64_t quota_us;  /* UINT64_MAX: no quota */
    uint64_t period_us; /* 0: no quota */
};

/* The quota of the cgroup that limits this process most: cpu.max (v2), cpu.cfs_quota_us (v1). */
struct platform_quota platform_cpu_quota(const char *self);

/* A quota in thousandths of a CPU; UINT64_MAX if there is none. */
uint64_t platform_quota_millis(const struct platform_quota *quota);

/* How much memory the cgroup that limits this process most may use: memory.max (v2),
 * memory.limit_in_bytes (v1). UINT64_MAX, or more than the machine has, if nothing limits it. */
uint64_t platform_memory_limit_bytes(const char *self);

/* True if IPv6 is switched off by sysctl on every interface (net.ipv6.conf.all.disable_ipv6, and no
 * address in /proc/net/if_inet6). A kernel without IPv6 shows itself at socket(2) instead. */
bool platform_ipv6_is_off(void);

#endif
