#include "base/stdio_line.h"

#include "base/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

int stdio_guard(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", O_RDWR | O_CLOEXEC) != fd) /* the lowest that is free: this one */
            return -errno;
    }
    return 0;
}

int stdio_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    return errno ? -errno : -EIO;
}

void stdio_line(int fd, int timeout_ms, const char *program, const char *line)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    char text[LINE_MAX_BYTES];
    char shown[LINE_MAX_BYTES];
    int bytes =
        snprintf(text, sizeof(text), "%s: %s\n", program, escape_line(line, shown, sizeof(shown)));
    ssize_t written;

    if (bytes < 0)
        return;
    if ((size_t)bytes >= sizeof(text)) {
        bytes = sizeof(text) - 1;
        text[bytes - 1] = '\n';
    }
    if (poll(&ready, 1, timeout_ms) <= 0 || !(ready.revents & POLLOUT))
        return;
    written = write(fd, text, (size_t)bytes);
    (void)written; /* nobody is left to be told */
}
