/* Listeners over the loopback interface, and the sockets that the kernel shows beside them. */
#include "net/listener.h"
#include "net/socket_diag.h"
#include "server/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <cmocka.h>

static struct address at(const char *text)
{
    struct address address;
    bool has_port;

    assert_int_equal(0, address_parse(text, &address, &has_port));
    return address;
}

static bool covers(const char *listener, const char *local)
{
    struct address a = at(listener), b = at(local);

    return address_covers(&a, &b);
}

static void a_listener_covers_its_address_and_any_stands_for_all(void **state)
{
    (void)state;
    assert_true(covers("127.0.0.1:1", "127.0.0.1:2"));
    assert_false(covers("127.0.0.1", "127.0.0.2"));
    assert_true(covers("127.0.0.1", "::ffff:127.0.0.1"));
    assert_true(covers("::ffff:127.0.0.1", "127.0.0.1"));
    assert_true(covers("0.0.0.0", "127.0.0.2"));
    assert_true(covers("0.0.0.0", "::ffff:127.0.0.2"));
    assert_false(covers("0.0.0.0", "::1"));
    assert_true(covers("::", "127.0.0.1"));
    assert_true(covers("::", "::1"));
    assert_true(covers("::1", "::1"));
    assert_false(covers("::1", "::"));
    assert_false(covers("::1", "127.0.0.1"));
}

static void a_listener_reports_what_the_kernel_made_of_its_backlog(void **state)
{
    struct address address = at("127.0.0.1:0");
    const char *step;
    int fd = listener_open(&address, 3, true, &step);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(3, listener_backlog(fd));
    listener_close(fd);
    assert_int_equal(0, listener_backlog(-1));
}

/* A client to whom the server's answer does not come through: its handshake stays under way. */
static int half_open(const struct address *server)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {.len = 1, .filter = &nothing};
    int fd = socket(server->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
        skip();
    assert_int_equal(-1, connect(fd, &server->sa, address_bytes(server)));
    assert_int_equal(EINPROGRESS, errno);
    return fd;
}

static int open_at(const char *text, struct address *ret_address)
{
    const char *step;
    int fd;

    *ret_address = at(text);
    fd = listener_open(ret_address, 16, true, &step);
    assert_true(fd >= 0);
    return fd;
}

static void a_handshake_counts_at_its_own_listener_and_not_at_another_of_that_port(void **state)
{
    static const char *const pairs[][2] = {{"127.0.0.1:0", "127.0.0.2:0"},
                                           {"127.0.0.2:0", "[::1]:0"}};

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct address asked, other = at(pairs[i][1]);
        const char *step;
        int asked_fd = open_at(pairs[i][0], &asked), other_fd, client_fd;

        address_set_port(&other, address_port(&asked));
        other_fd = listener_open(&other, 16, true, &step);
        assert_true(other_fd >= 0);
        assert_int_equal(0, listener_has_handshakes(&asked));
        client_fd = half_open(&other);
        assert_int_equal(1, listener_has_handshakes(&other));
        assert_int_equal(0, listener_has_handshakes(&asked));
        close(client_fd);
        listener_close(other_fd);
        listener_close(asked_fd);
    }
}

static void a_listener_of_both_families_knows_the_handshakes_of_both(void **state)
{
    static const char *const clients[] = {"127.0.0.1:0", "[::1]:0"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct address any, to = at(clients[i]);
        int fd = open_at("[::]:0", &any), client_fd;

        address_set_port(&to, address_port(&any));
        assert_int_equal(0, listener_has_handshakes(&any));
        client_fd = half_open(&to);
        assert_int_equal(1, listener_has_handshakes(&any));
        close(client_fd);
        listener_close(fd);
    }
}

static void no_notice(void *context, const char *line)
{
    (void)context;
    fail_msg("%s", line);
}

/* So many of our own, at one port that the kernel chooses. */
static struct listeners_args own_listeners(uint32_t count)
{
    return (struct listeners_args){.address = at("127.0.0.1:0"),
                                   .count = count,
                                   .backlog = 16,
                                   .stop_fd = -1,
                                   .notice = no_notice};
}

static void the_kernel_is_asked_for_handshakes_once_for_all_workers(void **state)
{
    struct listeners_args args = own_listeners(3);
    struct failure failure;
    struct listeners listeners;
    const uint64_t first_ns = UINT64_C(1000000000);
    int client_fd;

    (void)state;
    assert_int_equal(0, listeners_open(&listeners, &args, &failure));
    client_fd = half_open(&listeners.address);
    assert_true(listeners_have_handshakes(&listeners, first_ns));
    for (uint64_t after_ns = 0; after_ns < LISTENERS_ASK_NS; after_ns += LISTENERS_ASK_NS / 4) {
        assert_true(listeners_have_handshakes(&listeners, first_ns + after_ns));
        assert_true(listeners.queried_ns == first_ns);
    }
    assert_true(listeners_have_handshakes(&listeners, first_ns + LISTENERS_ASK_NS));
    assert_true(listeners.queried_ns == first_ns + LISTENERS_ASK_NS);
    close(client_fd);
    listeners_close(&listeners);
}

static void one_that_is_drained_takes_no_new_client_and_its_queue_can_be_emptied(void **state)
{
    struct listeners_args args = own_listeners(1);
    struct failure failure;
    struct listeners listeners;
    int client_fd, late_fd, sock;

    (void)state;
    assert_int_equal(0, listeners_open(&listeners, &args, &failure));
    client_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0,
                     connect(client_fd, &listeners.address.sa, address_bytes(&listeners.address)));
    listeners_drain_one(&listeners, 0);
    late_fd = half_open(&listeners.address);
    assert_int_equal(0, listener_has_handshakes(&listeners.address));
    sock = accept4(listeners.fds[0], NULL, NULL, SOCK_CLOEXEC);
    assert_true(sock >= 0);
    assert_int_equal(-1, accept4(listeners.fds[0], NULL, NULL, SOCK_CLOEXEC));
    assert_int_equal(EAGAIN, errno);
    close(sock);
    close(client_fd);
    close(late_fd);
    listeners_close(&listeners);
}

static bool listens(int fd)
{
    int value = 0;
    socklen_t bytes = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &bytes) == 0 && value == 1;
}

static void what_is_shared_stays_open_when_ours_is_closed(void **state)
{
    struct listeners_args args = own_listeners(3);
    struct failure failure;
    struct listeners listeners;
    static struct listeners_copy copy;

    (void)state;
    assert_int_equal(0, listeners_open(&listeners, &args, &failure));
    listeners_close_one(&listeners, 1);
    assert_int_equal(0, listeners_share(&listeners, &copy));
    assert_int_equal(2, copy.count);
    listeners_close(&listeners);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(listens(copy.fds[i]));
        assert_int_equal(FD_CLOEXEC, fcntl(copy.fds[i], F_GETFD));
    }
    listeners_copy_close(&copy);
    assert_int_equal(0, copy.count);
}

/* One that a service manager keeps, one of the process that was replaced, one of our own. */
static void a_stop_refuses_new_clients_only_where_nobody_else_listens(void **state)
{
    struct address address = at("127.0.0.1:0");
    const char *step;
    const int passed_fds[] = {listener_open(&address, 16, true, &step),
                              listener_open(&address, 16, false, &step)};
    struct listeners_args args = {.address = address,
                                  .count = 3,
                                  .backlog = 16,
                                  .passed_fds = passed_fds,
                                  .passed_count = 2,
                                  .managed_count = 1,
                                  .are_shared = true,
                                  .stop_fd = -1,
                                  .notice = no_notice};
    const bool shared[][3] = {{true, true, false}, {true, true, true}, {true, false, false}};
    const bool refusing[] = {false, true, true};
    struct failure failure;
    struct listeners listeners;
    static struct listeners_copy copy;

    (void)state;
    assert_int_equal(0, listeners_open(&listeners, &args, &failure));
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(shared[0][i], listeners_is_shared(&listeners, i));
    assert_int_equal(0, listeners_share(&listeners, &copy));
    assert_int_equal(1, copy.managed_count);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(shared[1][i], listeners_is_shared(&listeners, i));
    listeners_copy_close(&copy); /* the update failed */
    listeners_take_back(&listeners);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(shared[2][i], listeners_is_shared(&listeners, i));
    listeners_refuse_new(&listeners);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(refusing[i], listeners_is_refusing(&listeners, i));
        /* SO_DETACH_FILTER fails where there is none */
        assert_int_equal(refusing[i], setsockopt(listeners.fds[i], SOL_SOCKET, SO_DETACH_FILTER,
                                                 &(int){0}, sizeof(int)) == 0);
    }
    listeners_close(&listeners);
}

static void without_descriptors_nothing_is_shared(void **state)
{
    struct listeners_args args = own_listeners(3);
    struct failure failure;
    struct listeners listeners;
    static struct listeners_copy copy;
    struct rlimit limit, less;

    (void)state;
    assert_int_equal(0, listeners_open(&listeners, &args, &failure));
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
    less = (struct rlimit){(rlim_t)listeners.fds[2] + 2, limit.rlim_max}; /* one more */
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &less));
    assert_int_equal(-EMFILE, listeners_share(&listeners, &copy));
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
    assert_int_equal(0, copy.count);
    listeners_refuse_new(&listeners);
    assert_true(listeners_is_refusing(&listeners, 0));
    assert_int_equal(-EBUSY, listeners_share(&listeners, &copy));
    listeners_close(&listeners);
}

/* A socket that has a port and does not listen: the port may become free at any moment. */
static int port_held(struct address *address)
{
    socklen_t bytes = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address = at("127.0.0.1:0");
    assert_true(fd >= 0);
    assert_int_equal(0, bind(fd, &address->sa, address_bytes(address)));
    assert_int_equal(0, getsockname(fd, &address->sa, &bytes));
    return fd;
}

static void a_stop_that_ends_the_wait_for_a_port_is_no_failure_of_the_system(void **state)
{
    struct listeners_args args = {.count = 1, .backlog = 16, .notice = no_notice};
    int held_fd = port_held(&args.address);
    struct listeners listeners;
    struct failure failure = {0};

    (void)state;
    args.stop_fd = eventfd(1, EFD_CLOEXEC);
    assert_true(args.stop_fd >= 0);
    assert_int_equal(-EINTR, listeners_open(&listeners, &args, &failure));
    assert_int_equal(FAILURE_STOPPED, failure.class);

    assert_int_equal(0, listen(held_fd, 1));
    assert_int_equal(-EADDRINUSE, listeners_open(&listeners, &args, &failure));
    assert_int_equal(FAILURE_SYSTEM, failure.class);
    close(args.stop_fd);
    close(held_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_covers_its_address_and_any_stands_for_all),
        cmocka_unit_test(a_listener_reports_what_the_kernel_made_of_its_backlog),
        cmocka_unit_test(a_handshake_counts_at_its_own_listener_and_not_at_another_of_that_port),
        cmocka_unit_test(a_listener_of_both_families_knows_the_handshakes_of_both),
        cmocka_unit_test(the_kernel_is_asked_for_handshakes_once_for_all_workers),
        cmocka_unit_test(one_that_is_drained_takes_no_new_client_and_its_queue_can_be_emptied),
        cmocka_unit_test(what_is_shared_stays_open_when_ours_is_closed),
        cmocka_unit_test(a_stop_refuses_new_clients_only_where_nobody_else_listens),
        cmocka_unit_test(without_descriptors_nothing_is_shared),
        cmocka_unit_test(a_stop_that_ends_the_wait_for_a_port_is_no_failure_of_the_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
