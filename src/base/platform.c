#include "base/platform.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* True if a list of cgroup v1 controllers ("rw,cpu,cpuacct") has this one. */
static bool names_controller(const char *controllers, const char *controller)
{
    size_t length = strcspn(controllers, ",");

    if (length == strlen(controller) && strncmp(controllers, controller, length) == 0)
        return true;
    return controllers[length] == ',' && names_controller(controllers + length + 1, controller);
}

/* Put blanks back in place, which the kernel writes as \040 and so on (proc(5), mountinfo). */
static void octal_decode(char *text)
{
    char *out = text;

    while (*text) {
        if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
            *out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
            text += 4;
        } else {
            *out++ = *text++;
        }
    }
    *out = '\0';
}

/* A line of mountinfo, as far as it matters here. */
struct mount {
    char *root;  /* the directory of the file system that is mounted */
    char *point; /* where */
    bool is_v2;
};

/* Take a line apart, in place:
 * "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu".
 * Returns true if it is a mount of cgroup v2, or of this controller of v1. */
static bool mount_parse(char *line, const char *controller, struct mount *ret_mount)
{
    char *type = strstr(line, " - ");
    char *fields[5];
    char *options;

    if (!type)
        return false;
    *type = '\0';
    type += strlen(" - ");
    for (int i = 0; i < 5; i++) {
        fields[i] = strsep(&line, " ");
        if (!fields[i])
            return false;
    }
    options = strrchr(type, ' ');
    if (!options)
        return false;
    options[strcspn(options, "\n")] = '\0';
    ret_mount->is_v2 = strncmp(type, "cgroup2 ", strlen("cgroup2 ")) == 0;
    if (!ret_mount->is_v2 && (strncmp(type, "cgroup ", strlen("cgroup ")) != 0 ||
                              !names_controller(options + 1, controller)))
        return false;
    ret_mount->root = fields[3];
    ret_mount->point = fields[4];
    octal_decode(ret_mount->root);
    octal_decode(ret_mount->point);
    return true;
}

/* Below a mount whose root is `root`, where is the cgroup? NULL: not there. "": at the mount point,
 * or below it in a part that this process has no name for. */
static const char *cgroup_below(const char *root, const char *cgroup)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

    if (strncmp(cgroup, root, length) == 0 && (cgroup[length] == '/' || cgroup[length] == '\0')) {
        cgroup += length;
        if (strncmp(cgroup, "/..", 3) == 0) /* outside of what is mounted */
            return NULL;
        return strcmp(cgroup, "/") == 0 ? "" : cgroup;
    }
    /* Mounted from outside of this cgroup namespace: its root is above the namespace's. */
    return strncmp(root, "/..", 3) == 0 && strncmp(cgroup, "/..", 3) != 0 ? "" : NULL;
}

/* Where a cgroup of this process is in the file system. */
struct cgroup_place {
    char directory[PATH_MAX];
    size_t mount_length; /* of the directory, the part that is the mount point */
};

/* Find a cgroup of this controller by its path in `self`/cgroup. If several mounts show it, the one
 * that shows most of its ancestors is taken, and the latest of those. Returns true if there is one.
 */
static bool cgroup_find(const char *self, const char *controller, const char *cgroup, bool v2,
                        struct cgroup_place *ret_place)
{
    char path[PATH_MAX];
    size_t shortest_root = SIZE_MAX;
    size_t line_bytes = 0;
    char *line = NULL;
    FILE *file;

    snprintf(path, sizeof(path), "%s/mountinfo", self);
    file = fopen(path, "re");
    if (!file)
        return false;
    while (getline(&line, &line_bytes, file) >= 0) {
        struct mount mount;
        const char *below;

        if (!mount_parse(line, controller, &mount) || mount.is_v2 != v2)
            continue;
        below = cgroup_below(mount.root, cgroup);
        if (!below || strlen(mount.root) > shortest_root)
            continue;
        if (snprintf(path, sizeof(path), "%s%s", mount.point, below) >= (int)sizeof(path))
            continue;
        memcpy(ret_place->directory, path, sizeof(path));
        ret_place->mount_length = strlen(mount.point);
        shortest_root = strlen(mount.root);
    }
    free(line);
    fclose(file);
    return shortest_root != SIZE_MAX;
}

void platform_cgroups_visit(const char *self, const char *controller,
                            platform_cgroup_visitor *visitor, void *context)
{
    char line[PATH_MAX];
    FILE *file;

    snprintf(line, sizeof(line), "%s/cgroup", self);
    file = fopen(line, "re");
    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) { /* "4:cpu,cpuacct:/path", or "0::/path" for v2 */
        struct cgroup_place place;
        char *controllers = strchr(line, ':');
        char *cgroup = controllers ? strchr(controllers + 1, ':') : NULL;
        bool v2;

        if (!cgroup)
            continue;
        *cgroup++ = '\0';
        cgroup[strcspn(cgroup, "\n")] = '\0';
        v2 = *++controllers == '\0';
        if ((!v2 && !names_controller(controllers, controller)) ||
            !cgroup_find(self, controller, cgroup, v2, &place))
            continue;
        for (char *slash = place.directory; slash;) {
            visitor(context, place.directory, v2);
            slash = strrchr(place.directory + place.mount_length, '/');
            if (slash)
                *slash = '\0';
        }
    }
    fclose(file);
}

/* No kernel takes a larger quota (MAX_BW of kernel/sched/sched.h), so that products with it fit. */
#define QUOTA_MAX_US (UINT64_C(1) << 44)

/* The quota of one cgroup. */
static struct platform_quota quota_read(const char *directory, bool v2)
{
    const struct platform_quota none = {.quota_us = UINT64_MAX};
    struct platform_quota quota = none;
    char path[PATH_MAX + 32];

    if (v2) {
        char text[64]; /* "50000 100000", or "max 100000" */
        char *end;

        snprintf(path, sizeof(path), "%s/cpu.max", directory);
        platform_text_read(path, text, sizeof(text));
        if (text[0] < '0' || text[0] > '9')
            return none;
        quota.quota_us = strtoull(text, &end, 10);
        quota.period_us = strtoull(end, NULL, 10);
    } else {
        snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", directory); /* -1: no quota */
        if (platform_number_read(path, &quota.quota_us) < 0)
            return none;
        snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", directory);
        if (platform_number_read(path, &quota.period_us) < 0)
            return none;
    }
    return quota.period_us && quota.quota_us < QUOTA_MAX_US ? quota : none;
}

uint64_t platform_quota_millis(const struct platform_quota *quota)
{
    return quota->period_us ? quota->quota_us * 1000 / quota->period_us : UINT64_MAX;
}

static void quota_keep_smaller(void *context, const char *directory, bool v2)
{
    struct platform_quota *smallest = context;
    struct platform_quota quota = quota_read(directory, v2);

    if (platform_quota_millis(&quota) < platform_quota_millis(smallest))
        *smallest = quota;
}

struct platform_quota platform_cpu_quota(const char *self)
{
    struct platform_quota smallest = {.quota_us = UINT64_MAX};

    platform_cgroups_visit(self, "cpu", quota_keep_smaller, &smallest);
    return smallest;
}

static void memory_keep_smaller(void *context, const char *directory, bool v2)
{
    uint64_t *smallest = context;
    uint64_t limit_bytes; /* none reads "max" (v2), or more than any machine has (v1) */
    char path[PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/%s", directory, v2 ? "memory.max" : "memory.limit_in_bytes");
    if (platform_number_read(path, &limit_bytes) == 0 && limit_bytes < *smallest)
        *smallest = limit_bytes;
}

uint64_t platform_memory_limit_bytes(const char *self)
{
    uint64_t smallest = UINT64_MAX;

    platform_cgroups_visit(self, "memory", memory_keep_smaller, &smallest);
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
