#include "host/tracked.h"

#include "base/fact.h"
#include "host/platform.h"

#include <errno.h>
#include <unistd.h>

/* True if the kernel shows its packet filters, but no connection tracking. */
static bool is_without_tracking(const char *root, const char *count_path)
{
    char log_path[PLATFORM_PATH_BYTES];

    if (access(count_path, F_OK) == 0 || errno != ENOENT)
        return false;
    return access(platform_sysctl_path(root, "net.netfilter.nf_log", log_path), F_OK) == 0;
}

uint64_t tracked_connections(const char *root)
{
    char path[PLATFORM_PATH_BYTES];
    uint64_t count;

    platform_sysctl_path(root, "net.netfilter.nf_conntrack_count", path);
    if (platform_number_read(path, &count) == 0)
        return count;
    return is_without_tracking(root, path) ? 0 : FACT_UNKNOWN;
}
