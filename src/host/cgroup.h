/* The cgroups of a process, and their limits (cgroups(7)). Read only.
 *
 * `self` is where the kernel shows a process its cgroups and mounts: PLATFORM_SELF, or a test
 * directory. A limit is a fact (base/fact.h): a number, none, or unknown. If one of several levels
 * cannot be read, the lowest limit of the others counts. */
#ifndef HELLO_CGROUP_H
#define HELLO_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Called with the directory of a cgroup; v2 decides its file names and formats. */
typedef void cgroup_visitor(void *context, const char *directory, bool v2);

/* Visit the cgroups of this process that may have a limit of a controller, "cpu" or "memory": those
 * of cgroup v2 and of that controller of v1, from the process's own up to the highest visible one.
 * The mounts are found in `self`/mountinfo, the cgroups in `self`/cgroup; in a container the root
 * of both may not be the machine's (cgroup_namespaces(7)). Returns false if the cgroup that has the
 * controller is not visible: the answer is incomplete. */
bool cgroup_visit(const char *self, const char *controller, cgroup_visitor *visitor, void *context);

/* How much CPU time a cgroup may use in each period. */
struct cgroup_quota {
    uint64_t quota_us;  /* a fact */
    uint64_t period_us; /* 0: quota_us is not a number */
};

/* The quota of the cgroup that limits this process most: cpu.max (v2), cpu.cfs_quota_us (v1). */
struct cgroup_quota cgroup_cpu_quota(const char *self);

/* A quota in thousandths of a CPU, as a fact. */
uint64_t cgroup_quota_millis(const struct cgroup_quota *quota);

/* How much memory the cgroup that limits this process most may use: memory.max (v2),
 * memory.limit_in_bytes (v1); a fact. v1 reports "no limit" as more than any machine has. */
uint64_t cgroup_memory_limit_bytes(const char *self);

#endif
