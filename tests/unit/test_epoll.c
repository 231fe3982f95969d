/* What only the epoll engine has: events that wait outside of the kernel. */
#include "engine/epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cmocka.h>

#define TURNS_MAX 100 /* more than the engine makes without asking the kernel */

static void what_was_sent_is_told_before_the_engine_is(void **state)
{
    struct engine_args args = {-1, eventfd(0, EFD_CLOEXEC), 1024};
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct engine_failure failure;
    struct engine *engine;
    int pair[2], nothing_fd, turns = 0, count;

    (void)state;
    assert_int_equal(0, engine_open(&engine_epoll, &args, &engine, &failure));
    assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    nothing_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing_fd, ((struct epoll *)(void *)engine)->epoll_fd);
    do { /* each turn has an event, until the kernel is asked */
        assert_int_equal(0, engine_send(engine, 7, pair[0], "x", 1, 0));
        count = engine_wait(engine, 0, events);
        assert_int_equal(1, count);
        assert_int_equal(1, events[0].result);
    } while (++turns < TURNS_MAX);
    assert_int_equal(-EINVAL, engine_wait(engine, 0, events));
    engine_destroy(engine);
    close(nothing_fd);
    close(pair[0]);
    close(pair[1]);
    close(args.wake_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_is_told_before_the_engine_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
