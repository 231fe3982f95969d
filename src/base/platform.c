#include "base/platform.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Read a small file whole into text, which is "" if that fails. */
static void read_file(const char *path, char *text, size_t text_bytes)
{
    FILE *file = fopen(path, "re");
    size_t length = 0;

    if (file) {
        length = fread(text, 1, text_bytes - 1, file);
        fclose(file);
    }
    text[length] = '\0';
}

char *platform_word_read(const char *path, char *text, uint32_t text_bytes)
{
    read_file(path, text, text_bytes);
    text[strcspn(text, " \t\n")] = '\0';
    return text;
}

int platform_number_read(const char *path, uint64_t *ret_number)
{
    char text[64];

    read_file(path, text, sizeof(text));
    if (text[0] < '0' || text[0] > '9')
        return -ENODATA;
    *ret_number = strtoull(text, NULL, 10);
    return 0;
}

/* The quota of one cgroup directory in thousandths of a CPU, or UINT64_MAX. */
static uint64_t quota_of_directory(const char *directory, bool v2)
{
    char path[PATH_MAX + 32];
    uint64_t quota_us = 0, period_us = 0;

    if (v2) {
        char text[64]; /* "50000 100000", or "max 100000" */
        char *end;

        snprintf(path, sizeof(path), "%s/cpu.max", directory);
        read_file(path, text, sizeof(text));
        if (text[0] < '0' || text[0] > '9')
            return UINT64_MAX;
        quota_us = strtoull(text, &end, 10);
        period_us = strtoull(end, NULL, 10);
    } else {
        snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", directory); /* -1: no quota */
        if (platform_number_read(path, &quota_us) < 0)
            return UINT64_MAX;
        snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", directory);
        if (platform_number_read(path, &period_us) < 0)
            return UINT64_MAX;
    }
    return period_us ? quota_us * 1000 / period_us : UINT64_MAX;
}

/* The smallest quota from a cgroup up to the root of its hierarchy. */
static uint64_t quota_of_hierarchy(const char *mount, const char *cgroup, bool v2)
{
    char directory[PATH_MAX];
    size_t mount_length = strlen(mount);
    uint64_t smallest = UINT64_MAX;
    int length = snprintf(directory, sizeof(directory), "%s%s", mount, cgroup);

    if (length < 0 || (size_t)length >= sizeof(directory))
        return UINT64_MAX;
    for (;;) {
        uint64_t quota = quota_of_directory(directory, v2);
        char *slash = strrchr(directory, '/');

        smallest = quota < smallest ? quota : smallest;
        if (!slash || (size_t)(slash - directory) < mount_length)
            return smallest;
        *slash = '\0';
    }
}

/* True if a list of cgroup v1 controllers ("cpu,cpuacct") has the one that keeps quotas. */
static bool names_cpu(const char *controllers)
{
    size_t length = strcspn(controllers, ",");

    if (length == strlen("cpu") && strncmp(controllers, "cpu", length) == 0)
        return true;
    return controllers[length] == ',' && names_cpu(controllers + length + 1);
}

uint64_t platform_cpu_quota_millis(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX];
    uint64_t smallest = UINT64_MAX;

    if (!file)
        return UINT64_MAX;
    while (fgets(line, sizeof(line), file)) { /* "4:cpu,cpuacct:/path", or "0::/path" for v2 */
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        uint64_t quota = UINT64_MAX;

        if (!path)
            continue;
        *path++ = '\0';
        controllers++;
        path[strcspn(path, "\n")] = '\0';
        if (controllers[0] == '\0')
            quota = quota_of_hierarchy("/sys/fs/cgroup", path, true);
        else if (names_cpu(controllers))
            quota = quota_of_hierarchy("/sys/fs/cgroup/cpu", path, false);
        smallest = quota < smallest ? quota : smallest;
    }
    fclose(file);
    return smallest;
}

bool platform_ipv6_is_off(void)
{
    char first_address[64];
    uint64_t disabled = 0;

    if (platform_number_read("/proc/sys/net/ipv6/conf/all/disable_ipv6", &disabled) < 0)
        return false;
    platform_word_read("/proc/net/if_inet6", first_address, sizeof(first_address));
    return disabled != 0 && first_address[0] == '\0';
}
