/* Iterations of the responder, on an engine whose events a test chooses. */
#include "base/clock.h"
#include "engine/checked.h"
#include "fake_engine.h"
#include "server/responder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include <cmocka.h>

#define SOCK        7
#define LEAVE_NS    1000 /* over by the next iteration */
#define ITERATIONS  10
#define SOCKETS_MAX 256
#define LONG_NS     UINT64_C(3600000000000)

/* Only one responder runs at a time, in one thread, so its engine can find it here. */
static struct {
    struct fake_engine fake;
    struct engine_class class;
    uint32_t iterations;
    int64_t timeout_ns; /* of the last wait */
    int accept_error;
    int start_error; /* accepting cannot begin */
    bool sends_wait; /* greetings do not go at once */
    uint32_t opens;  /* engines that can still be opened */
    struct worker_break broken;
    struct worker *worker;
    struct conditions conditions;
    struct listeners *listeners;
    struct greetings *greetings;
    int replaced;
    uint32_t greeting_bytes[4]; /* of the last send, before each wait */
    uint32_t accepts_begun, accepts_stopped;
    char notices[512]; /* all lines */
} one;

static int fake_open(const struct engine_args *args, struct engine **ret_engine,
                     struct engine_failure *ret_failure)
{
    (void)args;
    if (one.opens-- == 0)
        return engine_fail(ret_failure, "epoll_create1", -EMFILE, 0);
    one.fake.engine.class = &one.class;
    return checked_wrap(&one.fake.engine, SOCKETS_MAX, ret_engine);
}

static int fake_accept_start(struct engine *engine, uint32_t capacity)
{
    (void)engine;
    (void)capacity;
    return one.start_error;
}

static void fake_notice(void *context, const char *text)
{
    size_t length = strlen(one.notices);

    (void)context;
    snprintf(one.notices + length, sizeof(one.notices) - length, "%s\n", text);
}

/* A client comes in the first iteration; the engine is always behind and breaks in the last. */
static int fake_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    uint64_t start_ns = clock_now_ns();

    (void)timeout_ns;
    while (clock_now_ns() - start_ns <= LEAVE_NS)
        ;
    engine->iterations_behind = ++one.iterations;
    events[0] = (struct engine_event){.result = SOCK, .op = ENGINE_OP_ACCEPT, .more = true};
    return one.iterations == ITERATIONS ? -EIO : one.iterations == 1;
}

/* Let a responder run until its engine and this many replacements break. The caller frees it. */
static struct responder *run_on(uint32_t others, struct responder_args *args,
                                int (*wait)(struct engine *, int64_t, struct engine_event *))
{
    static int listener_fd;
    static struct listeners listeners = {
        .args = {.count = 1}, .count = 1, .fds = &listener_fd, .mutex = PTHREAD_MUTEX_INITIALIZER};
    struct responder *responder;
    struct worker_args worker_args = {.cpu = -1,
                                      .class = &one.class,
                                      .listener_fd = &listener_fd,
                                      .job = &responder_job,
                                      .done_fd = eventfd(0, EFD_CLOEXEC)};
    struct worker *worker;
    struct engine_failure failure;
    bool broke;

    one.iterations = 0;
    one.opens = 1 + others;
    listener_fd = -1;
    args->listeners = one.listeners = &listeners;
    listeners.looks = 0;
    one.notices[0] = '\0';
    conditions_init(&one.conditions, fake_notice, NULL);
    args->conditions = &one.conditions;
    responder = worker_args.state = responder_new(args);
    fake_engine_init(&one.fake);
    one.fake.sent_now = one.sends_wait ? 0 : 6;
    one.fake.discarded = 0; /* a FIN */
    one.class = *one.fake.engine.class;
    one.class.open = fake_open;
    one.class.accept_start = fake_accept_start;
    one.class.wait = wait;
    one.class.watch_call = "epoll_ctl";
    one.class.accept_call = "accept4";
    assert_int_equal(0, worker_start(&worker_args, &worker, &failure));
    one.worker = worker;
    worker_go(worker);
    assert_int_equal(0, eventfd_read(worker_args.done_fd, &(eventfd_t){0}));
    while (!worker_has_run(worker))
        assert_int_equal(0, eventfd_read(worker_args.done_fd, &(eventfd_t){0}));
    broke = worker_take_break(worker, &one.broken);
    assert_int_equal(broke ? -EIO : 0, worker_join(worker));
    close(worker_args.done_fd);
    conditions_release(&one.conditions);
    return responder;
}

static struct responder *run(struct responder_args *args,
                             int (*wait)(struct engine *, int64_t, struct engine_event *))
{
    return run_on(0, args, wait);
}

static void a_client_that_left_is_probed_while_the_engine_is_behind(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n",
                                                        .greeting_bytes = 6,
                                                        .linger = true,
                                                        .linger_timeout_ns = LONG_NS,
                                                        .leave_ns = LEAVE_NS};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};
    struct responder *responder = run(&args, fake_wait);

    (void)state;
    assert_string_equal("send_now half_close discard close", fake_engine_calls(&one.fake));
    assert_int_equal(1, responder_counts(responder)->outcomes[OUTCOME_GREETED]);
    free(responder);
}

/* Two clients come in the first iteration, all that may be accepted; then the engine breaks. */
static int fake_wait_for_two(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    (void)engine;
    one.timeout_ns = timeout_ns;
    events[0] = (struct engine_event){.result = SOCK, .op = ENGINE_OP_ACCEPT, .more = true};
    events[1] = (struct engine_event){.result = SOCK + 1, .op = ENGINE_OP_ACCEPT};
    return one.iterations++ == 0 ? 2 : -EIO;
}

static void a_probe_waits_for_another_iteration_only_below_capacity(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n",
                                                        .greeting_bytes = 6,
                                                        .linger = true,
                                                        .linger_timeout_ns = 10 * LONG_NS,
                                                        .leave_ns = LONG_NS,
                                                        .leave_slack_ns = LONG_NS};
    struct responder_args args = {.listener_fd = -1, .settings = &settings};

    (void)state;
    args.connections_max = 4;
    free(run(&args, fake_wait_for_two));
    assert_true(one.timeout_ns > (int64_t)LONG_NS);
    args.connections_max = 2; /* one leaves, the other is waited for */
    free(run(&args, fake_wait_for_two));
    assert_true(one.timeout_ns > 0 && one.timeout_ns <= (int64_t)LONG_NS);
}

/* Accepting fails in the first iteration; then the engine breaks. */
static int fake_wait_for_error(struct engine *engine, int64_t timeout_ns,
                               struct engine_event *events)
{
    (void)engine;
    one.timeout_ns = timeout_ns;
    events[0] = (struct engine_event){.result = one.accept_error, .op = ENGINE_OP_ACCEPT};
    return one.iterations++ == 0 ? 1 : -EIO;
}

static void accepting_pauses_when_something_is_short_and_not_for_a_client_that_failed(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n", .greeting_bytes = 6};
    static const int shortages[] = {-EMFILE, -ENFILE, -ENOMEM, -ENOBUFS, -EAGAIN};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};

    (void)state;
    for (size_t i = 0; i < sizeof(shortages) / sizeof(shortages[0]); i++) {
        one.accept_error = shortages[i];
        free(run(&args, fake_wait_for_error));
        assert_true(one.timeout_ns == (int64_t)RESPONDER_RETRY_NS);
    }
    one.accept_error = -ECONNABORTED;
    free(run(&args, fake_wait_for_error));
    assert_true(one.timeout_ns < 0);
}

static void the_last_place_is_no_news_while_nobody_waits(void **state)
{
    static const struct connection_settings settings = {
        .greeting = "hello\n", .greeting_bytes = 6, .linger = true, .linger_timeout_ns = LONG_NS};
    struct responder_args args = {.listener_fd = -1, .connections_max = 2, .settings = &settings};

    (void)state;
    free(run(&args, fake_wait_for_two));
    assert_string_equal("", one.notices);
    /* It checks again, because a client may come. */
    assert_true(one.timeout_ns > 0 && one.timeout_ns <= (int64_t)RESPONDER_CHECK_NS);
}

/* Nothing happens in the first iteration; then the engine breaks. */
static int fake_wait_for_nobody(struct engine *engine, int64_t timeout_ns,
                                struct engine_event *events)
{
    (void)engine;
    (void)events;
    one.timeout_ns = timeout_ns;
    return one.iterations++ == 0 ? 0 : -EIO;
}

static void accepting_that_cannot_begin_is_reported_at_once_and_tried_again(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n", .greeting_bytes = 6};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};

    (void)state;
    one.start_error = -ENOSPC;
    free(run(&args, fake_wait_for_nobody));
    one.start_error = 0;
    assert_non_null(strstr(one.notices,
                           "cannot accept, clients wait in the accept queue: epoll_ctl: "
                           "No space left on device; raise the sysctl "
                           "fs.epoll.max_user_watches"));
    assert_ptr_equal(strchr(one.notices, '\n') + 1,
                     one.notices + strlen(one.notices)); /* one line */
    assert_true(one.timeout_ns > 0 && one.timeout_ns <= (int64_t)RESPONDER_RETRY_NS);
}

/* Two clients come in the first iteration, one in the second; then the engine breaks. */
static int fake_wait_for_more(struct engine *engine, int64_t timeout_ns,
                              struct engine_event *events)
{
    (void)engine;
    (void)timeout_ns;
    one.fake.sent_now = -EPERM;
    for (int i = 0; i < 2; i++)
        events[i] = (struct engine_event){.result = SOCK + i, .op = ENGINE_OP_ACCEPT, .more = true};
    return one.iterations == 2 ? -EIO : 2 - (int)one.iterations++;
}

static void greetings_that_fail_are_reported_once_with_the_call_that_failed(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n", .greeting_bytes = 6};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};
    struct responder *responder = run(&args, fake_wait_for_more);

    (void)state;
    assert_int_equal(3, responder_counts(responder)->outcomes[OUTCOME_FAILED]);
    assert_non_null(strstr(one.notices, "connections fail: send: Operation not permitted; "));
    assert_ptr_equal(strchr(one.notices, '\n') + 1,
                     one.notices + strlen(one.notices)); /* one line */
    free(responder);
}

/* A client comes in the first iteration of the first engine; each engine breaks in its next. */
static int fake_wait_once(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    (void)timeout_ns;
    engine->failed_call = "epoll_wait";
    events[0] = (struct engine_event){.result = SOCK, .op = ENGINE_OP_ACCEPT, .more = true};
    return one.iterations++ == 0 ? 1 : -EIO;
}

static void a_greeting_that_waits_is_given_to_the_next_engine(void **state)
{
    static const struct connection_settings settings = {
        .greeting = "hello\n", .greeting_bytes = 6, .linger = true, .linger_timeout_ns = LONG_NS};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};
    struct responder *responder;

    (void)state;
    one.sends_wait = true;
    responder = run_on(2, &args, fake_wait_once);
    one.sends_wait = false;
    assert_string_equal("send send send hand_over close", fake_engine_calls(&one.fake));
    assert_int_equal(1, responder_counts(responder)->outcomes[OUTCOME_ABANDONED]);
    assert_int_equal(3, one.broken.count);
    assert_string_equal("epoll_wait", one.broken.call);
    assert_int_equal(EIO, one.broken.error);
    assert_null(one.broken.next);
    assert_string_equal("epoll_create1", one.broken.failure.step);
    free(responder);
}

static void a_worker_gets_three_engines_a_minute_in_place_of_those_that_broke(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n", .greeting_bytes = 6};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};

    (void)state;
    free(run_on(100, &args, fake_wait_once));
    assert_int_equal(4, one.broken.count);
    assert_int_equal(97, one.opens);
    assert_null(one.broken.next);
    assert_null(one.broken.failure.step);
}

/* A client comes in the first turn, whose greeting cannot be queued; then it breaks. */
static int fake_wait_for_one(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    (void)engine;
    (void)timeout_ns;
    one.fake.sent_now = 0;
    one.fake.failing = "send";
    one.fake.error = -ENOSPC;
    events[0] = (struct engine_event){.result = SOCK, .op = ENGINE_OP_ACCEPT, .more = true};
    return one.iterations++ == 0 ? 1 : -EIO;
}

static void what_is_tried_again_is_reported_as_delayed(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n", .greeting_bytes = 6};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};

    (void)state;
    free(run(&args, fake_wait_for_one));
    assert_non_null(
        strstr(one.notices, "connections are delayed: send: No space left on device; "));
}

/* A stop comes in the first turn, whose time is up; then accepting fails. */
static int fake_wait_for_stop(struct engine *engine, int64_t timeout_ns,
                              struct engine_event *events)
{
    (void)engine;
    (void)timeout_ns;
    worker_stop(one.worker, 1);
    events[0] = (struct engine_event){.result = -EMFILE, .op = ENGINE_OP_ACCEPT};
    return one.iterations++ == 1 ? 1 : 0;
}

static void a_listener_that_is_closed_is_not_asked_who_waits(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n", .greeting_bytes = 6};
    int none = -1;
    struct listeners listeners = {.args.count = 1,
                                  .count = 1,
                                  .fds = &none,
                                  .refusing_count = 1,
                                  .mutex = PTHREAD_MUTEX_INITIALIZER};
    struct responder_args args = {.listeners = &listeners,
                                  .listener_fd = eventfd(1, EFD_CLOEXEC), /* "somebody waits" */
                                  .connections_max = 4,
                                  .settings = &settings};

    (void)state;
    free(run(&args, fake_wait_for_stop));
    assert_int_equal(3, one.iterations);
    assert_string_equal("", one.notices);
    close(args.listener_fd);
}

static int counting_accept_start(struct engine *engine, uint32_t capacity)
{
    (void)engine;
    (void)capacity;
    one.accepts_begun++;
    return 0;
}

static void counting_accept_stop(struct engine *engine)
{
    (void)engine;
    one.accepts_stopped++;
}

/* Another process is gone, before the second wait and before the fourth; accepting that is to stop
 * ends in the wait after it. */
static int fake_wait_for_looks(struct engine *engine, int64_t timeout_ns,
                               struct engine_event *events)
{
    (void)engine;
    (void)timeout_ns;
    one.class.accept_start = counting_accept_start;
    one.class.accept_stop = counting_accept_stop;
    events[0] = (struct engine_event){.result = -ECANCELED, .op = ENGINE_OP_ACCEPT};
    switch (++one.iterations) {
    case 1:
    case 3:
        listeners_take_back(one.listeners);
        return 0;
    case 2:
    case 4:
        return 1;
    default:
        return one.iterations < ITERATIONS ? 0 : -EIO;
    }
}

static void accepting_begins_anew_each_time_another_process_is_gone(void **state)
{
    static const struct connection_settings settings = {.greeting = "hello\n", .greeting_bytes = 6};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4, .settings = &settings};

    (void)state;
    one.accepts_begun = one.accepts_stopped = 0;
    free(run(&args, fake_wait_for_looks));
    assert_int_equal(2, one.accepts_stopped);
    assert_int_equal(2, one.accepts_begun); /* the first time was not counted */
}

/* The greeting is changed during the second wait, and a client comes in the first, the second and
 * the third. All stay, and what was sent at once is all: the sizes of the sends tell them apart. */
static int fake_wait_for_change(struct engine *engine, int64_t timeout_ns,
                                struct engine_event *events)
{
    static struct option_bytes longer = {.bytes = 12, .data = "good morning"};

    (void)engine;
    (void)timeout_ns;
    one.greeting_bytes[one.iterations] = fake_engine_last(&one.fake)->bytes;
    if (++one.iterations == 2)
        one.replaced = greetings_replace(one.greetings, &longer);
    events[0] = (struct engine_event){
        .result = SOCK + (int)one.iterations, .op = ENGINE_OP_ACCEPT, .more = true};
    return one.iterations == 4 ? -EIO : 1;
}

static void who_comes_with_a_change_is_greeted_anew_and_the_old_one_is_given_back(void **state)
{
    static const struct connection_settings settings = {.delivery_timeout_ns = LONG_NS,
                                                        .linger_timeout_ns = LONG_NS};
    static struct server_config config = {.greeting = {.bytes = 6, .data = "hello\n"}};
    struct responder_args args = {.listener_fd = -1, .connections_max = 4};

    (void)state;
    args.greetings = one.greetings = greetings_new(&config, &settings);
    one.sends_wait = true;
    free(run(&args, fake_wait_for_change));
    one.sends_wait = false;
    assert_int_equal(1, one.replaced);
    assert_int_equal(6, one.greeting_bytes[1]);
    assert_int_equal(12, one.greeting_bytes[2]);
    assert_int_equal(12, one.greeting_bytes[3]);
    greetings_free(one.greetings); /* nobody holds any */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_left_is_probed_while_the_engine_is_behind),
        cmocka_unit_test(a_probe_waits_for_another_iteration_only_below_capacity),
        cmocka_unit_test(accepting_pauses_when_something_is_short_and_not_for_a_client_that_failed),
        cmocka_unit_test(the_last_place_is_no_news_while_nobody_waits),
        cmocka_unit_test(accepting_that_cannot_begin_is_reported_at_once_and_tried_again),
        cmocka_unit_test(greetings_that_fail_are_reported_once_with_the_call_that_failed),
        cmocka_unit_test(a_greeting_that_waits_is_given_to_the_next_engine),
        cmocka_unit_test(a_worker_gets_three_engines_a_minute_in_place_of_those_that_broke),
        cmocka_unit_test(what_is_tried_again_is_reported_as_delayed),
        cmocka_unit_test(a_listener_that_is_closed_is_not_asked_who_waits),
        cmocka_unit_test(who_comes_with_a_change_is_greeted_anew_and_the_old_one_is_given_back),
        cmocka_unit_test(accepting_begins_anew_each_time_another_process_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
