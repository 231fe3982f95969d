#include "host/cgroup.h"

#include "base/fact.h"
#include "host/platform.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True if a list of cgroup v1 controllers ("rw,cpu,cpuacct") has this one. */
static bool names_controller(const char *controllers, const char *controller)
{
    size_t length = strcspn(controllers, ",");

    if (length == strlen(controller) && strncmp(controllers, controller, length) == 0)
        return true;
    return controllers[length] == ',' && names_controller(controllers + length + 1, controller);
}

/* Decode blanks, which the kernel writes as \040 and so on (proc(5), mountinfo). */
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

/* The needed fields of a mountinfo line. */
struct mount {
    char *root;  /* the directory of the file system that is mounted */
    char *point; /* where */
    bool is_v2;
};

/* Split a line, in place:
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

/* The path of the cgroup below a mount whose root is `root`. NULL: not there. "": at the mount
 * point, or below it in a part with no visible name. */
static const char *cgroup_below(const char *root, const char *cgroup)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

    if (strncmp(cgroup, root, length) == 0 && (cgroup[length] == '/' || cgroup[length] == '\0')) {
        cgroup += length;
        if (strncmp(cgroup, "/..", 3) == 0) /* outside of the mount */
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

/* True if this directory is a cgroup, not another one mounted over it (each cgroup has this file).
 */
static bool is_cgroup(const char *directory)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
    return access(path, F_OK) == 0;
}

/* Find a cgroup of this controller by its path in `self`/cgroup. Of several mounts, prefer the one
 * that shows most of its ancestors, then the latest. Returns true if there is one. */
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
    return shortest_root != SIZE_MAX && is_cgroup(ret_place->directory);
}

/* A line of `self`/cgroup, "4:cpu,cpuacct:/path", or "0::/path" for v2, split in place. */
static bool cgroup_line_parse(char *line, const char *controller, const char **ret_cgroup,
                              bool *ret_v2)
{
    char *controllers = strchr(line, ':');
    char *cgroup = controllers ? strchr(controllers + 1, ':') : NULL;

    if (!cgroup)
        return false;
    *cgroup++ = '\0';
    cgroup[strcspn(cgroup, "\n")] = '\0';
    *ret_cgroup = cgroup;
    *ret_v2 = *++controllers == '\0';
    return *ret_v2 || names_controller(controllers, controller);
}

/* True if the kernel reports mounts but has no cgroups at all. */
static bool has_no_cgroups(const char *self, int error)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/mountinfo", self);
    return error == ENOENT && access(path, R_OK) == 0;
}

bool cgroup_visit(const char *self, const char *controller, cgroup_visitor *visitor, void *context)
{
    bool is_listed[2] = {false, false}, is_found[2] = {false, false}; /* in v1, in v2 */
    char line[PATH_MAX];
    FILE *file;

    snprintf(line, sizeof(line), "%s/cgroup", self);
    file = fopen(line, "re");
    if (!file)
        return has_no_cgroups(self, errno);
    while (fgets(line, sizeof(line), file)) {
        struct cgroup_place place;
        const char *cgroup;
        bool v2;

        if (!cgroup_line_parse(line, controller, &cgroup, &v2))
            continue;
        is_listed[v2] = true;
        if (!cgroup_find(self, controller, cgroup, v2, &place))
            continue;
        is_found[v2] = true;
        for (char *slash = place.directory; slash;) {
            visitor(context, place.directory, v2);
            slash = strrchr(place.directory + place.mount_length, '/');
            if (slash)
                *slash = '\0';
        }
    }
    fclose(file);
    if (is_listed[false]) /* a controller that v1 has is not in v2 */
        return is_found[false];
    return !is_listed[true] || is_found[true];
}

/* Read a limit file of a cgroup. Returns its text; "" if it cannot be read, NULL if this cgroup has
 * no such limit. */
static char *limit_text(const char *directory, const char *name, char *text, uint32_t text_bytes)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return NULL;
    return platform_text_read(path, text, text_bytes);
}

/* The limit in a text. No limit is `none`, or a number of `none_from` or more. *ret_rest becomes
 * the rest of the text. */
static uint64_t limit_parse(const char *text, const char *none, uint64_t none_from, char **ret_rest)
{
    uint64_t limit;

    if (!text || strncmp(text, none, strlen(none)) == 0)
        return FACT_NONE;
    if (text[0] < '0' || text[0] > '9')
        return FACT_UNKNOWN;
    limit = strtoull(text, ret_rest, 10);
    return limit >= none_from ? FACT_NONE : limit;
}

/* Which of two limits counts: the lower one or, if none is a number, "unknown". */
static bool limit_replaces(uint64_t limit, uint64_t other)
{
    if (fact_is_number(limit))
        return limit < other;
    return limit == FACT_UNKNOWN && other == FACT_NONE;
}

/* No kernel accepts a larger quota (MAX_BW of kernel/sched/sched.h), so products with it fit; more
 * means no quota. */
#define QUOTA_MAX_US (UINT64_C(1) << 44)

/* The quota of one cgroup. */
static struct cgroup_quota quota_read(const char *directory, bool v2)
{
    char text[64]; /* "50000 100000", or "max 100000" */
    const char *name = v2 ? "cpu.max" : "cpu.cfs_quota_us";
    const char *none = v2 ? "max" : "-1";
    char *rest = NULL;
    struct cgroup_quota quota = {0};

    quota.quota_us =
        limit_parse(limit_text(directory, name, text, sizeof(text)), none, QUOTA_MAX_US, &rest);
    if (!v2)
        rest = limit_text(directory, "cpu.cfs_period_us", text, sizeof(text));
    if (!fact_is_number(quota.quota_us))
        return quota;
    quota.period_us = rest ? strtoull(rest, NULL, 10) : 0;
    if (quota.period_us == 0)
        quota.quota_us = FACT_UNKNOWN;
    return quota;
}

uint64_t cgroup_quota_millis(const struct cgroup_quota *quota)
{
    return quota->period_us ? quota->quota_us * 1000 / quota->period_us : quota->quota_us;
}

static void quota_keep_smaller(void *context, const char *directory, bool v2)
{
    struct cgroup_quota *smallest = context;
    struct cgroup_quota quota = quota_read(directory, v2);

    if (limit_replaces(cgroup_quota_millis(&quota), cgroup_quota_millis(smallest)))
        *smallest = quota;
}

struct cgroup_quota cgroup_cpu_quota(const char *self)
{
    struct cgroup_quota smallest = {.quota_us = FACT_NONE};

    if (!cgroup_visit(self, "cpu", quota_keep_smaller, &smallest) && smallest.period_us == 0)
        smallest.quota_us = FACT_UNKNOWN;
    return smallest;
}

/* No machine has this much memory; v1 says "no limit" with its largest number: 0x7ffffffffffff000
 * (PAGE_COUNTER_MAX), and 0x7fffffffffffffff before Linux 3.19. */
#define MEMORY_MAX_BYTES (UINT64_C(1) << 52)

static void memory_keep_smaller(void *context, const char *directory, bool v2)
{
    const char *name = v2 ? "memory.max" : "memory.limit_in_bytes";
    uint64_t *smallest = context;
    char text[64], *rest;
    uint64_t limit_bytes = limit_parse(limit_text(directory, name, text, sizeof(text)), "max",
                                       MEMORY_MAX_BYTES, &rest);

    if (limit_replaces(limit_bytes, *smallest))
        *smallest = limit_bytes;
}

uint64_t cgroup_memory_limit_bytes(const char *self)
{
    uint64_t smallest = FACT_NONE;

    if (!cgroup_visit(self, "memory", memory_keep_smaller, &smallest) && smallest == FACT_NONE)
        smallest = FACT_UNKNOWN;
    return smallest;
}
