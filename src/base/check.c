#include "base/check.h"

#include "base/units.h"
#include "base/wait.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A line that a pipe takes whole or not at all (pipe(7)). */
#define LINE_BYTES 512
_Static_assert(LINE_BYTES <= PIPE_BUF, "it is one write");

#define WRITE_TIMEOUT_NS NS_PER_S

/* The end of the text that snprintf(3) wrote or cut: the newline goes after it. */
static size_t line_end(size_t start, int bytes)
{
    size_t end = bytes < 0 ? start : start + (size_t)bytes;

    return end < LINE_BYTES - 1 ? end : LINE_BYTES - 1;
}

void check_failed(const char *expression, const char *file, int line, const char *format, ...)
{
    char text[LINE_BYTES];
    size_t bytes = line_end(
        0, snprintf(text, sizeof(text), "invariant broken: %s (%s:%d): ", expression, file, line));
    va_list values;

    va_start(values, format);
    bytes = line_end(bytes, vsnprintf(text + bytes, sizeof(text) - bytes, format, values));
    va_end(values);
    text[bytes++] = '\n';
    if (wait_fd(STDERR_FILENO, POLLOUT, WRITE_TIMEOUT_NS) > 0 &&
        write(STDERR_FILENO, text, bytes) < 0)
        abort(); /* as it would anyway: no reader is left */
    abort();
}
