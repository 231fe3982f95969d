#include "breaking.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

/* cmocka's own handler would turn the signal into a failed test. */
static void act(void (*action)(void *context), void *context, int error_fd)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    signal(SIGABRT, SIG_DFL);
    dup2(error_fd, STDERR_FILENO);
    action(context);
    _exit(0);
}

void assert_breaks(void (*action)(void *context), void *context, const char *expected)
{
    char line[1024];
    size_t bytes = 0;
    ssize_t got;
    int fds[2], status;
    pid_t child;

    assert_int_equal(0, pipe(fds));
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        act(action, context, fds[1]);
    close(fds[1]);
    while (bytes < sizeof(line) - 1 &&
           (got = read(fds[0], line + bytes, sizeof(line) - 1 - bytes)) > 0)
        bytes += (size_t)got;
    line[bytes] = '\0';
    close(fds[0]);
    assert_int_equal(child, waitpid(child, &status, 0));
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        fail_msg("it did not end by SIGABRT (wait status %#x), but said: '%s'", status, line);
    if (strncmp(line, "invariant broken: ", 18) != 0 || !strstr(line, expected))
        fail_msg("instead of '%s' it says: '%s'", expected, line);
    assert_ptr_equal(line + bytes - 1, strchr(line, '\n'));
}
