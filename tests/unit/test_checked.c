/* The checking engine: what keeps the contract of engine.h passes, and each rule that is broken, by
 * the owner or by the engine within, ends the program with a line that names it. */
#include "breaking.h"
#include "engine/checked.h"
#include "fake_engine.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#define SOCKETS_MAX 64
#define SOCK        5
#define OTHER_SOCK  6
#define TOKEN       UINT64_C(0xabcdef12345678)
#define OTHER_TOKEN UINT64_C(7)

static struct fake_engine fake;
static struct engine *engine;
static struct engine_event events[ENGINE_EVENTS_MAX];
static char data[] = "hello\n";

static void happens(struct engine_event event)
{
    fake.happened[fake.happened_count++] = event;
}

/* What was asked for last ends like this, as the inner engine reports it. */
static void ends(enum engine_op op, int result)
{
    happens((struct engine_event){fake_engine_last(&fake)->token, result, op, false});
}

static int waits(void)
{
    return engine_wait(engine, -1, events);
}

static void accepts(int sock, bool more)
{
    happens((struct engine_event){.result = sock, .op = ENGINE_OP_ACCEPT, .more = more});
    waits();
}

/* With two connections, and room for one more. */
static int set_up(void **state)
{
    (void)state;
    fake_engine_init(&fake);
    fake.sent_now = 1;
    assert_int_equal(0, checked_wrap(&fake.engine, SOCKETS_MAX, &engine));
    engine_accept_start(engine, 3);
    accepts(SOCK, true);
    accepts(OTHER_SOCK, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    engine_destroy(engine);
    return 0;
}

static void sends(int sock, uint64_t token)
{
    engine_send(engine, token, sock, data, sizeof(data), ENGINE_MORE);
}

static void receives(int sock)
{
    engine_recv(engine, TOKEN, sock, NULL, ENGINE_DISCARD_BYTES, ENGINE_LATER);
}

static void what_keeps_the_contract_passes(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int sock;

    (void)state;
    sends(SOCK, TOKEN);
    ends(ENGINE_OP_SEND, 3);
    assert_int_equal(1, waits());
    assert_true(events[0].token == TOKEN);
    assert_int_equal(3, events[0].result);
    assert_int_equal(0, engine_half_close(engine, SOCK));
    receives(SOCK);
    assert_int_equal(0, engine_cancel(engine, ENGINE_OP_RECV, TOKEN, SOCK));
    ends(ENGINE_OP_RECV, -ECANCELED);
    assert_int_equal(1, waits());
    assert_true(events[0].token == TOKEN);
    engine_close(engine, SOCK, ENGINE_LATER);
    accepts(SOCK, false); /* another one */
    engine_accept_start(engine, 1);

    sock = engine_socket(engine, AF_INET);
    engine_connect(engine, TOKEN, sock, (void *)&address, sizeof(address));
    ends(ENGINE_OP_CONNECT, 0);
    assert_int_equal(1, waits());
    assert_string_equal("send half_close recv cancel close socket connect",
                        fake_engine_calls(&fake));
}

static void what_could_not_be_queued_is_not_pending(void **state)
{
    (void)state;
    fake.failing = "send";
    fake.error = -ENOSPC;
    fake.engine.failed_call = "io_uring_enter";
    assert_int_equal(-ENOSPC, engine_send(engine, TOKEN, SOCK, data, 1, 0));
    assert_string_equal("io_uring_enter", engine->failed_call);
    fake.failing = NULL;
    sends(SOCK, TOKEN);
}

static void what_else_the_inner_engine_reports_is_passed_on(void **state)
{
    (void)state;
    fake.engine.close_error = EIO;
    fake.engine.iterations_behind = 1;
    waits();
    assert_int_equal(EIO, engine->close_error);
    assert_true(engine_is_behind(engine));
    engine->close_error = 0;
    fake.engine.iterations_behind = 0;
    waits();
    assert_int_equal(0, engine->close_error);
    assert_false(engine_is_behind(engine));
}

/* What the owner must not do. */

static void two_operations(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    engine_recv(engine, OTHER_TOKEN, SOCK, NULL, 1, 0);
}

static void one_token_for_two(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    sends(OTHER_SOCK, TOKEN);
}

static void large_token(void *context)
{
    (void)context;
    sends(SOCK, UINT64_C(1) << ENGINE_TOKEN_BITS);
}

static void send_now_while_sending(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    engine_send_now(engine, SOCK, data, 1, 0);
}

static void half_close_while_sending(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    engine_half_close(engine, SOCK);
}

static void recv_now_while_receiving(void *context)
{
    char byte;

    (void)context;
    receives(SOCK);
    engine_recv_now(engine, SOCK, &byte, 1);
}

static void discard_while_receiving(void *context)
{
    (void)context;
    receives(SOCK);
    engine_discard(engine, SOCK);
}

static void disconnect_while_receiving(void *context)
{
    (void)context;
    receives(SOCK);
    engine_disconnect(engine, SOCK);
}

static void send_after_the_fin(void *context)
{
    (void)context;
    engine_half_close(engine, SOCK);
    sends(SOCK, TOKEN);
}

static void send_now_after_the_fin(void *context)
{
    (void)context;
    engine_half_close(engine, SOCK);
    engine_send_now(engine, SOCK, data, 1, 0);
}

static void receive_while_connecting(void *context)
{
    static struct sockaddr_in address = {.sin_family = AF_INET};
    int sock = engine_socket(engine, AF_INET);

    (void)context;
    engine_connect(engine, TOKEN, sock, (void *)&address, sizeof(address));
    engine_discard(engine, sock);
}

static void connect_to_a_large_address(void *context)
{
    static struct sockaddr_storage address;

    (void)context;
    engine_connect(engine, TOKEN, engine_socket(engine, AF_INET), (void *)&address,
                   sizeof(address));
}

static void send_now_and_later(void *context)
{
    (void)context;
    engine_send_now(engine, SOCK, data, 1, ENGINE_LATER);
}

static void close_what_could_not_be_opened(void *context)
{
    (void)context;
    engine_close(engine, -EMFILE, 0);
}

static void send_later(void *context)
{
    (void)context;
    engine_send(engine, TOKEN, SOCK, data, 1, ENGINE_LATER);
}

static void receive_more(void *context)
{
    (void)context;
    engine_recv(engine, TOKEN, SOCK, NULL, 1, ENGINE_MORE);
}

static void close_later_and_drain(void *context)
{
    (void)context;
    engine_close(engine, SOCK, ENGINE_LATER | ENGINE_DRAIN);
}

static void throw_too_much_away(void *context)
{
    (void)context;
    engine_recv(engine, TOKEN, SOCK, NULL, ENGINE_DISCARD_BYTES + 1, 0);
}

static void use_after_close(void *context)
{
    (void)context;
    engine_close(engine, SOCK, 0);
    engine_delivery(engine, SOCK, &(struct engine_delivery){0});
}

static void close_twice(void *context)
{
    (void)context;
    engine_close(engine, SOCK, 0);
    engine_close(engine, SOCK, 0);
}

static void wait_after_a_close_of_what_is_pending(void *context)
{
    (void)context;
    receives(SOCK);
    engine_close(engine, SOCK, 0);
    waits();
}

static void wait_after_handing_over_what_is_being_sent(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    engine_hand_over(engine, SOCK, data, 1, 1);
    waits();
}

static void cancel_nothing(void *context)
{
    (void)context;
    engine_cancel(engine, ENGINE_OP_RECV, TOKEN, SOCK);
}

static void cancel_another(void *context)
{
    (void)context;
    receives(SOCK);
    engine_cancel(engine, ENGINE_OP_RECV, OTHER_TOKEN, SOCK);
}

static void accept_twice(void *context)
{
    (void)context;
    engine_accept_start(engine, 1);
}

static void accept_without_room(void *context)
{
    (void)context;
    happens((struct engine_event){.result = -ECANCELED, .op = ENGINE_OP_ACCEPT});
    waits();
    engine_accept_start(engine, 0);
}

static void change_what_is_sent(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    data[0] = 'j';
    ends(ENGINE_OP_SEND, 1);
    waits();
}

static void change_the_address(void *context)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int sock = engine_socket(engine, AF_INET);

    (void)context;
    engine_connect(engine, TOKEN, sock, (void *)&address, sizeof(address));
    address.sin_port = 1;
    waits();
}

static void *stop_accepting(void *context)
{
    (void)context;
    engine_accept_stop(engine);
    return NULL;
}

static void use_in_another_thread(void *context)
{
    pthread_t thread;

    (void)context;
    if (pthread_create(&thread, NULL, stop_accepting, NULL) == 0)
        pthread_join(thread, NULL);
}

static void each_rule_that_the_owner_breaks_is_reported(void **state)
{
    static const struct {
        void (*action)(void *context);
        const char *expected;
    } rules[] = {
        {two_operations, "sock=5 op=4 while op=3 is pending"},
        {one_token_for_two, "token=0xabcdef12345678 is pending on sockets 5 and 6"},
        {large_token, "token=0x100000000000000"},
        {send_now_while_sending, "sock=5 op=3 is pending"},
        {half_close_while_sending, "sock=5 op=3 is pending"},
        {recv_now_while_receiving, "sock=5 op=4 is pending"},
        {discard_while_receiving, "sock=5 op=4 is pending"},
        {disconnect_while_receiving, "sock=5 op=4 is pending"},
        {send_after_the_fin, "sock=5 has sent its FIN"},
        {send_now_after_the_fin, "sock=5 has sent its FIN"},
        {receive_while_connecting, "sock=7 op=2 is pending"},
        {connect_to_a_large_address, "sock=7 address_bytes=128"},
        {send_later, "flags=0x2"},
        {send_now_and_later, "flags=0x2"},
        {receive_more, "flags=0x1"},
        {close_later_and_drain, "sock=5 flags=0x6"},
        {throw_too_much_away, "sock=5 bytes=1048577"},
        {use_after_close, "sock=5 was closed"},
        {close_what_could_not_be_opened, "sock=-24 of 64"},
        {close_twice, "sock=5 was closed"},
        {wait_after_a_close_of_what_is_pending,
         "sock=5 was closed or handed over while op=4 was pending"},
        {wait_after_handing_over_what_is_being_sent,
         "sock=5 was closed or handed over while op=3 was pending"},
        {cancel_nothing, "sock=5 op=4 token=0xabcdef12345678 is not pending, but op=0"},
        {cancel_another, "sock=5 op=4 token=0x7 is not pending, but op=4"},
        {accept_twice, "capacity=1, while 1 may still come"},
        {accept_without_room, "there is no capacity"},
        {change_what_is_sent, "sock=5 bytes=7 changed while they were sent"},
        {change_the_address, "the address that sock=7 connects to changed"},
        {use_in_another_thread, "the engine is another thread's"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        assert_breaks(rules[i].action, NULL, rules[i].expected);
}

/* What the engine within must not do. */

static void report_twice(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    ends(ENGINE_OP_SEND, 1);
    ends(ENGINE_OP_SEND, 1);
    waits();
}

static void report_the_one_before(void *context)
{
    uint64_t before;

    (void)context;
    sends(SOCK, TOKEN);
    before = fake_engine_last(&fake)->token;
    ends(ENGINE_OP_SEND, 1);
    waits();
    sends(SOCK, TOKEN);
    happens((struct engine_event){before, 1, ENGINE_OP_SEND, false});
    waits();
}

static void report_an_unknown_token(void *context)
{
    (void)context;
    happens((struct engine_event){SOCKETS_MAX, 1, ENGINE_OP_SEND, false});
    waits();
}

static void report_another_operation(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    ends(ENGINE_OP_RECV, 1);
    waits();
}

static void send_more_than_asked(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    ends(ENGINE_OP_SEND, sizeof(data) + 1);
    waits();
}

static void send_more_than_asked_at_once(void *context)
{
    (void)context;
    fake.sent_now = 2;
    engine_send_now(engine, SOCK, data, 1, 0);
}

static void promise_more_of_a_send(void *context)
{
    (void)context;
    sends(SOCK, TOKEN);
    happens((struct engine_event){fake_engine_last(&fake)->token, 1, ENGINE_OP_SEND, true});
    waits();
}

static void accept_more_than_there_is_room_for(void *context)
{
    (void)context;
    accepts(10, true);
}

static void accept_after_the_end(void *context)
{
    (void)context;
    accepts(10, false);
    accepts(11, false);
}

static void go_on_after_an_error(void *context)
{
    (void)context;
    accepts(-EMFILE, true);
}

static void give_one_socket_twice(void *context)
{
    (void)context;
    accepts(SOCK, false);
}

static void give_a_socket_beyond_all(void *context)
{
    (void)context;
    accepts(SOCKETS_MAX, false);
}

static void accept_with_a_token(void *context)
{
    (void)context;
    happens((struct engine_event){OTHER_TOKEN, 10, ENGINE_OP_ACCEPT, false});
    waits();
}

static void report_no_operation(void *context)
{
    (void)context;
    happens((struct engine_event){.result = 1});
    waits();
}

static void queue_and_do_at_once(void *context)
{
    (void)context;
    fake.failing = "send";
    fake.error = 1;
    sends(SOCK, TOKEN);
}

static void wake_with_a_token(void *context)
{
    (void)context;
    happens((struct engine_event){.token = 1, .op = ENGINE_OP_WAKE});
    waits();
}

static int report_too_much(struct engine *within, int64_t timeout_ns, struct engine_event *happened)
{
    (void)within;
    (void)timeout_ns;
    (void)happened;
    return ENGINE_EVENTS_MAX + 1;
}

static void report_more_than_fits(void *context)
{
    struct engine_class class = *fake.engine.class;

    (void)context;
    class.wait = report_too_much;
    fake.engine.class = &class;
    waits();
}

static void each_rule_that_the_inner_engine_breaks_is_reported(void **state)
{
    static const struct {
        void (*action)(void *context);
        const char *expected;
    } rules[] = {
        {report_twice, "sock=5 op=3 token=0x100000005 result=1 is not pending"},
        {report_the_one_before, "sock=5 op=3 token=0x100000005 result=1 is not pending"},
        {report_an_unknown_token, "token=0x40 op=3"},
        {report_another_operation, "sock=5 op=4 while op=3 is pending"},
        {send_more_than_asked, "sock=5 op=3 result=8 bytes=7"},
        {send_more_than_asked_at_once, "sock=5 result=2 bytes=1"},
        {promise_more_of_a_send, "sock=5 op=3 more=1"},
        {accept_more_than_there_is_room_for, "result=10 more=1 capacity=0"},
        {accept_after_the_end, "result=11 more=0, though accepting has ended"},
        {go_on_after_an_error, "result=-24 more=1 capacity=1"},
        {give_one_socket_twice, "sock=5 is open already"},
        {give_a_socket_beyond_all, "sock=64 of 64"},
        {accept_with_a_token, "token=0x7"},
        {report_no_operation, "op=0 result=1"},
        {queue_and_do_at_once, "sock=5 result=1"},
        {wake_with_a_token, "token=0x1 more=0"},
        {report_more_than_fits, "count=257"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        assert_breaks(rules[i].action, NULL, rules[i].expected);
}

/* The kernel has to have it by then: the owner's is gone. */
static void an_address_is_not_there_for_the_engine_after_a_wait(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    (void)state;
    engine_connect(engine, TOKEN, engine_socket(engine, AF_INET), (void *)&address,
                   sizeof(address));
    assert_int_equal(AF_INET, fake.address->sa_family);
    assert_ptr_not_equal(&address, fake.address);
    waits();
    assert_int_equal(UINT16_MAX, fake.address->sa_family);
}

#define CHECKED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECKED(what_keeps_the_contract_passes),
        CHECKED(what_could_not_be_queued_is_not_pending),
        CHECKED(what_else_the_inner_engine_reports_is_passed_on),
        CHECKED(each_rule_that_the_owner_breaks_is_reported),
        CHECKED(each_rule_that_the_inner_engine_breaks_is_reported),
        CHECKED(an_address_is_not_there_for_the_engine_after_a_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
