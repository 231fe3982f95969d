#include "base/output.h"

#include "base/clock.h"
#include "base/signals.h"
#include "base/units.h"
#include "base/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#define RETRY_MS 20 /* between two checks of what nobody can wait for */
#define RETRY_NS (RETRY_MS * NS_PER_MS)

/* Wait until the reader reads more, if that is possible. Returns 0 or -errno. */
static int output_wait(const struct output *output)
{
    for (;;) {
        bool stop = signals_stops() > 0;
        struct pollfd fds[] = {{.fd = output->fd, .events = POLLOUT},
                               {.fd = stop ? -1 : signals_stop_fd(), .events = POLLIN}};
        int timeout_ms = output->patience_ms;
        int ready;

        if (stop) {
            timeout_ms = timeout_ms == OUTPUT_PATIENT ? OUTPUT_STOP_MS : 0;
            signals_extend(SIGNALS_PATIENCE_NS); /* so that we can report it ourselves */
        }
        ready = wait_fds(
            fds, 2, timeout_ms == OUTPUT_PATIENT ? WAIT_FOREVER : (uint64_t)timeout_ms * NS_PER_MS);
        if (ready < 0 && ready != -EINTR)
            return 0; /* only trying is left */
        if (ready > 0 && fds[0].revents)
            return 0; /* also on an error: write(2) returns it */
        if (ready == 0)
            return stop ? -ECANCELED : -ETIMEDOUT;
    }
}

/* It was writable, but write(2) refused: another writer was faster. Returns 0 or -errno. */
static int output_wait_refused(const struct output *output, unsigned refused)
{
    int stop_ms = output->patience_ms == OUTPUT_PATIENT ? OUTPUT_STOP_MS : 0;
    int waited_ms = (int)refused * RETRY_MS;

    if (signals_stops() > 0 && waited_ms >= stop_ms)
        return -ECANCELED;
    if (output->patience_ms != OUTPUT_PATIENT && waited_ms >= output->patience_ms)
        return -ETIMEDOUT;
    clock_pause(RETRY_NS);
    return 0;
}

/* The stream's write function. At most PIPE_BUF at once: this does not block if there was
 * space. */
static ssize_t output_write(void *cookie, const char *data, size_t bytes)
{
    struct output *output = cookie;
    size_t written = 0;
    unsigned refused = 0; /* in a row */

    while (written < bytes && output->error == 0) {
        size_t part = bytes - written < PIPE_BUF ? bytes - written : PIPE_BUF;
        ssize_t result;

        output->error = output_wait(output);
        if (output->error < 0)
            break;
        result = write(output->fd, data + written, part);
        if (result > 0) {
            written += (size_t)result;
            refused = 0;
        } else if (result == 0) {
            output->error = -EIO;
        } else if (errno == EAGAIN) {
            output->error = output_wait_refused(output, refused++);
        } else if (errno != EINTR) {
            output->error = -errno;
        }
    }
    return (ssize_t)written;
}

int output_begin(struct output *output, int fd, int patience_ms)
{
    *output = (struct output){.fd = fd, .patience_ms = patience_ms};
    output->stream = fopencookie(output, "w", (cookie_io_functions_t){.write = output_write});
    return output->stream ? 0 : -ENOMEM;
}

int output_flush(struct output *output)
{
    if (fflush(output->stream) != 0 && output->error == 0)
        output->error = -ENOMEM; /* the stream's own; output_write keeps its errors */
    return output->error;
}

int output_end(struct output *output)
{
    if (fclose(output->stream) != 0 && output->error == 0)
        output->error = -ENOMEM;
    return output->error;
}

char *output_problem(int error, char text[OUTPUT_PROBLEM_BYTES])
{
    const char *advice = "check where it goes";

    switch (-error) {
    case EBADF:
        advice = "it is closed, or open for reading only; send it to a file";
        break;
    case ECANCELED:
        snprintf(text, OUTPUT_PROBLEM_BYTES, "its reader read nothing for %d s after %s; read it",
                 OUTPUT_STOP_MS / 1000, signals_stop_name());
        return text;
    case ETIMEDOUT:
        snprintf(text, OUTPUT_PROBLEM_BYTES, "its reader reads nothing; read it");
        return text;
    case EPIPE:
        advice = "its reader has gone";
        break;
    case EFBIG:
        advice = "raise the file size limit (ulimit -f)";
        break;
    case ENOSPC:
    case EDQUOT:
        advice = "free some space there";
        break;
    default:
        break;
    }
    snprintf(text, OUTPUT_PROBLEM_BYTES, "%s; %s", strerror(-error), advice);
    return text;
}

int output_create(const char *path)
{
    for (;;) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
        int error = errno;
        struct stat file;
        int ready;

        if (fd >= 0)
            return fd;
        if (error != ENXIO || stat(path, &file) < 0 || !S_ISFIFO(file.st_mode))
            return -error;
        ready = wait_fd(signals_stop_fd(), POLLIN, RETRY_NS);
        if (ready > 0 || (ready < 0 && signals_stops() > 0))
            return -ECANCELED;
    }
}
