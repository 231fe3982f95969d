#include "net/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

#define SHOWN_BYTES 32 /* of a variable's value in a message */

static const char *const variables[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", NULL};

/* A decimal number without signs and spaces, up to `max`. Returns false if it is another text. */
static bool activation_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *ret_number = strtoull(text, NULL, 10);
    return *ret_number <= max;
}

/* Name i of a list that is separated by colons: does it equal `name`? */
static bool activation_is_named(const char *names, uint32_t i, const char *name)
{
    for (; names && i > 0; i--) {
        names = strchr(names, ':');
        names = names ? names + 1 : NULL;
    }
    return names && strcspn(names, ":") == strlen(name) && memcmp(names, name, strlen(name)) == 0;
}

static int activation_take_one(struct activation *activation, int fd, bool is_admin,
                               char problem[ACTIVATION_PROBLEM_BYTES])
{
    struct stat status;

    if (fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode)) {
        snprintf(problem, ACTIVATION_PROBLEM_BYTES, "descriptor %d is not an open socket", fd);
        return -ENOTSOCK;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (is_admin && activation->admin_fd >= 0) {
        snprintf(problem, ACTIVATION_PROBLEM_BYTES,
                 "descriptors %d and %d are both named admin; one is enough", activation->admin_fd,
                 fd);
        return -EINVAL;
    }
    if (is_admin)
        activation->admin_fd = fd;
    else
        activation->fds[activation->count++] = fd;
    return 0;
}

static int activation_read(struct activation *activation, char problem[ACTIVATION_PROBLEM_BYTES])
{
    const char *pid_text = getenv(variables[0]), *count_text = getenv(variables[1]);
    const char *names = getenv(variables[2]);
    uint64_t pid = 0, count = 0;
    int result = 0;

    if (!pid_text || !count_text)
        return 0;
    if (!activation_number(pid_text, INT32_MAX, &pid)) {
        snprintf(problem, ACTIVATION_PROBLEM_BYTES, "LISTEN_PID '%.*s' is not a process id",
                 SHOWN_BYTES, pid_text);
        return -EINVAL;
    }
    if (pid !=
        (uint64_t)getpid()) /* for another process, such as the shell that started this one */
        return 0;
    if (!activation_number(count_text, ACTIVATION_FDS_MAX, &count)) {
        snprintf(problem, ACTIVATION_PROBLEM_BYTES, "LISTEN_FDS '%.*s' is not a number up to %d",
                 SHOWN_BYTES, count_text, ACTIVATION_FDS_MAX);
        return -EINVAL;
    }
    for (uint32_t i = 0; i < count && result == 0; i++)
        result = activation_take_one(activation, FIRST_FD + (int)i,
                                     activation_is_named(names, i, "admin"), problem);
    return result;
}

int activation_take(struct activation *ret_activation, char problem[ACTIVATION_PROBLEM_BYTES])
{
    int result;

    *ret_activation = (struct activation){.admin_fd = -1};
    result = activation_read(ret_activation, problem);
    for (size_t i = 0; variables[i]; i++)
        unsetenv(variables[i]);
    return result;
}
