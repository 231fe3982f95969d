/* The advice names the limit that is exhausted, with its value, and no other. */
#include "host/advice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <sys/resource.h>

#include <cmocka.h>

#define KIB UINT64_C(1024)

/* Nothing is exhausted. */
static struct advice_limits plenty(void)
{
    return (struct advice_limits){.descriptors = 1024,
                                  .files = 100000,
                                  .watches = 5000,
                                  .memlock_bytes = ADVICE_NO_LIMIT,
                                  .needed_bytes = 136 * KIB,
                                  .address_space_bytes = ADVICE_NO_LIMIT,
                                  .data_bytes = ADVICE_NO_LIMIT,
                                  .cgroup_bytes = ADVICE_NO_LIMIT,
                                  .cgroup_tasks = ADVICE_NO_LIMIT,
                                  .machine_threads = ADVICE_NO_LIMIT,
                                  .user_threads = ADVICE_NO_LIMIT,
                                  .io_uring_disabled = -1,
                                  .kernel = 6018};
}

static const char *advice(const char *call, int error, struct advice_limits limits)
{
    static char text[ADVICE_BYTES];

    return advice_write(call, error, &limits, text);
}

/* Nothing is exhausted, but for this. */
static struct advice_limits with;
#define WITH(member, value) (with = plenty(), with.member = (value), with)

static void assert_advises(const char *expected, const char *text)
{
    if (!strstr(text, expected))
        fail_msg("'%s' is not in '%s'", expected, text);
}

static void assert_does_not_advise(const char *unexpected, const char *text)
{
    if (strstr(text, unexpected))
        fail_msg("'%s' is in '%s'", unexpected, text);
}

static void a_ring_without_memory_names_locked_memory_where_that_is_the_limit(void **state)
{
    const char *text = advice("io_uring_setup", ENOMEM, WITH(memlock_bytes, 64 * KIB));

    (void)state;
    assert_advises("ulimit -l (LimitMEMLOCK=), which is 64 KiB", text);
    assert_advises("136 KiB", text);
    /* Enough for this ring, so others of this user have it. */
    assert_advises("ulimit -l", advice("io_uring_setup", ENOMEM, WITH(memlock_bytes, 8192 * KIB)));
}

static void
locked_memory_is_innocent_where_rings_are_not_counted_or_something_else_is_full(void **state)
{
    struct advice_limits limits = WITH(memlock_bytes, 64 * KIB);

    (void)state;
    assert_does_not_advise("ulimit -l", advice("epoll_create1", ENOMEM, limits));
    limits.kernel = 6001;
    assert_does_not_advise("ulimit -l", advice("io_uring_setup", ENOMEM, limits));
    limits.kernel = 5010;
    assert_advises("ulimit -l", advice("io_uring_setup", ENOMEM, limits));
    limits = WITH(memlock_bytes, 8192 * KIB);
    limits.address_space_bytes = 20000 * KIB;
    assert_advises("ulimit -v (LimitAS=), which is 20000 KiB",
                   advice("io_uring_setup", ENOMEM, limits));
}

static void want_of_memory_names_what_is_full(void **state)
{
    static const int errors[] = {ENOMEM, ENOBUFS};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int error = errors[i];

        assert_advises("ulimit -v (LimitAS=), which is 20000 KiB",
                       advice("mmap", error, WITH(address_space_bytes, 20000 * KIB)));
        assert_advises("ulimit -d (LimitDATA=), which is 3000 KiB",
                       advice("mmap", error, WITH(data_bytes, 3000 * KIB)));
        assert_advises("MemoryMax=, --memory), which is 65536 KiB",
                       advice("accept", error, WITH(cgroup_bytes, 65536 * KIB)));
        assert_advises("vm.overcommit_memory", advice("mmap", error, WITH(no_mapping, true)));
        assert_does_not_advise("raise", advice("accept", error, plenty()));
        assert_advises("the machine is short of memory", advice("accept", error, plenty()));
    }
}

static void a_thread_that_cannot_be_made_names_what_is_full(void **state)
{
    (void)state;
    assert_advises("pids.max of the cgroup (TasksMax=, --pids-limit), which is 16",
                   advice("pthread_create", EAGAIN, WITH(cgroup_tasks, 16)));
    assert_advises("kernel.threads-max",
                   advice("pthread_create", EAGAIN, WITH(machine_threads, 1000)));
    assert_advises("ulimit -u (LimitNPROC=), which is 7",
                   advice("pthread_create", EAGAIN, WITH(user_threads, 7)));
    assert_advises("ulimit -v (LimitAS=), which is 20000 KiB",
                   advice("pthread_create", EAGAIN, WITH(address_space_bytes, 20000 * KIB)));
    assert_advises("short of memory", advice("pthread_create", EAGAIN, plenty()));
}

static void what_a_rule_refuses_is_never_answered_with_limits(void **state)
{
    static const char *const calls[] = {"pthread_create", "signalfd", "eventfd",  "epoll_create1",
                                        "epoll_ctl",      "send",     "shutdown", "io_uring_setup"};
    static const int errors[] = {EPERM, EACCES, ENOSYS};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        for (size_t e = 0; e < 3; e++) {
            const char *text = advice(calls[i], errors[e], WITH(seccomp, true));

            assert_does_not_advise("raise", text);
            assert_advises("seccomp", text);
            assert_advises(i == 0 ? "clone3" : calls[i], text);
            text = advice(calls[i], errors[e], plenty());
            assert_does_not_advise("raise", text);
            assert_does_not_advise("seccomp", text);
            assert_advises("sandbox", text);
        }
    }
}

static void a_refused_call_is_named_as_sandboxes_know_it(void **state)
{
    (void)state;
    assert_advises("allow sendto in", advice("send", EPERM, WITH(seccomp, true)));
    assert_advises("allow recvfrom in", advice("recv", EPERM, WITH(seccomp, true)));
    assert_advises("allow eventfd2 in", advice("eventfd", EPERM, plenty()));
    assert_advises("allow shutdown in", advice("shutdown", EPERM, WITH(seccomp, true)));
}

static void the_sysctl_that_forbids_io_uring_is_named_only_where_it_does(void **state)
{
    (void)state;
    assert_advises("kernel.io_uring_disabled is 2",
                   advice("io_uring_setup", EPERM, WITH(io_uring_disabled, 2)));
    assert_advises("kernel.io_uring_group",
                   advice("io_uring_setup", EPERM, WITH(io_uring_disabled, 1)));
    assert_does_not_advise("io_uring_disabled",
                           advice("io_uring_setup", EPERM, WITH(io_uring_disabled, 0)));
    assert_does_not_advise("io_uring_disabled",
                           advice("signalfd", EPERM, WITH(io_uring_disabled, 2)));
    assert_advises("CONFIG_IO_URING", advice("io_uring_setup", ENOSYS, plenty()));
    assert_advises("too old", advice("io_uring_setup", EINVAL, plenty()));
}

static void descriptors_and_watches_are_named_with_their_limits(void **state)
{
    (void)state;
    assert_advises("ulimit -n, LimitNOFILE=), which is 1024", advice("eventfd", EMFILE, plenty()));
    assert_advises("fs.file-max, which is 100000", advice("accept", ENFILE, plenty()));
    assert_advises("fs.epoll.max_user_watches, which is 5000",
                   advice("epoll_ctl", ENOSPC, plenty()));
    assert_advises("see accept(2)", advice("accept", EIO, plenty()));
}

static void what_is_measured_is_what_holds(void **state)
{
    struct rlimit before, small;
    struct advice_limits limits;

    (void)state;
    getrlimit(RLIMIT_AS, &before);
    advice_limits_measure(1 << 20, &limits);
    assert_true(limits.address_space_bytes == ADVICE_NO_LIMIT);
    small = (struct rlimit){UINT64_C(1) << 46, before.rlim_max}; /* a sanitizer has room in it */
    if (setrlimit(RLIMIT_AS, &small) < 0)
        fail_msg("RLIMIT_AS cannot be lowered: %d", errno);
    advice_limits_measure(UINT64_C(1) << 46, &limits);
    setrlimit(RLIMIT_AS, &before);
    assert_int_equal(UINT64_C(1) << 46, limits.address_space_bytes);
    assert_true(limits.kernel >= 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_without_memory_names_locked_memory_where_that_is_the_limit),
        cmocka_unit_test(
            locked_memory_is_innocent_where_rings_are_not_counted_or_something_else_is_full),
        cmocka_unit_test(want_of_memory_names_what_is_full),
        cmocka_unit_test(a_thread_that_cannot_be_made_names_what_is_full),
        cmocka_unit_test(what_a_rule_refuses_is_never_answered_with_limits),
        cmocka_unit_test(a_refused_call_is_named_as_sandboxes_know_it),
        cmocka_unit_test(the_sysctl_that_forbids_io_uring_is_named_only_where_it_does),
        cmocka_unit_test(descriptors_and_watches_are_named_with_their_limits),
        cmocka_unit_test(what_is_measured_is_what_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
