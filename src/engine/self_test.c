#include "engine/self_test.h"

#include "base/clock.h"
#include "base/units.h"

#include <errno.h>
#include <unistd.h>

#include <sys/un.h>

/* The longest time for an operation that has all it needs. */
#define OPERATION_NS NS_PER_S

#define TOKEN       1
#define WORDS       "hello\n"
#define WORDS_BYTES 6

/* Keep the step that failed, unless the result is as expected. Returns 0 or -errno. */
static int self_test_expect(struct self_test *test, const char *step, int expected, int result)
{
    const char *other = test->engine->failed_call;

    if (result == expected)
        return 0;
    test->step = other ? other : step;
    return result < 0 ? result : -EIO;
}

/* Wait for the event of the only pending operation. Returns its result or -errno. */
static int self_test_await(struct self_test *test, enum engine_op op)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    uint64_t now_ns = clock_now_ns(), end_ns = now_ns + OPERATION_NS;

    do {
        int count = engine_wait(test->engine, (int64_t)(end_ns - now_ns), events);

        if (count < 0)
            return count;
        for (int i = 0; i < count; i++) {
            if (events[i].op == op)
                return events[i].result;
        }
        now_ns = clock_now_ns();
    } while (now_ns < end_ns);
    return -ETIMEDOUT;
}

/* The same, after an operation whose start returned `started`. Returns 0 or -errno. */
static int self_test_finish(struct self_test *test, const char *step, enum engine_op op,
                            int expected, int started)
{
    return self_test_expect(test, step, expected,
                            started < 0 ? started : self_test_await(test, op));
}

/* Close a socket on which nothing is pending. Returns 0 or -errno. */
static int self_test_close(struct self_test *test, int sock, unsigned flags)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct engine *engine = test->engine;
    int result;

    engine_close(engine, sock, flags);
    if (flags & ENGINE_LATER)
        engine_wait(engine, 0, events);
    result = self_test_expect(test, "close", 0, -engine->close_error);
    if (result < 0)
        close(sock); /* by a plain call, as the ring may have refused it */
    return result;
}

static bool self_test_may_use(const struct self_test *test, int sock)
{
    return sock >= 0 && (uint32_t)sock < test->sockets_max;
}

/* Make a listener and a client that waits at it. Returns false if that fails. */
static bool self_test_call(struct self_test *test)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX}; /* bind picks a name: unix(7) autobind */
    socklen_t bytes = sizeof(address);

    test->listener_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    test->client_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return test->listener_fd >= 0 && test->client_fd >= 0 &&
           bind(test->listener_fd, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0 &&
           listen(test->listener_fd, 1) == 0 &&
           getsockname(test->listener_fd, (struct sockaddr *)&address, &bytes) == 0 &&
           connect(test->client_fd, (struct sockaddr *)&address, bytes) == 0;
}

/* Short at the moment, which says nothing about the engine. */
static bool self_test_is_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

/* Accept a connection and close it. */
static int self_test_accept(struct self_test *test)
{
    struct engine *engine = test->engine;
    const struct engine_class *class = engine->class;
    int listener_fd = engine->listener_fd, result;

    if (!self_test_call(test))
        return 0;
    engine->listener_fd = test->listener_fd;
    result = self_test_expect(test, class->watch_call, 0, engine_accept_start(engine, 1));
    if (result == 0) {
        result = self_test_await(test, ENGINE_OP_ACCEPT);
        if (result < 0)
            self_test_expect(test, class->accept_call, 0, result);
    }
    engine->listener_fd = listener_fd;
    if (self_test_is_shortage(result))
        return 0;
    return result < 0 ? result : self_test_close(test, result, ENGINE_LATER);
}

/* The far end receives this much; otherwise `step` reported success but did nothing. */
static int self_test_far_hears(struct self_test *test, const char *step, int bytes)
{
    int heard = engine_recv_now(test->engine, test->far, test->heard, sizeof(test->heard));

    return self_test_expect(test, step, 0, heard == bytes ? 0 : -EIO);
}

/* Greet like the responder, in both ways: at once, and when there is buffer space. */
static int self_test_greet(struct self_test *test)
{
    struct engine *engine = test->engine;
    int result =
        self_test_expect(test, "sendto", WORDS_BYTES,
                         engine_send_now(engine, test->near, WORDS, WORDS_BYTES, ENGINE_MORE));

    if (result == 0)
        result = self_test_finish(
            test, "sendto", ENGINE_OP_SEND, WORDS_BYTES,
            engine_send(engine, TOKEN, test->near, WORDS, WORDS_BYTES, ENGINE_MORE));
    if (result == 0)
        result = self_test_expect(test, "shutdown", 0, engine_half_close(engine, test->near));
    if (result == 0)
        result = self_test_expect(test, "recvfrom", -EAGAIN, engine_discard(engine, test->near));
    if (result == 0)
        result = self_test_far_hears(test, "sendto", 2 * WORDS_BYTES);
    if (result == 0)
        result = self_test_far_hears(test, "shutdown", 0);
    return result;
}

/* Wait for input from the far end, and for its FIN. */
static int self_test_hear(struct self_test *test)
{
    struct engine *engine = test->engine;
    int result = 0, started, far = test->far;

    if (engine_send_now(engine, far, WORDS, WORDS_BYTES, 0) == WORDS_BYTES)
        result = self_test_finish(
            test, "recvfrom", ENGINE_OP_RECV, WORDS_BYTES,
            engine_recv(engine, TOKEN, test->near, test->heard, sizeof(test->heard), ENGINE_LATER));
    if (result < 0)
        return result;
    /* Only now without a buffer: local sockets fill it, whatever the flags. */
    started = engine_recv(engine, TOKEN, test->near, NULL, ENGINE_DISCARD_BYTES, ENGINE_LATER);
    test->far = -1;
    result = self_test_close(test, far, 0);
    if (result == 0)
        result = self_test_finish(test, "recvfrom", ENGINE_OP_RECV, 0, started);
    return result;
}

/* Test a connection of local sockets. */
static int self_test_converse(struct self_test *test, bool greets)
{
    int ends[2], near, result;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return 0;
    test->near = ends[0];
    test->far = ends[1];
    if (!self_test_may_use(test, test->near) || !self_test_may_use(test, test->far))
        return 0;
    result = greets ? self_test_greet(test) : 0;
    if (result == 0)
        result = self_test_hear(test);
    if (result < 0)
        return result;
    near = test->near;
    test->near = -1;
    return self_test_close(test, near, ENGINE_DRAIN);
}

/* Refused by a rule: a test on a socket that is not really connected can show no more. */
static bool self_test_is_refusal(int error)
{
    return error == -EPERM || error == -EACCES || error == -ENOSYS;
}

/* Connect a socket to no peer: it succeeds at once, and nothing is sent. */
static int self_test_connect(struct self_test *test)
{
    static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    struct engine *engine = test->engine;
    int sock = engine->class->socket(engine, AF_INET), result;

    if (sock < 0)
        sock = engine->class->socket(engine, AF_INET6);
    if (self_test_is_refusal(sock))
        return self_test_expect(test, "socket", 0, sock);
    if (sock < 0)
        return 0;
    result = self_test_finish(test, "connect", ENGINE_OP_CONNECT, 0,
                              engine_connect(engine, TOKEN, sock, &nobody, sizeof(nobody)));
    if (self_test_is_refusal(result) || result == -ETIMEDOUT)
        close(sock);
    else
        result = self_test_close(test, sock, 0);
    return result;
}

static void self_test_end(struct self_test *test)
{
    const int socks[] = {test->listener_fd, test->client_fd, test->near, test->far};

    for (unsigned i = 0; i < sizeof(socks) / sizeof(socks[0]); i++) {
        if (socks[i] >= 0)
            close(socks[i]);
    }
}

int self_test_run(struct self_test *test, struct engine *engine, const struct engine_args *args)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    int result;

    *test = (struct self_test){.engine = engine,
                               .sockets_max = args->sockets_max,
                               .listener_fd = -1,
                               .client_fd = -1,
                               .near = -1,
                               .far = -1};
    if (args->sockets_max == 0)
        return 0;                            /* sockets cannot be opened, so nothing can be tried */
    result = engine_wait(engine, 0, events); /* the other waits have a timeout */
    if (result < 0)
        return self_test_expect(test, engine->class->watch_call, 0, result);
    result = args->connects ? self_test_connect(test) : self_test_accept(test);
    if (result == 0)
        result = self_test_converse(test, !args->connects);
    self_test_end(test);
    return result;
}
