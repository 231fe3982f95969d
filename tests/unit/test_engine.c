/* The contract of engine.h, over real sockets, for each engine that works here. */
#include "base/units.h"
#include "engine/engine.h"
#include "net/limits.h"
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <cmocka.h>

#define TOKEN       UINT64_C(0xabcdef12345678)
#define PATIENCE_NS ((int64_t)(5 * NS_PER_S))
#define SOCKETS_MAX 2048
#define PLENTY      100000

static const struct engine_class *class; /* the engine under test */

struct fixture {
    struct engine *engine;
    struct address address;
    int listener_fd;
    int wake_fd;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct engine_failure failure;
    const char *step;
    struct engine_args args;

    f.address = (struct address){.v4 = {.sin_family = AF_INET}};
    f.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f.listener_fd = listener_open(&f.address, 128, true, &step);
    f.wake_fd = eventfd(0, EFD_CLOEXEC);
    assert_true(f.listener_fd >= 0 && f.wake_fd >= 0);
    args = (struct engine_args){
        .listener_fd = f.listener_fd, .wake_fd = f.wake_fd, .sockets_max = SOCKETS_MAX};
    assert_int_equal(0, engine_open(class, &args, &f.engine, &failure));
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    engine_destroy(f->engine);
    close(f->listener_fd);
    close(f->wake_fd);
    return 0;
}

/* The next event; the test fails if none comes. */
static struct engine_event next(struct fixture *f)
{
    static struct engine_event events[ENGINE_EVENTS_MAX];
    int count = 0;

    for (int iteration = 0; iteration < 100 && count == 0; iteration++)
        count = engine_wait(f->engine, PATIENCE_NS, events);
    assert_int_equal(1, count);
    return events[0];
}

static void assert_nothing_happens(struct fixture *f)
{
    struct engine_event events[ENGINE_EVENTS_MAX];

    for (int iteration = 0; iteration < 10; iteration++)
        assert_int_equal(0, engine_wait(f->engine, 2 * (int64_t)NS_PER_MS, events));
}

static int client_connect(const struct fixture *f)
{
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(0, connect(client, &f->address.sa, address_bytes(&f->address)));
    return client;
}

/* A connection: the client's end, and ours. */
static int accept_one(struct fixture *f, int *ret_sock)
{
    int client = client_connect(f);
    struct engine_event event;

    engine_accept_start(f->engine, PLENTY);
    event = next(f);
    assert_int_equal(ENGINE_OP_ACCEPT, event.op);
    assert_true(event.result >= 0 && event.more);
    *ret_sock = event.result;
    return client;
}

/* Connect a socket to the test's own listener. Returns the peer's end. */
static int connect_one(struct fixture *f, int sock)
{
    struct address address = f->address;
    struct engine_event event;
    const char *step;
    int listener_fd, peer;

    address_set_port(&address, 0);
    listener_fd = listener_open(&address, 1, true, &step);
    assert_int_equal(0,
                     engine_connect(f->engine, TOKEN, sock, &address.sa, address_bytes(&address)));
    event = next(f);
    assert_int_equal(ENGINE_OP_CONNECT, event.op);
    assert_true(event.token == TOKEN);
    assert_int_equal(0, event.result);
    peer = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    close(listener_fd);
    return peer;
}

static void assert_client_reads(int client, const char *expected)
{
    char text[64];
    ssize_t count = recv(client, text, sizeof(text), 0);

    assert_int_equal(strlen(expected), count);
    assert_memory_equal(expected, text, strlen(expected));
}

static void wait_ends_at_the_timeout(void **state)
{
    assert_nothing_happens(*state);
}

static void what_it_got_from_the_kernel_is_reported(void **state)
{
    const struct fixture *f = *state;
    unsigned features = f->engine->features;

    if (strstr(class->name, "uring")) {
        assert_true(features & ENGINE_SINGLE_ISSUER && features & ENGINE_DEFER_TASKRUN);
        assert_true(features & ENGINE_REGISTERED_RING); /* older kernels lack the others, too */
        assert_false(features & ENGINE_NANOSECOND_TIMEOUT);
    } else {
        struct epoll_event event;
        int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        const struct timespec none = {0};
        bool has_pwait2 = epoll_pwait2(epoll_fd, &event, 1, &none, NULL) == 0;

        close(epoll_fd);
        assert_int_equal(has_pwait2 ? ENGINE_NANOSECOND_TIMEOUT : 0, features);
    }
}

static void wake_is_reported_each_time(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        eventfd_write(f->wake_fd, 1);
        assert_int_equal(ENGINE_OP_WAKE, next(f).op);
        assert_nothing_happens(f);
    }
}

static void accepting_goes_on_until_it_is_stopped(void **state)
{
    struct fixture *f = *state;
    struct engine_event event;
    int sock, client = accept_one(f, &sock);
    int second = client_connect(f);

    event = next(f);
    assert_true(event.result >= 0 && event.more);
    engine_close(f->engine, event.result, 0);
    engine_accept_stop(f->engine);
    event = next(f);
    assert_int_equal(ENGINE_OP_ACCEPT, event.op);
    assert_int_equal(-ECANCELED, event.result);
    assert_false(event.more);
    close(second);
    second = client_connect(f);
    assert_nothing_happens(f); /* it waits in the accept queue */
    engine_accept_start(f->engine, PLENTY);
    assert_true(next(f).result >= 0);
    engine_close(f->engine, sock, 0);
    close(client);
    close(second);
}

/* When the stop is handed over, the accepts are about to be tried, and a cancel finds none of them.
 */
static void accepting_stops_also_while_a_client_comes(void **state)
{
    struct fixture *f = *state;
    struct engine_event event;
    int client;

    engine_accept_start(f->engine, PLENTY);
    client = client_connect(f);
    engine_accept_stop(f->engine);
    do {
        event = next(f);
        assert_int_equal(ENGINE_OP_ACCEPT, event.op);
        if (event.result >= 0)
            engine_close(f->engine, event.result, 0);
    } while (event.more);
    close(client);
    client = client_connect(f);
    assert_nothing_happens(f);
    close(client);
}

static void no_more_are_accepted_than_there_is_room_for(void **state)
{
    struct fixture *f = *state;
    int clients[5];

    for (int i = 0; i < 5; i++)
        clients[i] = client_connect(f);
    engine_accept_start(f->engine, 2);
    for (int accepted = 0; accepted < 2;) {
        struct engine_event events[ENGINE_EVENTS_MAX];
        int count = engine_wait(f->engine, PATIENCE_NS, events);

        assert_true(count > 0);
        for (int i = 0; i < count; i++) {
            assert_true(events[i].result >= 0);
            assert_int_equal(++accepted < 2, events[i].more);
        }
    }
    assert_nothing_happens(f);
    for (int i = 0; i < 5; i++)
        close(clients[i]);
}

static void accept_without_descriptors_fails_once_and_loses_nobody(void **state)
{
    struct fixture *f = *state;
    struct rlimit limit, lowered;
    int client = client_connect(f);
    int lowest = dup(f->wake_fd);
    struct engine_event event;

    if (getenv("HELLO_VALGRIND"))
        skip(); /* valgrind keeps limits of its own */
    getrlimit(RLIMIT_NOFILE, &limit);
    lowered = (struct rlimit){(rlim_t)lowest, limit.rlim_max};
    close(lowest);
    setrlimit(RLIMIT_NOFILE, &lowered);
    engine_accept_start(f->engine, PLENTY);
    event = next(f);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(-EMFILE, event.result);
    assert_false(event.more);
    assert_nothing_happens(f);
    engine_accept_start(f->engine, PLENTY);
    event = next(f);
    assert_true(event.result >= 0);
    engine_close(f->engine, event.result, 0);
    close(client);
}

/* The number of a new socket, of which the kernel gives each CPU's next one out (sock_alloc). */
static uint64_t next_socket_number(void)
{
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat status;

    assert_int_equal(0, fstat(sock, &status));
    close(sock);
    return status.st_ino;
}

/* Start accepting, and let the engine submit what it queued for that. */
static void start_accepting(struct fixture *f)
{
    struct engine_event events[ENGINE_EVENTS_MAX];

    engine_accept_start(f->engine, PLENTY);
    assert_int_equal(0, engine_wait(f->engine, 0, events));
}

/* Make and accept some connections, one by one. Returns how many sockets were made beyond the two
 * ends of each, by this thread or by others on its CPU. */
static uint64_t sockets_made_for_nothing(struct fixture *f)
{
    enum { CONNECTIONS = 32 };
    uint64_t first = next_socket_number();

    for (int i = 0; i < CONNECTIONS; i++) {
        int client = client_connect(f);
        struct engine_event event = next(f);

        assert_true(event.result >= 0);
        engine_close(f->engine, event.result, 0);
        close(client);
        if (!event.more)
            start_accepting(f);
    }
    return next_socket_number() - first - 1 - 2 * CONNECTIONS;
}

static bool accepts_can_wait_to_be_tried(void)
{
    struct utsname kernel;
    char *end;
    long major, minor;

    uname(&kernel);
    major = strtol(kernel.release, &end, 10);
    minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return strcmp(class->name, "uring") != 0 || major > 6 || (major == 6 && minor >= 10);
}

/* An accept that finds no client costs as much as one that finds a client. */
static void no_accept_is_tried_before_somebody_waits(void **state)
{
    struct fixture *f = *state;
    cpu_set_t here, before;
    uint64_t least = UINT64_MAX;

    if (!accepts_can_wait_to_be_tried())
        skip(); /* before Linux 6.10 */
    if (getenv("HELLO_VALGRIND"))
        skip(); /* so slow that others make too many meanwhile */
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    assert_int_equal(0, sched_getaffinity(0, sizeof(before), &before));
    assert_int_equal(0, sched_setaffinity(0, sizeof(here), &here));
    start_accepting(f);
    for (int attempt = 0; attempt < 20 && least > 8; attempt++) { /* others make sockets, too */
        uint64_t made = sockets_made_for_nothing(f);

        least = made < least ? made : least;
    }
    sched_setaffinity(0, sizeof(before), &before);
    assert_in_range(least, 0, 8);
}

static void send_half_close_recv_close(void **state)
{
    struct fixture *f = *state;
    struct engine_delivery delivery;
    struct engine_event event;
    int sock, client = accept_one(f, &sock);

    assert_int_equal(0, engine_send(f->engine, TOKEN, sock, "hello\n", 6, ENGINE_MORE));
    event = next(f);
    assert_int_equal(ENGINE_OP_SEND, event.op);
    assert_true(event.token == TOKEN);
    assert_int_equal(6, event.result);
    assert_int_equal(0, engine_half_close(f->engine, sock));
    assert_client_reads(client, "hello\n");
    assert_client_reads(client, "");
    engine_recv(f->engine, TOKEN, sock, NULL, ENGINE_DISCARD_BYTES, ENGINE_LATER);
    assert_int_equal(0, engine_delivery(f->engine, sock, &delivery));
    for (int iteration = 0; iteration < 100 && delivery.unacknowledged_bytes > 0; iteration++) {
        assert_nothing_happens(f); /* the client may delay its ACK */
        engine_delivery(f->engine, sock, &delivery);
    }
    assert_int_equal(0, delivery.unacknowledged_bytes);
    close(client);
    event = next(f);
    assert_int_equal(ENGINE_OP_RECV, event.op);
    assert_true(event.token == TOKEN);
    assert_int_equal(0, event.result);
    engine_close(f->engine, sock, 0);
}

static void input_is_received_or_thrown_away(void **state)
{
    struct fixture *f = *state;
    char buffer[8] = "";
    int sock, client = accept_one(f, &sock);

    assert_int_equal(4, send(client, "abcd", 4, 0));
    engine_recv(f->engine, TOKEN, sock, buffer, 2, 0);
    assert_int_equal(2, next(f).result);
    assert_string_equal("ab", buffer);
    engine_recv(f->engine, TOKEN, sock, NULL, ENGINE_DISCARD_BYTES, 0);
    assert_int_equal(2, next(f).result);
    engine_recv(f->engine, TOKEN, sock, buffer, sizeof(buffer), 0);
    assert_nothing_happens(f);
    assert_int_equal(1, send(client, "e", 1, 0));
    assert_int_equal(1, next(f).result);
    assert_int_equal('e', buffer[0]);
    engine_close(f->engine, sock, 0);
    close(client);
}

/* One read ends at it (tcp(7)), and nothing new happens that would lead to the next. */
static void input_behind_urgent_data_is_received_too(void **state)
{
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);
    char heard[8] = {0};

    engine_recv(f->engine, TOKEN, sock, heard, sizeof(heard), ENGINE_LATER);
    assert_nothing_happens(f);
    assert_int_equal(1, send(client, "a", 1, 0)); /* wakes it, so that it is watched */
    assert_int_equal(1, next(f).result);
    assert_int_equal(2, send(client, "bc", 2, 0));
    assert_int_equal(1, send(client, "!", 1, MSG_OOB));
    assert_int_equal(2, send(client, "de", 2, 0));
    assert_nothing_happens(f);
    engine_recv(f->engine, TOKEN, sock, heard, sizeof(heard), 0);
    assert_int_equal(2, next(f).result);
    assert_memory_equal("bc", heard, 2);
    engine_recv(f->engine, TOKEN, sock, heard, sizeof(heard), 0);
    assert_int_equal(2, next(f).result);
    assert_memory_equal("de", heard, 2);
    engine_close(f->engine, sock, ENGINE_DRAIN);
    close(client);
}

static void later_finds_what_is_there_already(void **state)
{
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);

    assert_int_equal(3, send(client, "abc", 3, 0));
    engine_recv(f->engine, TOKEN, sock, NULL, ENGINE_DISCARD_BYTES, ENGINE_LATER);
    assert_int_equal(3, next(f).result);
    assert_int_equal(2, send(client, "de", 2, 0)); /* and again, with the watch in place */
    engine_recv(f->engine, TOKEN, sock, NULL, ENGINE_DISCARD_BYTES, ENGINE_LATER);
    assert_int_equal(2, next(f).result);
    engine_close(f->engine, sock, 0);
    close(client);
}

static void what_can_be_done_at_once_has_no_event(void **state)
{
    struct fixture *f = *state;
    static char much[16 << 20];
    int sock, sent, client = accept_one(f, &sock);

    assert_int_equal(-EAGAIN, engine_discard(f->engine, sock));
    assert_int_equal(-EAGAIN, engine_recv_now(f->engine, sock, much, sizeof(much)));
    assert_int_equal(6, engine_send_now(f->engine, sock, "hello\n", 6, 0));
    assert_client_reads(client, "hello\n");
    assert_int_equal(3, send(client, "abc", 3, 0));
    assert_int_equal(3, engine_discard(f->engine, sock));
    assert_int_equal(3, send(client, "def", 3, 0));
    assert_int_equal(2, engine_recv_now(f->engine, sock, much, 2));
    assert_memory_equal("de", much, 2);
    assert_int_equal(1, engine_recv_now(f->engine, sock, much, 2));
    shutdown(client, SHUT_WR);
    assert_int_equal(0, engine_recv_now(f->engine, sock, much, sizeof(much)));
    assert_int_equal(0, engine_discard(f->engine, sock));
    sent = engine_send_now(f->engine, sock, much, sizeof(much), 0);
    assert_in_range(sent, 1, sizeof(much) - 1);
    while (sent > 0) /* the client's kernel takes some more */
        sent = engine_send_now(f->engine, sock, much, sizeof(much), 0);
    assert_int_equal(-EAGAIN, sent);
    assert_nothing_happens(f);
    engine_close(f->engine, sock, ENGINE_RESET);
    close(client);
}

static void reset_after_all_that_was_thrown_away_is_reported(void **state)
{
    static char words[128 << 10];
    struct linger now = {.l_onoff = 1};
    struct fixture *f = *state;
    int waiting_bytes = 0, buffer_bytes = 2 * sizeof(words);
    int sock, client;

    setsockopt(f->listener_fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
    client = accept_one(f, &sock);
    assert_int_equal(sizeof(words), send(client, words, sizeof(words), 0));
    for (int iteration = 0; iteration < 1000 && waiting_bytes < (int)sizeof(words); iteration++) {
        ioctl(sock, FIONREAD, &waiting_bytes);
        usleep(1000);
    }
    if (waiting_bytes < (int)sizeof(words))
        skip(); /* the kernel keeps less than that for a socket */
    setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(client);
    assert_int_equal(sizeof(words), engine_discard(f->engine, sock));
    assert_int_equal(-ECONNRESET, engine_discard(f->engine, sock));
    engine_close(f->engine, sock, 0);
}

/* Send more than all buffers hold, to a peer that takes its time. */
static void send_much(struct fixture *f, int sock, int peer)
{
    static char data[8 << 20], received[1 << 16];
    size_t sent = 0, got = 0;

    engine_send(f->engine, TOKEN, sock, data, sizeof(data), 0);
    while (got < sizeof(data)) {
        struct engine_event events[ENGINE_EVENTS_MAX];
        ssize_t count = recv(peer, received, sizeof(received), MSG_DONTWAIT);

        got += count > 0 ? (size_t)count : 0;
        if (engine_wait(f->engine, (int64_t)NS_PER_MS, events) == 1) {
            assert_true(events[0].result > 0);
            sent += (size_t)events[0].result;
            if (sent < sizeof(data))
                engine_send(f->engine, TOKEN, sock, data + sent, (uint32_t)(sizeof(data) - sent),
                            0);
        }
    }
    assert_int_equal(sizeof(data), sent);
}

static void send_larger_than_the_buffers_goes_out_whole(void **state)
{
    struct fixture *f = *state;
    int sock, peer = accept_one(f, &sock);

    send_much(f, sock, peer);
    engine_close(f->engine, sock, 0);
    close(peer);
    sock = engine_socket(f->engine, AF_INET); /* and the same on a socket that we connected */
    peer = connect_one(f, sock);
    send_much(f, sock, peer);
    engine_close(f->engine, sock, 0);
    close(peer);
}

static void what_came_while_sending_is_there_to_be_received(void **state)
{
    struct fixture *f = *state;
    int sock = engine_socket(f->engine, AF_INET);
    int peer = connect_one(f, sock);
    struct engine_event event;
    char heard[8];

    assert_int_equal(5, send(peer, "early", 5, 0));
    send_much(f, sock, peer);
    engine_recv(f->engine, TOKEN, sock, heard, sizeof(heard), 0);
    event = next(f);
    assert_int_equal(ENGINE_OP_RECV, event.op);
    assert_int_equal(5, event.result);
    engine_close(f->engine, sock, 0);
    close(peer);
}

static void cancel_ends_what_is_pending(void **state)
{
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);
    struct engine_event event;

    engine_recv(f->engine, TOKEN, sock, NULL, ENGINE_DISCARD_BYTES, ENGINE_LATER);
    assert_nothing_happens(f);
    assert_int_equal(0, engine_cancel(f->engine, ENGINE_OP_RECV, TOKEN, sock));
    event = next(f);
    assert_true(event.token == TOKEN);
    assert_int_equal(-ECANCELED, event.result);
    engine_close(f->engine, sock, 0);
    assert_nothing_happens(f);
    close(client);
}

/* What the client said is unread; nothing of the greeting may be lost for it. */
static void assert_is_greeted_and_drained(struct fixture *f, int sock, int client)
{
    engine_send(f->engine, TOKEN, sock, "hello\n", 6, ENGINE_MORE);
    assert_int_equal(6, next(f).result);
    engine_close(f->engine, sock, ENGINE_DRAIN);
    assert_nothing_happens(f);
    assert_client_reads(client, "hello\n");
    assert_client_reads(client, "");
    close(client);
}

static void close_with_drain_does_not_reset_a_talkative_client(void **state)
{
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);

    assert_int_equal(5, send(client, "GET /", 5, 0));
    assert_is_greeted_and_drained(f, sock, client);
}

static void close_with_drain_throws_away_urgent_data_and_what_lies_around_it(void **state)
{
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);

    assert_int_equal(5, send(client, "GET /", 5, 0));
    assert_int_equal(1, send(client, "!", 1, MSG_OOB));
    assert_int_equal(5, send(client, "more.", 5, 0));
    assert_is_greeted_and_drained(f, sock, client);
}

static void close_with_reset_resets(void **state)
{
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);
    char byte;

    engine_close(f->engine, sock, ENGINE_RESET);
    assert_nothing_happens(f);
    assert_int_equal(-1, recv(client, &byte, 1, 0));
    assert_int_equal(ECONNRESET, errno);
    close(client);
}

static void reset_by_the_peer_is_reported(void **state)
{
    struct fixture *f = *state;
    struct linger none = {.l_onoff = 1};
    int sock, client = accept_one(f, &sock);

    engine_recv(f->engine, TOKEN, sock, NULL, ENGINE_DISCARD_BYTES, ENGINE_LATER);
    assert_nothing_happens(f);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(client);
    assert_int_equal(-ECONNRESET, next(f).result);
    engine_close(f->engine, sock, 0);
}

/* Block or unblock a peer's incoming packets. */
static void deafen(int peer, bool deaf)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program;

    memset(&program, 0, sizeof(program)); /* what lies between its members is read, too */
    program.len = 1;
    program.filter = &drop;
    assert_int_equal(0, setsockopt(peer, SOL_SOCKET, deaf ? SO_ATTACH_FILTER : SO_DETACH_FILTER,
                                   &program, sizeof(program)));
}

/* Fill all buffers on the way to a peer that does not read. */
static void fill(struct fixture *f, int sock)
{
    static const char data[64 << 10];

    for (int iteration = 0; iteration < 20;
         iteration++) /* the peer's kernel takes some more, for a while */
        while (engine_send_now(f->engine, sock, data, sizeof(data), 0) > 0)
            usleep(1000);
}

static void a_peer_that_keeps_its_window_closed_refuses(void **state)
{
    struct fixture *f = *state;
    struct engine_delivery delivery = {0};
    int sock, client = accept_one(f, &sock);

    fill(f, sock);
    for (int iteration = 0; iteration < 1000 && !delivery.refused; iteration++) {
        assert_int_equal(0, engine_delivery(f->engine, sock, &delivery));
        usleep(5000);
    }
    assert_true(delivery.refused);
    assert_true(delivery.unacknowledged_bytes > 0);
    engine_close(f->engine, sock, ENGINE_RESET);
    close(client);
}

/* Not even if its window was closed at its last answer: it may be open by now. */
static void a_peer_that_is_not_heard_does_not_refuse(void **state)
{
    struct fixture *f = *state;
    struct engine_delivery delivery = {0};
    int sock, client = accept_one(f, &sock), iterations = 0;

    fill(f, sock);
    deafen(client, true);
    /* On a busy machine the peer may have answered a probe before: the next one gets no answer. */
    do {
        assert_int_equal(0, engine_delivery(f->engine, sock, &delivery));
        usleep(5000);
    } while (delivery.refused && iterations++ < 1000);
    for (int iteration = 0; iteration < 300;
         iteration++) { /* the first probes come after 0.2, 0.6 and 1.4 s */
        assert_int_equal(0, engine_delivery(f->engine, sock, &delivery));
        assert_false(delivery.refused);
        usleep(5000);
    }
    assert_true(delivery.unacknowledged_bytes > 0);
    engine_close(f->engine, sock, ENGINE_RESET);
    close(client);
}

/* Nothing of the greeting arrives before the socket is closed. */
static void what_is_handed_over_arrives_after_the_close(void **state)
{
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);

    deafen(client, true);
    assert_int_equal(3, engine_send_now(f->engine, sock, "hel", 3, ENGINE_MORE));
    assert_int_equal(0, engine_hand_over(f->engine, sock, "lo\n", 3, 60 * NS_PER_S));
    engine_close(f->engine, sock, ENGINE_DRAIN);
    assert_nothing_happens(f);
    deafen(client, false);
    assert_client_reads(client, "hello\n");
    assert_client_reads(client, "");
    close(client);
}

static void more_is_handed_over_than_the_send_buffer_holds(void **state)
{
    static char greeting[64 << 10], got[sizeof(greeting)];
    struct fixture *f = *state;
    int small = 2048;
    int sock, sent, client;

    setsockopt(f->listener_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    client = accept_one(f, &sock);
    deafen(client, true);
    memset(greeting, 'x', sizeof(greeting));
    sent = engine_send_now(f->engine, sock, greeting, sizeof(greeting), ENGINE_MORE);
    assert_in_range(sent, 1, sizeof(greeting) - 1);
    assert_int_equal(0,
                     engine_hand_over(f->engine, sock, greeting + sent,
                                      (uint32_t)sizeof(greeting) - (uint32_t)sent, 60 * NS_PER_S));
    engine_close(f->engine, sock, ENGINE_DRAIN);
    deafen(client, false);
    assert_int_equal(sizeof(greeting), recv(client, got, sizeof(got), MSG_WAITALL));
    assert_memory_equal(greeting, got, sizeof(got));
    assert_client_reads(client, "");
    close(client);
}

static void connect_succeeds_or_reports_why_not(void **state)
{
    struct fixture *f = *state;
    struct address nobody = f->address;
    int unused = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t bytes = sizeof(nobody);
    int sock = engine_socket(f->engine, AF_INET);
    struct engine_event event;

    assert_true(sock >= 0);
    engine_connect(f->engine, TOKEN, sock, &f->address.sa, address_bytes(&f->address));
    event = next(f);
    assert_int_equal(ENGINE_OP_CONNECT, event.op);
    assert_true(event.token == TOKEN);
    assert_int_equal(0, event.result);
    engine_close(f->engine, sock, 0);

    address_set_port(&nobody, 0); /* a port that is bound, without a listener */
    assert_int_equal(0, bind(unused, &nobody.sa, address_bytes(&nobody)));
    getsockname(unused, &nobody.sa, &bytes);
    sock = engine_socket(f->engine, AF_INET);
    engine_connect(f->engine, TOKEN, sock, &nobody.sa, address_bytes(&nobody));
    assert_int_equal(-ECONNREFUSED, next(f).result);
    engine_close(f->engine, sock, 0);
    close(unused);
}

/* Receive what is there, or comes. */
static int receive(struct fixture *f, int sock, void *buffer, uint32_t bytes)
{
    struct engine_event event;

    assert_int_equal(0, engine_recv(f->engine, TOKEN, sock, buffer, bytes, 0));
    event = next(f);
    assert_int_equal(ENGINE_OP_RECV, event.op);
    assert_true(event.token == TOKEN);
    return event.result;
}

static void input_of_a_connected_socket_comes_however_it_is_cut(void **state)
{
    struct fixture *f = *state;
    int sock = engine_socket(f->engine, AF_INET), peer = connect_one(f, sock);
    char buffer[8] = "";

    assert_int_equal(4, send(peer, "abcd", 4, 0));
    assert_nothing_happens(f);
    assert_int_equal(2, receive(f, sock, buffer, 2)); /* a part */
    assert_int_equal(2, receive(f, sock, buffer, 2)); /* all of the rest, to the byte */
    engine_recv(f->engine, TOKEN, sock, buffer, sizeof(buffer), 0);
    assert_nothing_happens(f);
    assert_int_equal(1, send(peer, "e", 1, 0));
    assert_int_equal(1, next(f).result);
    assert_int_equal(1, send(peer, "f", 1, 0)); /* while nothing waits for it */
    assert_nothing_happens(f);
    assert_int_equal(1, receive(f, sock, buffer, sizeof(buffer)));
    assert_int_equal('f', buffer[0]);
    assert_int_equal(1, send(peer, "g", 1, 0)); /* with the FIN */
    close(peer);
    assert_nothing_happens(f);
    assert_int_equal(1, receive(f, sock, buffer, sizeof(buffer)));
    assert_int_equal(0, receive(f, sock, buffer, sizeof(buffer)));
    assert_int_equal(0, receive(f, sock, buffer, sizeof(buffer))); /* EOF stays */
    engine_close(f->engine, sock, 0);
}

static bool is_open(int sock)
{
    return fcntl(sock, F_GETFD) >= 0;
}

static void a_close_that_may_wait_is_done_by_the_next_wait(void **state)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct fixture *f = *state;
    int sock, client = accept_one(f, &sock);

    engine_close(f->engine, sock, ENGINE_LATER);
    assert_int_equal(0, engine_wait(f->engine, 0, events));
    assert_false(is_open(sock));
    assert_client_reads(client, "");
    close(client);
}

/* And nothing else is begun then: what was asked for was for sockets that may be others by now. */
static void a_close_that_may_wait_is_done_when_the_engine_ends(void **state)
{
    struct fixture *f = *state, ends = *f; /* with an engine of its own */
    struct engine_args args = {
        .listener_fd = -1, .wake_fd = f->wake_fd, .sockets_max = SOCKETS_MAX};
    struct engine_failure failure;
    int other, sock, peer;
    char byte;

    assert_int_equal(0, engine_open(class, &args, &ends.engine, &failure));
    other = engine_socket(ends.engine, AF_INET);
    peer = connect_one(&ends, other);
    sock = engine_socket(ends.engine, AF_INET);
    engine_recv(ends.engine, TOKEN, other, NULL, ENGINE_DISCARD_BYTES, 0);
    assert_int_equal(1, send(peer, "a", 1, 0));
    engine_close(ends.engine, sock, ENGINE_LATER);
    engine_destroy(ends.engine);
    assert_false(is_open(sock));
    assert_int_equal(1, recv(other, &byte, 1, MSG_DONTWAIT));
    close(other);
    close(peer);
}

static void more_closes_than_the_queue_takes_are_all_done(void **state)
{
    struct fixture *f = *state;
    int socks[SOCKETS_MAX - 64]; /* a queue holds half as many */
    const unsigned count = sizeof(socks) / sizeof(socks[0]);

    for (unsigned i = 0; i < count; i++) {
        socks[i] = engine_socket(f->engine, AF_INET);
        assert_true(socks[i] >= 0); /* main has raised the limit */
    }
    for (unsigned i = 0; i < count; i++)
        engine_close(f->engine, socks[i], ENGINE_LATER);
    assert_nothing_happens(f);
    for (unsigned i = 0; i < count; i++)
        assert_false(is_open(socks[i]));
}

static void a_disconnected_socket_makes_another_connection(void **state)
{
    struct fixture *f = *state;
    int sock = engine_socket(f->engine, AF_INET);

    for (int i = 0; i < 3; i++) {
        int peer = connect_one(f, sock);
        char buffer[8] = "";

        engine_recv(f->engine, TOKEN, sock, buffer, sizeof(buffer), 0);
        assert_nothing_happens(f); /* of the connection before this one */
        assert_int_equal(5, send(peer, "hello", 5, 0));
        assert_int_equal(5, next(f).result);
        shutdown(peer, SHUT_WR);
        assert_int_equal(0, receive(f, sock, buffer, sizeof(buffer)));
        assert_int_equal(0, engine_disconnect(f->engine, sock));
        assert_client_reads(peer, ""); /* a FIN, and no reset */
        close(peer);
        assert_true(is_open(sock));
        assert_nothing_happens(f);
    }
    engine_close(f->engine, sock, 0);
}

static void a_socket_whose_fin_is_not_acknowledged_is_not_disconnected(void **state)
{
    struct fixture *f = *state;
    int sock = engine_socket(f->engine, AF_INET), peer = connect_one(f, sock);
    char buffer[8];

    shutdown(peer, SHUT_WR);
    assert_int_equal(0, receive(f, sock, buffer, sizeof(buffer)));
    deafen(peer, true);
    assert_int_equal(-EAGAIN, engine_disconnect(f->engine, sock));
    assert_true(is_open(sock)); /* it remains to be closed */
    engine_close(f->engine, sock, 0);
    close(peer);
}

#define ENGINE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int run_contract(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE(wait_ends_at_the_timeout),
        ENGINE(what_it_got_from_the_kernel_is_reported),
        ENGINE(wake_is_reported_each_time),
        ENGINE(accepting_goes_on_until_it_is_stopped),
        ENGINE(accepting_stops_also_while_a_client_comes),
        ENGINE(no_more_are_accepted_than_there_is_room_for),
        ENGINE(accept_without_descriptors_fails_once_and_loses_nobody),
        ENGINE(no_accept_is_tried_before_somebody_waits),
        ENGINE(send_half_close_recv_close),
        ENGINE(input_is_received_or_thrown_away),
        ENGINE(input_behind_urgent_data_is_received_too),
        ENGINE(later_finds_what_is_there_already),
        ENGINE(what_can_be_done_at_once_has_no_event),
        ENGINE(reset_after_all_that_was_thrown_away_is_reported),
        ENGINE(send_larger_than_the_buffers_goes_out_whole),
        ENGINE(what_came_while_sending_is_there_to_be_received),
        ENGINE(cancel_ends_what_is_pending),
        ENGINE(close_with_drain_does_not_reset_a_talkative_client),
        ENGINE(close_with_drain_throws_away_urgent_data_and_what_lies_around_it),
        ENGINE(close_with_reset_resets),
        ENGINE(a_close_that_may_wait_is_done_by_the_next_wait),
        ENGINE(a_close_that_may_wait_is_done_when_the_engine_ends),
        ENGINE(more_closes_than_the_queue_takes_are_all_done),
        ENGINE(reset_by_the_peer_is_reported),
        ENGINE(a_peer_that_keeps_its_window_closed_refuses),
        ENGINE(a_peer_that_is_not_heard_does_not_refuse),
        ENGINE(what_is_handed_over_arrives_after_the_close),
        ENGINE(more_is_handed_over_than_the_send_buffer_holds),
        ENGINE(connect_succeeds_or_reports_why_not),
        ENGINE(input_of_a_connected_socket_comes_however_it_is_cut),
        ENGINE(a_disconnected_socket_makes_another_connection),
        ENGINE(a_socket_whose_fin_is_not_acknowledged_is_not_disconnected),
    };

    return cmocka_run_group_tests_name(class->name, tests, NULL, NULL);
}

/* The argument names the engine. Exits with 77, skipped, where that engine does not work. */
int main(int argc, char *argv[])
{
    struct engine_args args = {
        .listener_fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC), .sockets_max = SOCKETS_MAX};
    struct engine_failure failure;
    struct engine *engine;

    for (size_t i = 1; argc > 1 && engine_choices[i]; i++) {
        assert_string_equal(engine_choices[i], engine_chosen[i]->name);
        if (strcmp(engine_choices[i], argv[1]) == 0)
            class = engine_chosen[i];
    }
    if (!class) {
        fprintf(stderr, "usage: test_engine [checked:]uring|epoll\n");
        return 2;
    }
    if (limits_raise_descriptors() < SOCKETS_MAX) {
        fprintf(stderr, "test_engine needs %d descriptors: raise the hard limit\n", SOCKETS_MAX);
        return 1;
    }
    if (engine_open(class, &args, &engine, &failure) < 0) {
        printf("SKIPPED: engine %s does not work here: %s: %s\n", class->name, failure.step,
               strerror(failure.error));
        return 77;
    }
    engine_destroy(engine);
    return run_contract();
}
