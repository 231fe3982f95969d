/* What is said of a worker whose engine broke. */
#include "workers/worker_break.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct worker_break once = {
    .count = 1, .engine = "uring", .call = "io_uring_enter", .error = EBADR, .next = "epoll"};

static void a_break_names_the_worker_the_engine_and_the_call(void **state)
{
    struct worker_break thrice = once;
    char text[WORKER_BREAK_BYTES];

    (void)state;
    worker_break_format(&once, 4, text);
    assert_string_equal(
        "worker 4: engine uring broke: io_uring_enter: Invalid request descriptor (EBADR)", text);
    thrice.count = 3;
    worker_break_format(&thrice, 4, text);
    assert_string_equal("worker 4: engine uring broke 3 times: io_uring_enter: Invalid request "
                        "descriptor (EBADR)",
                        text);
}

static void a_renewal_names_the_next_engine(void **state)
{
    struct worker_break again = once;
    char text[WORKER_CONSEQUENCE_BYTES];

    (void)state;
    worker_break_renewal(&once, text);
    assert_string_equal("it continues with engine epoll, and keeps its connections", text);
    again.next = "uring";
    worker_break_renewal(&again, text);
    assert_string_equal("it continues with a fresh engine uring, and keeps its connections", text);
}

#define NO_ENGINE                                                                            \
    "no engine starts to replace it (epoll_create1: Too many open files), so it ends after " \
    "it has served the clients that wait"

static void a_loss_tells_why_and_who_is_left(void **state)
{
    struct worker_break lost = once;
    char text[WORKER_CONSEQUENCE_BYTES];

    (void)state;
    lost.next = NULL;
    worker_break_loss(&lost, 2, false, NULL, text);
    assert_string_equal("it broke 3 times before, within 60 s, so it ends after it has served the "
                        "clients that wait; 2 others go on; restart the program to replace it",
                        text);
    lost.failure = (struct engine_failure){.step = "epoll_create1", .error = EMFILE};
    worker_break_loss(&lost, 1, false, NULL, text);
    assert_string_equal(NO_ENGINE "; 1 other goes on; restart the program to replace it", text);
    worker_break_loss(&lost, 1, true, "of that", text);
    assert_string_equal(NO_ENGINE, text);
    worker_break_loss(&lost, 0, false, "of that", text);
    assert_string_equal(NO_ENGINE ", and no other worker is left", text);
    worker_break_loss(&lost, 1, false, "of that", text);
    assert_string_equal(NO_ENGINE "; all workers stop, because of that", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_break_names_the_worker_the_engine_and_the_call),
        cmocka_unit_test(a_renewal_names_the_next_engine),
        cmocka_unit_test(a_loss_tells_why_and_who_is_left),
    };
    return cmocka_run_group_tests_name("worker_break", tests, NULL, NULL);
}
