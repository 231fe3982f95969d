/* The cgroups of a process, and what they limit (cgroups(7)). Nothing here changes anything.
 *
 * `self` is where the kernel tells a process of its cgroups and mounts: PLATFORM_SELF, or a
 * stand-in. A limit is a fact (base/fact.h): a number, none, or not known. If one of several levels
 * cannot be read, the lowest limit of the others counts. */
#ifndef HELLO_CGROUP_H
#define HELLO_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Called with the directory of a cgroup; v2 tells how its files are named and written. */
typedef void cgroup_visitor(void *context, const char *directory, bool v2);

/* Visit the cgroups of this process that may have a limit of a controller, "cpu" or "memory": those
 * of cgroup v2 and of that controller of v1, each from the process's own up to the highest one that
 * can be seen. The mounts are found in `self`/mountinfo, the cgroups in `self`/cgroup; in a
 * container both count from a root that need not be the machine's (cgroup_namespaces(7)).
 * Returns false if the cgroup that has the controller cannot be seen, so that not all is known. */
bool cgroup_visit(const char *self, const char *controller, cgroup_visitor *visitor, void *context);

/* How much CPU time a cgroup may use in each period. */
struct cgroup_quota {
    uint64_t quota_us;  /* a fact */
    uint64_t period_us; /* 0: quota_us is no number */
};

/* The quota of the cgroup that limits this process most: cpu.max (v2), cpu.cfs_quota_us (v1). */
struct cgroup_quota cgroup_cpu_quota(const char *self);

/* A quota in thousandths of a CPU, as a fact. */
uint64_t cgroup_quota_millis(const struct cgroup_quota *quota);

/* How much memory the cgroup that limits this process most may use: memory.max (v2),
 * memory.limit_in_bytes (v1); a fact. More than any machine has is how v1 says that it is none. */
uint64_t cgroup_memory_limit_bytes(const char *self);

#endif
