#include "base/stdio_line.h"

#include "base/clock.h"
#include "base/escape.h"
#include "base/units.h"
#include "base/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define RETRY_NS       (10 * NS_PER_MS) /* between two tries, where no wait is possible */
#define LINE_MAX_BYTES 2048             /* below PIPE_BUF, so that lines of threads do not mix */

int stdio_guard(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        int opened;

        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        opened = open("/", O_PATH | O_CLOEXEC); /* the lowest free one: this one */
        if (opened != fd)
            return opened < 0 ? -errno : -EBADF;
    }
    return 0;
}

void stdio_line(int fd, int timeout_ms, const char *program, const char *line)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    uint64_t left_ns = (uint64_t)timeout_ms * NS_PER_MS;
    uint64_t due_ns = clock_now_ns() + left_ns;
    char text[LINE_MAX_BYTES];
    char shown[LINE_MAX_BYTES];
    int bytes =
        snprintf(text, sizeof(text), "%s: %s\n", program, escape_line(line, shown, sizeof(shown)));
    bool may_wait = timeout_ms > 0;
    uint64_t now_ns;

    if (bytes < 0)
        return;
    if ((size_t)bytes >= sizeof(text)) {
        bytes = sizeof(text) - 1;
        text[bytes - 1] = '\n';
    }
    do {
        int result = wait_fds(&ready, 1, left_ns);
        bool is_refused = result < 0 && result != -EINTR;

        /* Where no wait is possible, only trying is left: it may wait for the reader. */
        if ((result > 0 || (is_refused && may_wait)) &&
            (write(fd, text, (size_t)bytes) >= 0 || (errno != EINTR && errno != EAGAIN)))
            return; /* after an error no reader is left */
        if (is_refused && may_wait)
            clock_pause(RETRY_NS);
        now_ns = clock_now_ns();
        left_ns = now_ns < due_ns ? due_ns - now_ns : 0;
    } while (left_ns > 0);
}
