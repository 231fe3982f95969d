/* Waiting for descriptors, whatever the limit of descriptors: poll(2) refuses to where it is low.
 */
#include "base/stdio_line.h"
#include "base/units.h"
#include "base/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SHORT_NS  NS_PER_MS
#define LIMITS    4 /* the descriptors that the tests are allowed: 0, 1, 2, and all */
#define UNLIMITED (LIMITS - 1)

/* Allow this many descriptors; those that are open stay open. Returns the limit before. */
static struct rlimit limit_set(rlim_t most)
{
    struct rlimit before, lowered;

    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
    lowered = before;
    if (most != UNLIMITED)
        lowered.rlim_cur = most;
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &lowered));
    return before;
}

static void limit_reset(const struct rlimit *before)
{
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, before));
}

static void pipe_open(int fds[2])
{
    assert_int_equal(0, pipe2(fds, O_CLOEXEC | O_NONBLOCK));
}

static void pipe_close(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void pipe_fill(int fd)
{
    static const char much[4096];

    while (write(fd, much, sizeof(much)) > 0)
        ;
}

static int wait_limited(rlim_t most, int fd, short events, uint64_t timeout_ns)
{
    struct rlimit before = limit_set(most);
    int result = wait_fd(fd, events, timeout_ns);

    limit_reset(&before);
    return result;
}

static void a_descriptor_is_waited_for_with_any_limit(void **state)
{
    int fds[2];

    (void)state;
    for (rlim_t most = 0; most < LIMITS; most++) {
        pipe_open(fds);
        assert_int_equal(0, wait_limited(most, fds[0], POLLIN, SHORT_NS));
        assert_int_equal(0, wait_limited(most, fds[0], POLLIN, 0));
        assert_int_equal(POLLOUT, wait_limited(most, fds[1], POLLOUT, WAIT_FOREVER));
        pipe_fill(fds[1]);
        assert_int_equal(0, wait_limited(most, fds[1], POLLOUT, SHORT_NS));
        assert_int_equal(POLLIN, wait_limited(most, fds[0], POLLIN, WAIT_FOREVER));
        pipe_close(fds);
    }
}

static void no_descriptor_at_all_is_a_pause(void **state)
{
    (void)state;
    for (rlim_t most = 0; most < LIMITS; most++)
        assert_int_equal(0, wait_limited(most, -1, POLLIN, SHORT_NS));
}

static void a_reader_that_has_gone_ends_the_wait_of_its_writer(void **state)
{
    int fds[2];

    (void)state;
    for (rlim_t most = 0; most < LIMITS; most++) {
        pipe_open(fds);
        pipe_fill(fds[1]);
        close(fds[0]);
        assert_true(wait_limited(most, fds[1], POLLOUT, WAIT_FOREVER) > 0);
        close(fds[1]);
    }
}

static void of_several_those_that_are_ready_are_named(void **state)
{
    int empty[2], full[2];

    (void)state;
    pipe_open(empty);
    pipe_open(full);
    pipe_fill(full[1]);
    for (rlim_t most = 0; most < LIMITS; most++) {
        struct pollfd fds[] = {{.fd = empty[0], .events = POLLIN, .revents = POLLIN},
                               {.fd = -1, .events = POLLIN, .revents = POLLIN},
                               {.fd = full[0], .events = POLLIN},
                               {.fd = full[1], .events = POLLOUT, .revents = POLLOUT},
                               {.fd = empty[1], .events = POLLIN | POLLOUT}};
        struct rlimit before = limit_set(most);
        int ready = wait_fds(fds, 5, WAIT_FOREVER);

        limit_reset(&before);
        assert_int_equal(2, ready);
        assert_int_equal(0, fds[0].revents);
        assert_int_equal(0, fds[1].revents);
        assert_int_equal(POLLIN, fds[2].revents);
        assert_int_equal(0, fds[3].revents);
        assert_int_equal(POLLOUT, fds[4].revents);
    }
    pipe_close(empty);
    pipe_close(full);
}

/* The last descriptor of an fd_set, the first of the next, and the last that select(2) waits for.
 */
static void high_descriptors_are_waited_for_too(void **state)
{
    static const int numbers[] = {1023, 1024, WAIT_FDS_MAX - 1};
    struct rlimit limit, raised;
    int fds[2];

    (void)state;
    if (getenv("HELLO_VALGRIND"))
        skip(); /* valgrind keeps limits of its own */
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
    raised = (struct rlimit){limit.rlim_max, limit.rlim_max};
    assert_true(raised.rlim_max > WAIT_FDS_MAX);
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &raised));
    pipe_open(fds);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_int_equal(numbers[i], fcntl(fds[0], F_DUPFD_CLOEXEC, numbers[i]));
        assert_int_equal(0, wait_limited(0, numbers[i], POLLIN, 0));
        assert_int_equal(1, write(fds[1], "x", 1));
        assert_int_equal(POLLIN, wait_limited(0, numbers[i], POLLIN, WAIT_FOREVER));
        assert_int_equal(1, read(fds[0], (char[1]){0}, 1));
        close(numbers[i]);
    }
    assert_int_equal(WAIT_FDS_MAX, fcntl(fds[1], F_DUPFD_CLOEXEC, WAIT_FDS_MAX));
    assert_int_equal(-EINVAL, wait_limited(0, WAIT_FDS_MAX, POLLOUT, SHORT_NS));
    assert_int_equal(POLLOUT, wait_limited(UNLIMITED, WAIT_FDS_MAX, POLLOUT, SHORT_NS));
    close(WAIT_FDS_MAX);
    pipe_close(fds);
    limit_reset(&limit);
}

static volatile sig_atomic_t signals_seen;

static void signal_count(int number)
{
    (void)number;
    signals_seen++;
}

/* A signal comes every millisecond, for longer than the wait. */
static void a_signal_does_not_end_the_wait_for_one(void **state)
{
    const struct itimerval often = {{.tv_usec = 1000}, {.tv_usec = 1000}};
    const struct itimerval never = {0};
    struct sigaction action = {.sa_handler = signal_count}, before;

    (void)state;
    assert_int_equal(0, sigaction(SIGALRM, &action, &before));
    for (rlim_t most = 0; most < LIMITS; most += UNLIMITED) {
        signals_seen = 0;
        assert_int_equal(0, setitimer(ITIMER_REAL, &often, NULL));
        assert_int_equal(0, wait_limited(most, -1, POLLIN, 20 * NS_PER_MS));
        assert_int_equal(0, setitimer(ITIMER_REAL, &never, NULL));
        assert_true(signals_seen > 0);
    }
    sigaction(SIGALRM, &before, NULL);
}

/* From here on the kernel refuses these calls to this process, for good (seccomp(2)). */
static int calls_refuse(unsigned first, unsigned second)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, second, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof(program) / sizeof(program[0]), .filter = program};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

/* What a process gets to which these calls are refused: an errno, the events, or 255. */
static int wait_refused(unsigned first, unsigned second, int fd, short events)
{
    pid_t child = fork();
    int status, result;

    if (child == 0) {
        result = calls_refuse(first, second) < 0 ? 255 : wait_fd(fd, events, SHORT_NS);
        _exit(result < 0 ? -result : result);
    }
    assert_true(child > 0);
    assert_int_equal(child, waitpid(child, &status, 0));
    return WEXITSTATUS(status);
}

static void one_call_that_is_refused_leaves_the_other(void **state)
{
    int fds[2];

    (void)state;
    pipe_open(fds);
    assert_int_equal(POLLOUT, wait_refused(SYS_ppoll, SYS_ppoll, fds[1], POLLOUT));
    assert_int_equal(0, wait_refused(SYS_ppoll, SYS_ppoll, fds[0], POLLIN));
    assert_int_equal(POLLOUT, wait_refused(SYS_pselect6, SYS_pselect6, fds[1], POLLOUT));
    assert_int_equal(EPERM, wait_refused(SYS_ppoll, SYS_pselect6, fds[1], POLLOUT));
    pipe_close(fds);
}

static void a_line_is_written_with_any_limit(void **state)
{
    static const char expected[] = "program: a line\n";
    char text[64];
    int fds[2];

    (void)state;
    pipe_open(fds);
    for (rlim_t most = 0; most < LIMITS; most++) {
        struct rlimit before = limit_set(most);

        stdio_line(fds[1], 0, "program", "a line");
        limit_reset(&before);
        assert_int_equal(sizeof(expected) - 1, read(fds[0], text, sizeof(text)));
        assert_memory_equal(expected, text, sizeof(expected) - 1);
    }
    pipe_close(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_is_waited_for_with_any_limit),
        cmocka_unit_test(no_descriptor_at_all_is_a_pause),
        cmocka_unit_test(a_reader_that_has_gone_ends_the_wait_of_its_writer),
        cmocka_unit_test(of_several_those_that_are_ready_are_named),
        cmocka_unit_test(high_descriptors_are_waited_for_too),
        cmocka_unit_test(a_signal_does_not_end_the_wait_for_one),
        cmocka_unit_test(one_call_that_is_refused_leaves_the_other),
        cmocka_unit_test(a_line_is_written_with_any_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
