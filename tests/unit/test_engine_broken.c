/* The contract of engine.h for an engine that breaks: the kernel refuses its wait calls. What it
 * did came as events, and another can do the rest. */
#include "base/units.h"
#include "engine/engine.h"
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#define TOKEN       UINT64_C(0x1234)
#define PATIENCE_NS ((int64_t)(5 * NS_PER_S))
#define SOCKETS_MAX 2048
#define MORE_BYTES  (16u << 20) /* than a socket takes at once */

/* Sockets that send all at once: five times what one submission takes, and more than the results
 * that a ring has room for (4096): the kernel keeps the others, as an overflow. */
#define MANY         5200
#define MANY_STARTED 5120
#define MANY_MAX     (MANY + 64) /* above all descriptors */

static const struct engine_class *class; /* the engine under test */

struct fixture {
    struct engine *engine;
    struct address address;
    int listener_fd, wake_fd;
    int sock, client; /* both ends of a connection */
};

static void calls_refuse(const struct sock_fprog *filter)
{
    assert_int_equal(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    assert_int_equal(0, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter));
}

/* From here on the kernel refuses this process to wait for an engine (seccomp(2)): for good, so
 * each test has a process of its own. */
static void break_engine(void)
{
#define REFUSE(call)                                       \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(io_uring_enter),
#ifdef SYS_epoll_wait
        REFUSE(epoll_wait),
#endif
        REFUSE(epoll_pwait),
        REFUSE(epoll_pwait2),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof(program) / sizeof(program[0]), .filter = program};

    calls_refuse(&filter);
}

/* The same, but an engine may still take what there is: io_uring_enter(2) that waits for nothing
 * (its third argument). Results that a ring has no memory for break it so, with EBADR. */
static void break_waiting(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof(program) / sizeof(program[0]), .filter = program};

    if (strcmp(class->name, "epoll") == 0)
        break_engine();
    else
        calls_refuse(&filter);
}

static int client_connect(const struct fixture *f)
{
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(0, connect(client, &f->address.sa, address_bytes(&f->address)));
    return client;
}

/* An engine that accepts, and a connection that it accepted. */
static void open_all(struct fixture *f)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct engine_failure failure;
    struct engine_args args;
    const char *step;

    f->address = (struct address){.v4 = {.sin_family = AF_INET}};
    f->address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->listener_fd = listener_open(&f->address, 128, true, &step);
    f->wake_fd = eventfd(0, EFD_CLOEXEC);
    args = (struct engine_args){
        .listener_fd = f->listener_fd, .wake_fd = f->wake_fd, .sockets_max = MANY_MAX};
    assert_int_equal(0, engine_open(class, &args, &f->engine, &failure));
    assert_int_equal(0, engine_accept_start(f->engine, 100));
    f->client = client_connect(f);
    assert_int_equal(1, engine_wait(f->engine, PATIENCE_NS, events));
    assert_true(events[0].op == ENGINE_OP_ACCEPT && events[0].result >= 0);
    f->sock = events[0].result;
}

static void close_all(struct fixture *f)
{
    close(f->sock);
    close(f->client);
    close(f->listener_fd);
    close(f->wake_fd);
}

/* Wait until the engine says that it is broken. Returns the bytes that it reported as sent. */
static size_t wait_for_end(struct fixture *f)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    size_t sent_bytes = 0;
    int count = 0;

    for (int iteration = 0; iteration < 100 && count >= 0; iteration++) {
        count = engine_wait(f->engine, PATIENCE_NS, events);
        for (int i = 0; i < count; i++) {
            assert_int_equal(ENGINE_OP_SEND, events[i].op);
            sent_bytes += events[i].result > 0 ? (size_t)events[i].result : 0;
        }
    }
    assert_int_equal(-EPERM, count);
    assert_string_equal(strcmp(class->name, "epoll") == 0 ? "epoll_wait" : "io_uring_enter",
                        f->engine->failed_call);
    return sent_bytes;
}

/* Read what is there or under way until the FIN. Returns how many bytes. */
static size_t read_all(int client)
{
    static char data[1 << 16];
    size_t bytes = 0;
    ssize_t got;

    while ((got = recv(client, data, sizeof(data), 0)) > 0)
        bytes += (size_t)got;
    assert_int_equal(0, got);
    return bytes;
}

/* Each iteration sends something; an engine may do that at once, without waiting. */
static void what_was_done_is_reported_before_it_fails(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct engine_event events[ENGINE_EVENTS_MAX];
    size_t sent_bytes = 0;
    int count = 1;

    (void)state;
    open_all(f);
    break_engine();
    for (int iteration = 0; iteration < 100 && count >= 0; iteration++) {
        if (count == 1) /* the one before has ended */
            assert_int_equal(0, engine_send(f->engine, TOKEN, f->sock, "!", 1, 0));
        count = engine_wait(f->engine, PATIENCE_NS, events);
        sent_bytes += count == 1 ? (size_t)events[0].result : 0;
    }
    assert_int_equal(-EPERM, count);
    engine_destroy(f->engine);
    shutdown(f->sock, SHUT_WR);
    assert_int_equal(sent_bytes, read_all(f->client));
    close_all(f);
}

static void what_waits_is_not_done_any_more(void **state)
{
    static char data[MORE_BYTES], some[1 << 16];
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct engine_event events[ENGINE_EVENTS_MAX];
    size_t sent_bytes = 0, read_bytes = 0;
    ssize_t got;

    (void)state;
    open_all(f);
    for (int iteration = 0; iteration < 1000 && sent_bytes < MORE_BYTES; iteration++) {
        int count;

        assert_int_equal(0, engine_send(f->engine, TOKEN, f->sock, data, MORE_BYTES, 0));
        count = engine_wait(f->engine, 50 * (int64_t)NS_PER_MS, events);
        if (count == 0)
            break; /* it waits */
        assert_int_equal(1, count);
        sent_bytes += (size_t)events[0].result;
    }
    while ((got = recv(f->client, some, sizeof(some), MSG_DONTWAIT)) > 0) /* there is space again */
        read_bytes += (size_t)got;
    break_engine();
    sent_bytes += wait_for_end(f);
    assert_int_equal(0, engine_recv(f->engine, TOKEN + 1, f->client, NULL, 1, 0));
    assert_int_equal(0, wait_for_end(f));
    engine_destroy(f->engine);
    shutdown(f->sock, SHUT_WR);
    assert_int_equal(sent_bytes, read_bytes + read_all(f->client));
    close_all(f);
}

static void who_comes_stays_in_the_accept_queue(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    int clients[3], flags;

    (void)state;
    open_all(f);
    for (int i = 0; i < 3; i++)
        clients[i] = client_connect(f);
    break_engine();
    wait_for_end(f);
    engine_destroy(f->engine);
    flags = fcntl(f->listener_fd, F_GETFL);
    fcntl(f->listener_fd, F_SETFL, flags | O_NONBLOCK);
    for (int i = 0; i < 3; i++) {
        int sock = accept4(f->listener_fd, NULL, NULL, SOCK_CLOEXEC);

        assert_true(sock >= 0);
        close(sock);
        close(clients[i]);
    }
    close_all(f);
}

static void what_the_kernel_keeps_is_reported_too(void **state)
{
    static struct fixture fixture;
    static int socks[MANY];
    struct fixture *f = &fixture;
    struct rlimit limit;
    size_t got = 0, sent;

    (void)state;
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    assert_true(limit.rlim_max >= MANY_MAX);
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
    open_all(f);
    for (int i = 0; i < MANY; i += 2)
        assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, &socks[i]));
    for (int i = 0; i < MANY; i++)
        assert_int_equal(0, engine_send(f->engine, TOKEN + (unsigned)i, socks[i], "!", 1, 0));
    break_waiting();
    sent = wait_for_end(f);
    engine_destroy(f->engine);
    for (int i = 0; i < MANY; i++)
        got += recv(socks[i], (char[1]){0}, 1, MSG_DONTWAIT) == 1;
    assert_int_equal(got, sent);
    assert_true(sent >= MANY_STARTED);
    for (int i = 0; i < MANY; i++)
        close(socks[i]);
    close_all(f);
}

/* Returns how many descriptors this process has. */
static int descriptors_count(void)
{
    int count = 0;

    for (int fd = 0; fd < SOCKETS_MAX; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void a_broken_one_holds_nothing_that_the_next_may_need(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    int before = descriptors_count();

    (void)state;
    open_all(f);
    assert_int_equal(before + 5, descriptors_count()); /* the 4 of the fixture, and the engine's */
    break_engine();
    wait_for_end(f);
    assert_int_equal(before + 4, descriptors_count());
    engine_close(f->engine, f->sock, 0); /* plain calls still work */
    assert_int_equal(0, read_all(f->client));
    assert_int_equal(before + 3, descriptors_count());
    engine_destroy(f->engine);
    assert_int_equal(before + 3, descriptors_count());
    close(f->client);
    close(f->listener_fd);
    close(f->wake_fd);
}

/* Run a test in a process of its own. Returns true if it passed. */
static bool run(const struct CMUnitTest *test)
{
    const struct CMUnitTest tests[] = {*test};
    pid_t child = fork();
    int status;

    if (child == 0)
        exit(cmocka_run_group_tests(tests, NULL, NULL));
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* 77: the engine does not work here. */
static bool works(void)
{
    struct engine_args args = {.listener_fd = -1, .wake_fd = -1, .sockets_max = SOCKETS_MAX};
    struct engine_failure failure;
    struct engine *engine;
    int result;

    args.wake_fd = eventfd(0, EFD_CLOEXEC);
    result = engine_open(class, &args, &engine, &failure);
    if (result == 0)
        engine_destroy(engine);
    else
        printf("%s does not work here: %s: %s\n", class->name, failure.step,
               strerror(failure.error));
    close(args.wake_fd);
    return result == 0;
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_done_is_reported_before_it_fails),
        cmocka_unit_test(what_waits_is_not_done_any_more),
        cmocka_unit_test(who_comes_stays_in_the_accept_queue),
        cmocka_unit_test(what_the_kernel_keeps_is_reported_too),
        cmocka_unit_test(a_broken_one_holds_nothing_that_the_next_may_need),
    };
    int failed = 0;

    for (size_t i = 0; argc == 2 && engine_classes[i]; i++)
        class = strcmp(engine_classes[i]->name, argv[1]) == 0 ? engine_classes[i] : class;
    if (!class) {
        fprintf(stderr, "usage: test_engine_broken ENGINE\n");
        return EXIT_FAILURE;
    }
    if (!works())
        return 77;
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        failed += !run(&tests[i]);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
