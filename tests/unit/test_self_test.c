/* What an engine is asked at its start, and what is said where that does not work; for each engine
 * that works here. */
#include "engine/engine.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include <cmocka.h>

#define SOCKETS_MAX 2048

static const struct engine_class *real; /* the engine under test */
static struct engine_class broken;      /* the same, but for one operation */

static int open_broken(const struct engine_args *args, struct engine **ret_engine,
                       struct engine_failure *ret_failure)
{
    int result = real->open(args, ret_engine, ret_failure);

    if (result == 0)
        (*ret_engine)->class = &broken;
    return result;
}

static int set_up(void **state)
{
    (void)state;
    broken = *real;
    broken.open = open_broken;
    return 0;
}

/* Descriptors that are open, without that which counts them. */
static unsigned descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 3;
}

/* Start the broken engine. Returns what the start does; what is left open is `left` descriptors. */
static int start_and_end(bool connects, unsigned left, struct engine_failure *ret_failure)
{
    struct engine_args args = {.connects = connects,
                               .listener_fd = -1,
                               .wake_fd = eventfd(0, EFD_CLOEXEC),
                               .sockets_max = SOCKETS_MAX};
    unsigned before = descriptors();
    struct engine *engine = NULL;
    int result = engine_open(&broken, &args, &engine, ret_failure);

    if (result == 0)
        engine_destroy(engine);
    assert_int_equal(before + left, descriptors());
    close(args.wake_fd);
    return result;
}

static void assert_fails_at(const char *step, int error, bool connects)
{
    struct engine_failure failure = {0};

    assert_int_equal(-error, start_and_end(connects, 0, &failure));
    assert_string_equal(step, failure.step);
    assert_int_equal(error, failure.error);
}

static void a_start_that_works_leaves_nothing_open_or_pending(void **state)
{
    struct engine_args args = {
        .listener_fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC), .sockets_max = SOCKETS_MAX};
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct engine_failure failure;
    struct engine *engine;
    unsigned before = descriptors();

    (void)state;
    for (int connects = 0; connects < 2; connects++) {
        args.connects = connects;
        assert_int_equal(0, engine_open(real, &args, &engine, &failure));
        assert_int_equal(before + 1, descriptors()); /* of the engine itself */
        assert_int_equal(-1, engine->listener_fd);
        assert_int_equal(0, engine_wait(engine, 1000000, events));
        assert_null(engine->failed_call);
        assert_int_equal(0, engine->close_error);
        engine_destroy(engine);
        assert_int_equal(before, descriptors());
    }
    close(args.wake_fd);
}

/* Operations that are refused */

static int refused_socket(struct engine *engine, int sock)
{
    (void)engine;
    (void)sock;
    return -EPERM;
}

static int refused_accept(struct engine *engine, uint32_t room)
{
    (void)engine;
    (void)room;
    return -EPERM;
}

static int refused_send(struct engine *engine, uint64_t token, int sock, const void *data,
                        uint32_t bytes, unsigned flags)
{
    (void)engine, (void)token, (void)sock, (void)data, (void)bytes, (void)flags;
    return -EPERM;
}

static int refused_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                            unsigned flags)
{
    (void)engine, (void)sock, (void)data, (void)bytes, (void)flags;
    return -EPERM;
}

static int refused_recv(struct engine *engine, uint64_t token, int sock, void *data, uint32_t bytes,
                        unsigned flags)
{
    (void)engine, (void)token, (void)sock, (void)data, (void)bytes, (void)flags;
    return -EPERM;
}

static int refused_connect(struct engine *engine, uint64_t token, int sock,
                           const struct sockaddr *address, socklen_t address_bytes)
{
    (void)engine, (void)token, (void)sock, (void)address, (void)address_bytes;
    return -EPERM;
}

static void refused_close(struct engine *engine, int sock, unsigned flags)
{
    (void)sock, (void)flags;
    engine->close_error = EPERM;
}

static void what_a_responder_needs_is_named_when_it_is_refused(void **state)
{
    (void)state;
    broken.accept_start = refused_accept;
    assert_fails_at(real->watch_call, EPERM, false);
    set_up(state);
    broken.send_now = refused_send_now;
    assert_fails_at("sendto", EPERM, false);
    set_up(state);
    broken.send = refused_send;
    assert_fails_at("sendto", EPERM, false);
    set_up(state);
    broken.half_close = refused_socket;
    assert_fails_at("shutdown", EPERM, false);
    set_up(state);
    broken.discard = refused_socket;
    assert_fails_at("recvfrom", EPERM, false);
    set_up(state);
    broken.recv = refused_recv;
    assert_fails_at("recvfrom", EPERM, false);
    set_up(state);
    broken.close = refused_close;
    assert_fails_at("close", EPERM, false);
}

static void what_a_generator_needs_is_named_when_it_is_refused(void **state)
{
    broken.connect = refused_connect;
    assert_fails_at("connect", EPERM, true);
    set_up(state);
    broken.socket = refused_socket;
    assert_fails_at("socket", EPERM, true);
    set_up(state);
    broken.recv = refused_recv;
    assert_fails_at("recvfrom", EPERM, true);
    set_up(state);
    broken.close = refused_close;
    assert_fails_at("close", EPERM, true);
}

static void what_the_other_side_needs_is_not_missed(void **state)
{
    struct engine_failure failure;

    broken.connect = refused_connect;
    broken.socket = refused_socket;
    assert_int_equal(0, start_and_end(false, 0, &failure));
    set_up(state);
    broken.accept_start = refused_accept;
    broken.send = refused_send;
    broken.send_now = refused_send_now;
    broken.half_close = broken.discard = refused_socket;
    assert_int_equal(0, start_and_end(true, 0, &failure));
}

/* A kernel that does not connect a socket to nobody may connect it to somebody. */
static int unable_connect(struct engine *engine, uint64_t token, int sock,
                          const struct sockaddr *address, socklen_t address_bytes)
{
    (void)engine, (void)token, (void)sock, (void)address, (void)address_bytes;
    return -EAFNOSUPPORT;
}

static void what_cannot_be_tried_says_nothing(void **state)
{
    struct engine_failure failure;

    (void)state;
    broken.connect = unable_connect;
    assert_int_equal(0, start_and_end(true, 0, &failure));
}

/* Operations that do not do what they say, and that never end */

static int lying_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                          unsigned flags)
{
    (void)engine, (void)sock, (void)data, (void)flags;
    return (int)bytes;
}

static int lying_half_close(struct engine *engine, int sock)
{
    (void)engine;
    (void)sock;
    return 0;
}

static void calls_that_only_say_that_they_did_it_are_named(void **state)
{
    broken.send_now = lying_send_now;
    assert_fails_at("sendto", EIO, false);
    set_up(state);
    broken.half_close = lying_half_close;
    assert_fails_at("shutdown", EIO, false);
}

static enum engine_op lost; /* its events never come */

static int losing_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    int count = real->wait(engine, timeout_ns, events);

    return count == 1 && events[0].op == lost ? 0 : count;
}

static void an_operation_that_never_ends_ends_the_test_all_the_same(void **state)
{
    struct engine_failure failure = {0};

    (void)state;
    broken.wait = losing_wait;
    lost = ENGINE_OP_SEND;
    assert_fails_at("sendto", ETIMEDOUT, false);
    lost = ENGINE_OP_RECV;
    assert_fails_at("recvfrom", ETIMEDOUT, true);
    lost = ENGINE_OP_ACCEPT; /* and what was accepted is nobody's */
    assert_int_equal(-ETIMEDOUT, start_and_end(false, 1, &failure));
    assert_string_equal(real->accept_call, failure.step);
}

static int failing_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    (void)timeout_ns;
    (void)events;
    engine->failed_call = "a wait";
    return -EPERM;
}

static void a_wait_that_is_refused_is_named(void **state)
{
    (void)state;
    broken.wait = failing_wait;
    assert_fails_at("a wait", EPERM, false);
    assert_fails_at("a wait", EPERM, true);
}

#define TEST(test) cmocka_unit_test_setup(test, set_up)

/* The argument names the engine. Exits with 77, skipped, where that engine does not work. */
int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST(a_start_that_works_leaves_nothing_open_or_pending),
        TEST(what_a_responder_needs_is_named_when_it_is_refused),
        TEST(what_a_generator_needs_is_named_when_it_is_refused),
        TEST(what_the_other_side_needs_is_not_missed),
        TEST(what_cannot_be_tried_says_nothing),
        TEST(calls_that_only_say_that_they_did_it_are_named),
        TEST(an_operation_that_never_ends_ends_the_test_all_the_same),
        TEST(a_wait_that_is_refused_is_named),
    };
    struct engine_args args = {
        .listener_fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC), .sockets_max = SOCKETS_MAX};
    struct engine_failure failure;
    struct engine *engine;

    for (size_t i = 0; argc > 1 && engine_classes[i]; i++) {
        if (strcmp(engine_classes[i]->name, argv[1]) == 0)
            real = engine_classes[i];
    }
    if (!real) {
        fprintf(stderr, "usage: test_self_test uring|epoll\n");
        return 2;
    }
    if (engine_open(real, &args, &engine, &failure) < 0) {
        printf("skipped: engine %s does not work here: %s: %s\n", real->name, failure.step,
               strerror(failure.error));
        return 77;
    }
    engine_destroy(engine);
    return cmocka_run_group_tests_name(real->name, tests, NULL, NULL);
}
