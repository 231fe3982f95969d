#include "host/platform.h"

#include "base/fact.h"
#include "host/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <sys/sysinfo.h>

char *platform_text_read(const char *path, char *text, uint32_t text_bytes)
{
    FILE *file = fopen(path, "re");
    size_t length = 0;

    if (file) {
        length = fread(text, 1, text_bytes - 1, file);
        fclose(file);
    }
    text[length] = '\0';
    return text;
}

char *platform_word_read(const char *path, char *text, uint32_t text_bytes)
{
    platform_text_read(path, text, text_bytes);
    text[strcspn(text, " \t\n")] = '\0';
    return text;
}

int platform_number_read(const char *path, uint64_t *ret_number)
{
    char text[64];

    platform_text_read(path, text, sizeof(text));
    if (text[0] < '0' || text[0] > '9')
        return -ENODATA;
    *ret_number = strtoull(text, NULL, 10);
    return 0;
}

char *platform_sysctl_path(const char *root, const char *name, char path[PLATFORM_PATH_BYTES])
{
    int start = snprintf(path, PLATFORM_PATH_BYTES, "%s/proc/sys/", root);

    snprintf(path + start, PLATFORM_PATH_BYTES - (size_t)start, "%s", name);
    for (char *dot = path + start; (dot = strchr(dot, '.')) != NULL;)
        *dot = '/';
    return path;
}

/* MemTotal of /proc/meminfo, its first line (proc(5)); a container may have its own file there
 * (lxcfs), with the total of its cgroup. */
static uint64_t meminfo_read(const char *root)
{
    char path[PATH_MAX], text[256];
    const char *total;
    uint64_t kib;

    snprintf(path, sizeof(path), "%s/proc/meminfo", root);
    total = strstr(platform_text_read(path, text, sizeof(text)), "MemTotal:");
    kib = total ? strtoull(total + strlen("MemTotal:"), NULL, 10) : 0;
    return kib > 0 && kib < FACT_NONE / 1024 ? kib * 1024 : FACT_UNKNOWN;
}

/* The kernel's value without /proc (sysinfo(2)), only for this machine. */
static uint64_t sysinfo_memory_bytes(const char *root)
{
    struct sysinfo info;

    if (root[0] != '\0' || sysinfo(&info) < 0 || info.totalram == 0)
        return FACT_UNKNOWN;
    return (uint64_t)info.totalram * info.mem_unit;
}

struct platform_memory platform_memory_read(const char *root)
{
    struct platform_memory memory = {.machine_bytes = meminfo_read(root),
                                     .source = "MemTotal of /proc/meminfo"};
    char self[PATH_MAX];

    if (!fact_is_number(memory.machine_bytes)) {
        memory.machine_bytes = sysinfo_memory_bytes(root);
        memory.source = "sysinfo";
    }
    snprintf(self, sizeof(self), "%s" PLATFORM_SELF, root);
    memory.limit_bytes = cgroup_memory_limit_bytes(self);
    if (fact_is_number(memory.limit_bytes) &&
        (!fact_is_number(memory.machine_bytes) || memory.limit_bytes < memory.machine_bytes)) {
        memory.usable_bytes = memory.limit_bytes;
        memory.source = "the limit of a cgroup";
    } else if (memory.limit_bytes == FACT_UNKNOWN) {
        memory.usable_bytes = FACT_UNKNOWN;
        memory.source = "the cgroup limit cannot be read";
    } else {
        memory.usable_bytes = memory.machine_bytes;
    }
    if (memory.usable_bytes == FACT_UNKNOWN && memory.limit_bytes == FACT_NONE)
        memory.source = "not detected";
    return memory;
}

bool platform_is_covered(const char *path)
{
    char directory[PATH_MAX];
    struct stat file, parent;
    char *slash;

    snprintf(directory, sizeof(directory), "%s", path);
    slash = strrchr(directory, '/');
    if (!slash || stat(path, &file) < 0)
        return false;
    *slash = '\0';
    return stat(slash == directory ? "/" : directory, &parent) == 0 && file.st_dev != parent.st_dev;
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
