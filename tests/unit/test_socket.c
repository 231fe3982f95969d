/* What the kernel knows of a handshake, whatever became of its connection since. */
#include "engine/socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#define PATIENCE_MS 5000
#define CROWD       16

static struct sockaddr_in address; /* of the listener */
static int listener_fd;

static int set_up(void **state)
{
    socklen_t bytes = sizeof(address);

    (void)state;
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(listener_fd, (struct sockaddr *)&address, bytes));
    assert_int_equal(0, getsockname(listener_fd, (struct sockaddr *)&address, &bytes));
    assert_int_equal(0, listen(listener_fd, 0));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(listener_fd);
    return 0;
}

static int begin_to_connect(void)
{
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_int_equal(-1, connect(sock, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(EINPROGRESS, errno);
    return sock;
}

static void await(int sock, short events)
{
    struct pollfd one = {.fd = sock, .events = events};

    assert_int_equal(1, poll(&one, 1, PATIENCE_MS));
}

/* The listener's end of `sock`, which is connected then. */
static int accept_from(int sock)
{
    int peer;

    await(listener_fd, POLLIN);
    peer = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    await(sock, POLLOUT);
    return peer;
}

static void a_handshake_that_was_refused_says_so_although_it_is_closed(void **state)
{
    int sock;

    (void)state;
    close(listener_fd);
    listener_fd = -1;
    sock = begin_to_connect();
    await(sock, POLLOUT);
    assert_int_equal(-ECONNREFUSED, socket_connect_error(NULL, sock));
    close(sock);
}

static void a_handshake_that_nobody_answers_is_under_way(void **state)
{
    int crowd[CROWD], under_way = 0;

    (void)state;
    for (int i = 0; i < CROWD; i++) /* the queue takes one of them, and drops the SYNs of others */
        crowd[i] = begin_to_connect();
    await(crowd[0], POLLOUT);
    for (int i = 0; i < CROWD; i++)
        under_way += socket_connect_error(NULL, crowd[i]) == -EINPROGRESS;
    assert_in_range(under_way, CROWD / 2, CROWD - 1);
    for (int i = 0; i < CROWD; i++)
        close(crowd[i]);
}

static void a_handshake_that_is_done_has_no_error(void **state)
{
    int sock = begin_to_connect(), peer = accept_from(sock);

    (void)state;
    assert_int_equal(0, socket_connect_error(NULL, sock));
    close(peer);
    close(sock);
}

static void a_reset_since_then_is_left_for_recv(void **state)
{
    const struct linger reset = {.l_onoff = 1};
    int sock = begin_to_connect(), peer = accept_from(sock);
    char byte;

    (void)state;
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(peer);
    await(sock, POLLIN);
    assert_int_equal(0, socket_connect_error(NULL, sock));
    assert_int_equal(-1, recv(sock, &byte, 1, 0));
    assert_int_equal(ECONNRESET, errno);
    close(sock);
}

#define SOCKET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOCKET(a_handshake_that_was_refused_says_so_although_it_is_closed),
        SOCKET(a_handshake_that_nobody_answers_is_under_way),
        SOCKET(a_handshake_that_is_done_has_no_error),
        SOCKET(a_reset_since_then_is_left_for_recv),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
