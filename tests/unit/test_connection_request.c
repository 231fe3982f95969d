/* Connections whose clients must ask first, step by step, on an engine that only records its calls.
 */
#include "base/units.h"
#include "engine/checked.h"
#include "fake_engine.h"
#include "server/connection.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FIRST_SOCK  5
#define SOCKETS_MAX (1 << 20) /* the fake engine gives each number once */
#define START_NS    (100 * NS_PER_S)
#define REQUEST_NS  (5 * NS_PER_S)
#define CAPACITY    4

struct fixture {
    struct fake_engine fake;
    struct engine *engine; /* checks how the fake one is used */
    int sock;              /* of the next client */
    uint64_t now_ns;
    struct connection_settings settings;
    struct request request;
    struct server_config config;
    struct connections connections;
};

static int set_up(struct fixture *f)
{
    fake_engine_init(&f->fake);
    assert_int_equal(0, checked_wrap(&f->fake.engine, SOCKETS_MAX, &f->engine));
    engine_accept_start(f->engine, UINT32_MAX);
    f->sock = FIRST_SOCK;
    f->now_ns = START_NS;
    request_make(&f->request, &f->config, &f->config.greeting);
    f->settings = (struct connection_settings){
        .request = &f->request,
        .greeting = f->request.answers.of[ANSWER_GREETING].data,
        .greeting_bytes = f->request.answers.of[ANSWER_GREETING].bytes,
        .linger = true,
        .linger_timeout_ns = 2 * NS_PER_S,
        .delivery_timeout_ns = 60 * NS_PER_S,
    };
    return connections_init(&f->connections, &f->settings, f->engine, CAPACITY);
}

static struct fixture fixture;

static void set_greeting(void)
{
    fixture.config = (struct server_config){.request_timeout_ns = REQUEST_NS,
                                            .content_type = "text/plain",
                                            .greeting = {.bytes = 6, .data = "hello\n"}};
}

static int set_up_text(void **state)
{
    *state = &fixture;
    set_greeting();
    fixture.config.greet_after = (struct option_bytes){.bytes = 4, .data = "\r\n\r\n"};
    return set_up(&fixture);
}

static int set_up_http(void **state)
{
    *state = &fixture;
    set_greeting();
    fixture.config.answer = SERVER_ANSWER_HTTP;
    return set_up(&fixture);
}

/* Every test ends with: accepted = the sum of the outcomes + open. */
static int tear_down(void **state)
{
    struct fixture *f = *state;

    outcome_counts_check(&f->connections.counts, connections_open(&f->connections));
    connections_release(&f->connections);
    engine_destroy(f->engine);
    return 0;
}

static struct engine_event happens(struct fixture *f, struct engine_event event)
{
    static struct engine_event events[ENGINE_EVENTS_MAX];

    f->fake.happened[f->fake.happened_count++] = event;
    assert_int_equal(1, engine_wait(f->engine, 0, events));
    return events[0];
}

/* A client comes, and has sent this by then. */
static void accept_one(struct fixture *f, const char *input)
{
    struct engine_event event = happens(
        f, (struct engine_event){.result = f->sock++, .op = ENGINE_OP_ACCEPT, .more = true});

    f->fake.input = input;
    connection_accept(&f->connections, event.result, f->now_ns);
}

/* The operation that was queued last ends with this result. */
static void ends(struct fixture *f, enum engine_op op, int result)
{
    struct engine_event event =
        happens(f, (struct engine_event){
                       .token = fake_engine_last(&f->fake)->token, .result = result, .op = op});

    connection_event(&f->connections, &event, f->now_ns);
}

/* The recv that was queued last gets this much, and more is there to be read at once. */
static void hears(struct fixture *f, const char *input, const char *more)
{
    memcpy(f->fake.receives, input, strlen(input));
    f->fake.input = more;
    ends(f, ENGINE_OP_RECV, (int)strlen(input));
}

static void time_comes(struct fixture *f, uint64_t now_ns)
{
    f->now_ns = now_ns;
    connections_expire(&f->connections, now_ns);
}

static void assert_ended(struct fixture *f, enum outcome outcome)
{
    assert_int_equal(0, connections_open(&f->connections));
    assert_int_equal(1, f->connections.counts.outcomes[outcome]);
    assert_true(connections_due_ns(&f->connections, true) == DEADLINE_NEVER);
}

static void client_that_has_asked_is_greeted_at_once(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "GET / HTTP/1.0\r\n\r\n");
    assert_string_equal("recv_now send", fake_engine_calls(&f->fake));
    assert_int_equal(6, fake_engine_last(&f->fake)->bytes);
    ends(f, ENGINE_OP_SEND, 6);
    assert_string_equal("half_close recv", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void request_in_pieces_is_waited_for_with_a_few_bytes(void **state)
{
    struct fixture *f = *state;

    accept_one(f, NULL);
    assert_string_equal("recv_now recv", fake_engine_calls(&f->fake));
    assert_int_equal(4, fake_engine_last(&f->fake)->bytes);
    assert_int_equal(ENGINE_LATER, fake_engine_last(&f->fake)->flags);
    hears(f, "jo\r\n", NULL);
    assert_string_equal("recv_now recv", fake_engine_calls(&f->fake));
    hears(f, "\r", "\nmore");
    assert_string_equal("recv_now send", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, 6);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void request_may_end_in_the_few_bytes(void **state)
{
    struct fixture *f = *state;

    accept_one(f, NULL);
    fake_engine_calls(&f->fake);
    hears(f, "\r\n\r\n", NULL);
    assert_string_equal("send", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, 6);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_ends_before_it_asked_is_silent(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "jo\r\n");
    fake_engine_calls(&f->fake);
    ends(f, ENGINE_OP_RECV, 0);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_SILENT);
}

static void end_may_be_there_behind_a_part(void **state)
{
    struct fixture *f = *state;

    f->fake.has_ended = true;
    accept_one(f, "jo\r\n");
    assert_string_equal("recv_now recv_now close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_SILENT);
}

static void client_that_resets_before_it_asked_is_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f, NULL);
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    assert_ended(f, OUTCOME_RESET);
}

static void time_to_ask_does_not_begin_again_with_each_byte(void **state)
{
    struct fixture *f = *state;

    accept_one(f, NULL);
    assert_true(START_NS + REQUEST_NS == connections_due_ns(&f->connections, true));
    f->now_ns = START_NS + NS_PER_S;
    hears(f, "j", NULL);
    assert_true(START_NS + REQUEST_NS == connections_due_ns(&f->connections, true));
    fake_engine_calls(&f->fake);
    time_comes(f, START_NS + REQUEST_NS - 1);
    assert_string_equal("", fake_engine_calls(&f->fake));
    time_comes(f, START_NS + REQUEST_NS);
    assert_string_equal("cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("recv_now close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_DRAIN, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_SILENT);
}

static void request_that_was_there_when_the_time_was_over_counts(void **state)
{
    struct fixture *f = *state;

    accept_one(f, NULL);
    time_comes(f, START_NS + REQUEST_NS);
    fake_engine_calls(&f->fake);
    f->fake.input = "\r\n\r\n";
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("recv_now send", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, 6);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void time_to_deliver_begins_with_the_request(void **state)
{
    struct fixture *f = *state;

    f->settings.delivery_timeout_ns = 3 * NS_PER_S;
    accept_one(f, NULL);
    f->now_ns = START_NS + 4 * NS_PER_S;
    hears(f, "\r\n\r\n", NULL);
    ends(f, ENGINE_OP_SEND, 3); /* it would be stalled now */
    assert_int_equal(1, connections_open(&f->connections));
    ends(f, ENGINE_OP_SEND, 3);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void cancel_that_fails_is_repeated(void **state)
{
    struct fixture *f = *state;

    accept_one(f, NULL);
    fake_engine_calls(&f->fake);
    f->fake.failing = "cancel";
    f->fake.error = -ENOSPC;
    time_comes(f, START_NS + REQUEST_NS);
    assert_true(f->now_ns + CONNECTION_WATCH_NS == connections_due_ns(&f->connections, true));
    f->fake.failing = NULL;
    time_comes(f, f->now_ns + CONNECTION_WATCH_NS);
    assert_string_equal("cancel cancel", fake_engine_calls(&f->fake));
}

/* HTTP */

/* The bytes of an answer are sent, and the client closes. */
static void takes(struct fixture *f, enum answer answer)
{
    assert_int_equal(f->request.answers.of[answer].bytes, fake_engine_last(&f->fake)->bytes);
    ends(f, ENGINE_OP_SEND, (int)f->request.answers.of[answer].bytes);
    assert_string_equal("half_close recv", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, 0);
}

static void HEAD_gets_the_head_only_and_is_greeted(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "HEAD / HTTP/1.1\r\n\r\n");
    assert_string_equal("recv_now send", fake_engine_calls(&f->fake));
    takes(f, ANSWER_HEAD);
    assert_ended(f, OUTCOME_GREETED);
}

static void wrong_request_is_answered_and_silent(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "hello\n");
    assert_string_equal("recv_now send", fake_engine_calls(&f->fake));
    takes(f, ANSWER_BAD);
    assert_ended(f, OUTCOME_SILENT);
}

static void part_of_a_request_is_late_when_the_time_is_over(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "GET / HT");
    time_comes(f, START_NS + REQUEST_NS);
    fake_engine_calls(&f->fake);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("recv_now send", fake_engine_calls(&f->fake));
    takes(f, ANSWER_LATE);
    assert_ended(f, OUTCOME_SILENT);
}

static void error_that_the_client_does_not_take_is_stalled(void **state)
{
    struct fixture *f = *state;

    f->fake.delivery = (struct engine_delivery){.unacknowledged_bytes = 1, .refused = true};
    accept_one(f, "hello\n");
    time_comes(f, START_NS + 2 * NS_PER_S);
    ends(f, ENGINE_OP_SEND, -ECANCELED);
    assert_ended(f, OUTCOME_STALLED);
}

/* Scarce places, ends, engines */

static void where_places_are_scarce_a_client_has_100_ms_and_gets_no_answer(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < CAPACITY / 2; i++)
        accept_one(f, "GET / HT");
    assert_true(START_NS + REQUEST_NS == connections_due_ns(&f->connections, true));
    accept_one(f, "GET / HT"); /* more than half */
    assert_true(START_NS + CONNECTION_HURRY_NS == connections_due_ns(&f->connections, true));
    fake_engine_calls(&f->fake);
    time_comes(f, START_NS + CONNECTION_HURRY_NS - 1);
    assert_string_equal("", fake_engine_calls(&f->fake));
    time_comes(f, START_NS + CONNECTION_HURRY_NS);
    assert_string_equal("cancel cancel cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("recv_now close", fake_engine_calls(&f->fake));
    assert_int_equal(1, f->connections.counts.outcomes[OUTCOME_SILENT]);
}

static void client_that_asks_at_the_end_is_abandoned_and_owed_nothing(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "jo\r\n");
    connections_stop(&f->connections, f->now_ns);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("recv_now recv_now recv cancel recv_now close",
                        fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_DRAIN, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_ABANDONED);
}

static void who_still_asks_when_all_are_abandoned_is_owed_nothing(void **state)
{
    struct fixture *f = *state;

    accept_one(f, NULL);
    fake_engine_calls(&f->fake);
    connections_abandon(&f->connections, f->now_ns);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_DRAIN, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_ABANDONED);
}

static void engine_is_renewed(struct fixture *f)
{
    engine_destroy(f->engine);
    fake_engine_init(&f->fake);
    assert_int_equal(0, checked_wrap(&f->fake.engine, SOCKETS_MAX, &f->engine));
}

static void with_another_engine_it_asks_on(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "\r\n");
    engine_is_renewed(f);
    f->fake.input = "\r\n";
    connections_resume(&f->connections, f->engine, f->now_ns);
    assert_string_equal("recv_now send", fake_engine_calls(&f->fake));
}

static void with_another_engine_who_is_late_is_late(void **state)
{
    struct fixture *f = *state;

    accept_one(f, "\r\n");
    time_comes(f, START_NS + REQUEST_NS);
    engine_is_renewed(f);
    connections_resume(&f->connections, f->engine, f->now_ns);
    assert_string_equal("recv_now close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_SILENT);
}

static void lack_of_memory_delays_and_does_not_give_more_time(void **state)
{
    struct fixture *f = *state;

    f->fake.no_input = -ENOMEM;
    accept_one(f, NULL);
    assert_string_equal("recv_now", fake_engine_calls(&f->fake));
    assert_int_equal(1, f->connections.trouble.count);
    assert_string_equal("recv", f->connections.trouble.call);
    time_comes(f, START_NS + CONNECTION_RETRY_NS);
    assert_string_equal("recv_now", fake_engine_calls(&f->fake));
    f->fake.no_input = 0;
    time_comes(f, START_NS + REQUEST_NS);
    assert_string_equal("recv_now close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_SILENT);
}

#define TEST(name, set_up) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(client_that_has_asked_is_greeted_at_once, set_up_text),
        TEST(request_in_pieces_is_waited_for_with_a_few_bytes, set_up_text),
        TEST(request_may_end_in_the_few_bytes, set_up_text),
        TEST(client_that_ends_before_it_asked_is_silent, set_up_text),
        TEST(end_may_be_there_behind_a_part, set_up_text),
        TEST(client_that_resets_before_it_asked_is_reset, set_up_text),
        TEST(time_to_ask_does_not_begin_again_with_each_byte, set_up_text),
        TEST(request_that_was_there_when_the_time_was_over_counts, set_up_text),
        TEST(time_to_deliver_begins_with_the_request, set_up_text),
        TEST(cancel_that_fails_is_repeated, set_up_text),
        TEST(HEAD_gets_the_head_only_and_is_greeted, set_up_http),
        TEST(wrong_request_is_answered_and_silent, set_up_http),
        TEST(part_of_a_request_is_late_when_the_time_is_over, set_up_http),
        TEST(error_that_the_client_does_not_take_is_stalled, set_up_http),
        TEST(where_places_are_scarce_a_client_has_100_ms_and_gets_no_answer, set_up_http),
        TEST(client_that_asks_at_the_end_is_abandoned_and_owed_nothing, set_up_text),
        TEST(who_still_asks_when_all_are_abandoned_is_owed_nothing, set_up_text),
        TEST(with_another_engine_it_asks_on, set_up_text),
        TEST(with_another_engine_who_is_late_is_late, set_up_text),
        TEST(lack_of_memory_delays_and_does_not_give_more_time, set_up_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
