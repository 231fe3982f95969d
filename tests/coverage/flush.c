/* Linked in the coverage build only. It has the counts of a process written whatever its end:
 * _exit(2) and abort(3) leave out what exit(3) does for them, so ld calls those here instead
 * (--wrap). And what a test has done to the process, such as lower limits, does not keep the counts
 * from their files. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/resource.h>

/* Returns false if there is still a limit. */
static bool limit_raise(__rlimit_resource_t resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) < 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
    return limit.rlim_cur == RLIM_INFINITY;
}

/* Before exit(3) writes the counts: gcov's own destructor comes last. */
static void __attribute__((destructor)) test_leave(void)
{
    unsetenv("FAULT_FUNCTION"); /* no call fails any more, see tests/blackbox/fault.c */
    limit_raise(RLIMIT_NOFILE);
    if (limit_raise(RLIMIT_FSIZE))
        return;
    /* Better no counts than the first of them: nowhere, and nobody is told. */
    setenv("GCOV_PREFIX", "/dev/null", 1);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
}

/* The names are ld's and gcc's. NOLINTBEGIN(bugprone-reserved-identifier) */
void __gcov_dump(void); /* of gcov.h, which clang-tidy has not */
_Noreturn void __real__exit(int status);
_Noreturn void __real_abort(void);
_Noreturn void __wrap__exit(int status);
_Noreturn void __wrap_abort(void);

void __wrap__exit(int status)
{
    test_leave();
    __gcov_dump();
    __real__exit(status);
}

void __wrap_abort(void)
{
    test_leave();
    __gcov_dump();
    __real_abort();
}
/* NOLINTEND(bugprone-reserved-identifier) */
