#include "server/tuning.h"

#include "base/fact.h"
#include "host/platform.h"
#include "net/limits.h"
#include "server/sizing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define DESCRIPTORS "descriptors" /* the limit that is not a sysctl */

/* The useful value of a limit: one per this many bytes of memory, up to `max`. */
struct tuning {
    const char *name; /* of the sysctl */
    uint64_t bytes_each;
    uint64_t max;
};

static const struct tuning tunings[] = {
    /* Connections wait there while a CPU quota keeps us from accepting: a quarter of the memory. */
    {"net.core.somaxconn", 4 * SIZING_CONNECTION_BYTES, 65535},
    /* Handshakes in progress, 300 bytes each; small machines start with 128, then use SYN
     * cookies. */
    {"net.ipv4.tcp_max_syn_backlog", 4 * SIZING_CONNECTION_BYTES, 65535},
    /* We close first, so we keep the TIME_WAIT: 256 bytes each, for 60 s. Small machines start with
     * 1024; beyond that, late packets get a reset. */
    {"net.ipv4.tcp_max_tw_buckets", 4096, 262144},
};

static uint64_t tuning_wanted(const struct tuning *tuning, const struct hardware *hardware)
{
    uint64_t wanted = hardware->memory_bytes / tuning->bytes_each;

    return wanted < tuning->max ? wanted : tuning->max;
}

static int number_write(const char *path, uint64_t number)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%" PRIu64 "\n", number);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int result = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, (size_t)length) < 0)
        result = -errno;
    close(fd);
    return result;
}

/* True if this process has the capability in its effective set (capabilities(7)). */
static bool has_capability(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

/* Advice for a limit that could not be raised. Root is neither needed nor enough where containers
 * and service managers remove capabilities. */
static const char *tuning_advice(bool is_sysctl, int error)
{
    if (error == EROFS)
        return "/proc/sys is read-only here, so set it where this container is started, as by "
               "docker run --sysctl";
    if (!is_sysctl && !has_capability(CAP_SYS_RESOURCE))
        return "that needs CAP_SYS_RESOURCE, which this process does not have; or set it where it "
               "is started (LimitNOFILE=, docker run --ulimit)";
    if (!is_sysctl)
        return "first raise the sysctl fs.nr_open, which bounds it";
    if (!has_capability(CAP_NET_ADMIN))
        return "that needs CAP_NET_ADMIN, which this process does not have; or set it by sysctl";
    return "set it by sysctl, on the machine itself";
}

/* The line about one limit; `result` is of the attempt to raise it. */
static void tuning_describe(char line[TUNING_LINE_BYTES], const char *name, uint64_t before,
                            uint64_t wanted, bool dry, int result)
{
    bool is_sysctl = strcmp(name, DESCRIPTORS) != 0;

    if (wanted <= before)
        snprintf(line, TUNING_LINE_BYTES, "tune: %s stays %" PRIu64, name, before);
    else if (result < 0)
        snprintf(line, TUNING_LINE_BYTES,
                 "tune: cannot raise %s from %" PRIu64 " to %" PRIu64 ": %s; %s", name, before,
                 wanted, strerror(-result), tuning_advice(is_sysctl, -result));
    else
        snprintf(line, TUNING_LINE_BYTES, "tune: %s %" PRIu64 " -> %" PRIu64 "%s", name, before,
                 wanted, dry ? " (not done by --print-config)" : "");
}

static void sysctl_tune(const struct tuning *tuning, const struct hardware *hardware,
                        const char *root, bool dry, char line[TUNING_LINE_BYTES])
{
    uint64_t wanted = tuning_wanted(tuning, hardware), before;
    char path[PLATFORM_PATH_BYTES];
    int result = 0;

    platform_sysctl_path(root, tuning->name, path);
    if (platform_number_read(path, &before) < 0) {
        snprintf(line, TUNING_LINE_BYTES, "tune: %s does not exist; nothing to do", tuning->name);
        return;
    }
    if (wanted > before && !dry) {
        result = number_write(path, wanted);
        if (result == 0)
            platform_number_read(path, &wanted); /* the kernel's value */
    }
    tuning_describe(line, tuning->name, before, wanted, dry, result);
}

/* Raise the hard limit of descriptors to the connections that the memory holds. */
static void descriptors_tune(const struct hardware *hardware, bool dry,
                             char line[TUNING_LINE_BYTES])
{
    uint64_t wanted = hardware->memory_bytes / 2 / SIZING_CONNECTION_BYTES;
    struct rlimit limit = {0};
    int result = 0;

    if (wanted > LIMITS_DESCRIPTORS_MAX)
        wanted = LIMITS_DESCRIPTORS_MAX;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (wanted > limit.rlim_max && !dry &&
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){wanted, wanted}) < 0)
        result = -errno;
    tuning_describe(line, DESCRIPTORS, limit.rlim_max, wanted, dry, result);
}

void tuning_apply(const struct hardware *hardware, const char *root, bool dry,
                  tuning_listener *listener, void *context)
{
    char line[TUNING_LINE_BYTES];

    if (!fact_is_number(hardware->memory_bytes)) {
        snprintf(line, sizeof(line),
                 "tune: the amount of memory cannot be read; nothing is raised");
        listener(context, line);
        return;
    }
    for (size_t i = 0; i < sizeof(tunings) / sizeof(tunings[0]); i++) {
        sysctl_tune(&tunings[i], hardware, root, dry, line);
        listener(context, line);
    }
    descriptors_tune(hardware, dry, line);
    listener(context, line);
}
