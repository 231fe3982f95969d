/* The life of a connection, step by step, on an engine that only records its calls. */
#include "base/units.h"
#include "breaking.h"
#include "engine/checked.h"
#include "fake_engine.h"
#include "server/connection.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FIRST_SOCK    5
#define SOCKETS_MAX   (1 << 20) /* the fake engine gives each number once */
#define START_NS      (100 * NS_PER_S)
#define LEAVE_NS      (100 * NS_PER_MS)
#define SLACK_NS      (30 * NS_PER_MS)
#define LINGER_NS     (2 * NS_PER_S)
#define DELIVERY_NS   (60 * NS_PER_S)
#define GREETING      "hello\n"
#define GREETING_SIZE 6

struct fixture {
    struct fake_engine fake;
    struct engine *engine; /* checks how the fake one is used */
    int sock;              /* of the next client */
    struct connection_settings settings;
    struct connections connections;
};

static int set_up_with(void **state, bool linger, uint32_t greeting_bytes)
{
    static struct fixture fixture;

    fake_engine_init(&fixture.fake);
    assert_int_equal(0, checked_wrap(&fixture.fake.engine, SOCKETS_MAX, &fixture.engine));
    engine_accept_start(fixture.engine, UINT32_MAX);
    fixture.sock = FIRST_SOCK;
    fixture.settings = (struct connection_settings){.greeting = GREETING,
                                                    .greeting_bytes = greeting_bytes,
                                                    .linger = linger,
                                                    .linger_timeout_ns = LINGER_NS,
                                                    .delivery_timeout_ns = DELIVERY_NS};
    *state = &fixture;
    return connections_init(&fixture.connections, &fixture.settings, fixture.engine, 4);
}

static int set_up_leaving(void **state)
{
    int result = set_up_with(state, true, GREETING_SIZE);
    struct fixture *f = *state;

    f->settings.leave_ns = f->connections.leaving.timeout_ns = LEAVE_NS;
    f->settings.leave_slack_ns = SLACK_NS;
    return result;
}

static int set_up_linger(void **state)
{
    return set_up_with(state, true, GREETING_SIZE);
}

static int set_up_swift(void **state)
{
    return set_up_with(state, false, GREETING_SIZE);
}

static int set_up_silent(void **state)
{
    return set_up_with(state, true, 0);
}

/* The engine breaks, and there is another. */
static void engine_is_renewed(struct fixture *f)
{
    engine_destroy(f->engine);
    fake_engine_init(&f->fake);
    assert_int_equal(0, checked_wrap(&f->fake.engine, SOCKETS_MAX, &f->engine));
    connections_resume(&f->connections, f->engine, START_NS);
}

/* Every test ends with: accepted = the sum of the outcomes + open, and who ended was timed. */
static int tear_down(void **state)
{
    struct fixture *f = *state;
    uint64_t ended = 0, timed = 0;

    for (int i = 0; i < OUTCOME_COUNT; i++)
        ended += f->connections.counts.outcomes[i];
    for (int i = 0; i <= DURATIONS_BOUNDS; i++)
        timed += f->connections.durations.counts[i];
    assert_int_equal(ended, timed);
    assert_int_equal(f->connections.counts.accepted, ended + connections_open(&f->connections));
    connections_release(&f->connections);
    engine_destroy(f->engine);
    return 0;
}

/* Let the next engine_wait return this event, and return what it returned. */
static struct engine_event happens(struct fixture *f, struct engine_event event)
{
    static struct engine_event events[ENGINE_EVENTS_MAX];

    f->fake.happened[f->fake.happened_count++] = event;
    assert_int_equal(1, engine_wait(f->engine, 0, events));
    return events[0];
}

static void accept_one(struct fixture *f)
{
    struct engine_event event = happens(
        f, (struct engine_event){.result = f->sock++, .op = ENGINE_OP_ACCEPT, .more = true});

    connection_accept(&f->connections, event.result, START_NS);
}

/* The last queued operation ends with this result. */
static void ends(struct fixture *f, enum engine_op op, int result)
{
    struct engine_event event =
        happens(f, (struct engine_event){
                       .token = fake_engine_last(&f->fake)->token, .result = result, .op = op});

    connection_event(&f->connections, &event, START_NS);
}

/* A send that was queued earlier ends with this result. */
static void ends_of(struct fixture *f, const struct fake_call *send, int result)
{
    struct engine_event event = happens(
        f, (struct engine_event){.token = send->token, .result = result, .op = ENGINE_OP_SEND});

    connection_event(&f->connections, &event, START_NS);
}

/* So much of the greeting was sent by then. */
static void sends(struct fixture *f, int bytes, uint64_t now_ns)
{
    struct engine_event event = happens(
        f, (struct engine_event){
               .token = fake_engine_last(&f->fake)->token, .result = bytes, .op = ENGINE_OP_SEND});

    connection_event(&f->connections, &event, now_ns);
}

static void assert_ended(struct fixture *f, enum outcome outcome)
{
    assert_int_equal(0, connections_open(&f->connections));
    assert_int_equal(1, f->connections.counts.outcomes[outcome]);
    assert_true(connections_due_ns(&f->connections, true) == DEADLINE_NEVER);
}

static void linger_greets_half_closes_drains_and_closes(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    assert_string_equal("send", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_MORE, fake_engine_last(&f->fake)->flags);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_string_equal("half_close recv", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_LATER, fake_engine_last(&f->fake)->flags);
    ends(f, ENGINE_OP_RECV, 0);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_LATER, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_GREETED);
}

static void swift_greets_and_closes_after_draining_what_came(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_string_equal("send close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_DRAIN, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_GREETED);
}

static void what_a_client_says_is_thrown_away_until_it_closes(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    ends(f, ENGINE_OP_RECV, 64 << 10);
    assert_string_equal("recv", fake_engine_calls(&f->fake));
    assert_int_equal(0, fake_engine_last(&f->fake)->flags); /* more may be there at once */
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void short_send_is_carried_on_with_the_rest(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, 4);
    assert_string_equal("send send", fake_engine_calls(&f->fake));
    assert_int_equal(2, fake_engine_last(&f->fake)->bytes);
    ends(f, ENGINE_OP_SEND, 2);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void empty_greeting_is_just_a_fin(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    assert_string_equal("half_close recv", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void reset_while_greeting_counts_as_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, -EPIPE);
    assert_ended(f, OUTCOME_RESET);
}

static void reset_while_half_closing_counts_as_reset(void **state)
{
    struct fixture *f = *state;

    f->fake.failing = "half_close";
    f->fake.error = -ENOTCONN;
    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_ended(f, OUTCOME_RESET);
}

static void reset_while_lingering_counts_as_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    assert_ended(f, OUTCOME_RESET);
}

static void unknown_error_counts_as_failed(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, -EIO);
    assert_ended(f, OUTCOME_FAILED);
}

/* Fault injection: each call that can fail to be queued, one after another. */
static void what_cannot_be_queued_is_tried_again(void **state)
{
    struct fixture *f = *state;
    const char *const calls[] = {"send", "recv"};
    uint64_t now_ns = START_NS;

    for (int i = 0; i < 2; i++) {
        f->fake.failing = calls[i];
        f->fake.error = -ENOSPC;
        accept_one(f);
        if (i > 0)
            ends(f, ENGINE_OP_SEND, GREETING_SIZE);
        assert_int_equal(1, connections_open(&f->connections));
        f->fake.failing = NULL;
        fake_engine_calls(&f->fake);
        now_ns += CONNECTION_RETRY_NS;
        connections_expire(&f->connections, now_ns);
        assert_string_equal(calls[i], fake_engine_calls(&f->fake));
        if (i == 0)
            ends(f, ENGINE_OP_SEND, GREETING_SIZE);
        ends(f, ENGINE_OP_RECV, 0);
        assert_int_equal(i + 1, f->connections.counts.outcomes[OUTCOME_GREETED]);
    }
}

/* The kernel gave up: it reports the last ICMP error, or a timeout. */
static void client_whose_host_is_gone_counts_as_reset(void **state)
{
    static const int errors[] = {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENONET,
                                 EPROTO,    ENOPROTOOPT,  EACCES,      EMSGSIZE,  ECONNREFUSED};
    const int count = sizeof(errors) / sizeof(errors[0]);
    struct fixture *f = *state;

    for (int i = 0; i < count; i++) {
        accept_one(f);
        ends(f, ENGINE_OP_SEND, -errors[i]);
        assert_int_equal(2 * i + 1, f->connections.counts.outcomes[OUTCOME_RESET]);
        accept_one(f);
        ends(f, ENGINE_OP_SEND, GREETING_SIZE);
        ends(f, ENGINE_OP_RECV, -errors[i]);
        assert_int_equal(2 * i + 2, f->connections.counts.outcomes[OUTCOME_RESET]);
        fake_engine_calls(&f->fake);
    }
}

static void send_without_memory_is_tried_again_and_greets(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, -ENOBUFS);
    assert_string_equal("send", fake_engine_calls(&f->fake));
    assert_int_equal(START_NS + CONNECTION_RETRY_NS, connections_due_ns(&f->connections, true));
    connections_expire(&f->connections, START_NS + CONNECTION_RETRY_NS);
    assert_string_equal("send", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void send_without_memory_is_not_tried_for_ever(void **state)
{
    struct fixture *f = *state;
    uint64_t now_ns = START_NS;

    accept_one(f);
    for (int i = 0; i < CONNECTION_RETRIES_MAX; i++) {
        ends(f, ENGINE_OP_SEND, -ENOMEM);
        assert_int_equal(1, connections_open(&f->connections));
        now_ns += CONNECTION_RETRY_NS;
        connections_expire(&f->connections, now_ns);
        fake_engine_calls(&f->fake);
    }
    ends(f, ENGINE_OP_SEND, -ENOMEM);
    assert_ended(f, OUTCOME_FAILED);
}

static void what_waits_is_asked_of_the_next_engine(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE - 2);
    engine_is_renewed(f);
    assert_int_equal(2, fake_engine_last(&f->fake)->bytes); /* the rest, and no more */
    assert_string_equal("send", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, 2);
    assert_string_equal("half_close recv", fake_engine_calls(&f->fake));
    engine_is_renewed(f);
    assert_string_equal("recv", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void who_was_to_be_let_go_is_when_the_engine_is_renewed(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    assert_string_equal("send half_close recv cancel", fake_engine_calls(&f->fake));
    engine_is_renewed(f);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_EXPIRED);
}

static void who_has_time_to_close_keeps_it_when_the_engine_is_renewed(void **state)
{
    struct fixture *f = *state;

    f->fake.sent_now = GREETING_SIZE;
    accept_one(f);
    engine_is_renewed(f);
    assert_string_equal("", fake_engine_calls(&f->fake));
    assert_true(connections_leave(&f->connections));
    connections_probe(&f->connections, START_NS + LEAVE_NS); /* it has */
    assert_false(connections_leave(&f->connections));
    assert_ended(f, OUTCOME_GREETED);
}

static void holder_is_let_go_at_the_linger_timeout(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    assert_int_equal(START_NS + LINGER_NS, connections_due_ns(&f->connections, true));
    connections_expire(&f->connections, START_NS + LINGER_NS - 1);
    assert_string_equal("", fake_engine_calls(&f->fake));
    connections_expire(&f->connections, START_NS + LINGER_NS);
    assert_int_equal(1, connections_open(&f->connections)); /* until its operation has ended */
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("cancel close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_EXPIRED);
}

static void client_that_refuses_the_greeting_is_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    f->fake.delivery = (struct engine_delivery){GREETING_SIZE + 1, .refused = true};
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("cancel close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_RESET, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_STALLED);
}

static void client_that_lets_the_send_wait_is_reset(void **state)
{
    struct fixture *f = *state;

    f->fake.delivery = (struct engine_delivery){4, .refused = true};
    accept_one(f);
    ends(f, ENGINE_OP_SEND, 4);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    assert_string_equal("send send cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, -ECANCELED);
    assert_int_equal(ENGINE_RESET, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_STALLED);
}

/* Packets are lost: the kernel repeats what the client has not acknowledged. */
static void client_that_is_not_heard_is_waited_for_and_greeted(void **state)
{
    struct fixture *f = *state;
    uint64_t now_ns = START_NS + LINGER_NS;

    accept_one(f);
    f->fake.delivery.unacknowledged_bytes = GREETING_SIZE + 1;
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    for (; now_ns < START_NS + DELIVERY_NS; now_ns += CONNECTION_WATCH_NS) {
        connections_expire(&f->connections, now_ns);
        assert_string_equal("", fake_engine_calls(&f->fake));
        assert_int_equal(now_ns + CONNECTION_WATCH_NS, connections_due_ns(&f->connections, true));
    }
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_is_not_heard_for_the_delivery_timeout_is_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    f->fake.delivery.unacknowledged_bytes = GREETING_SIZE + 1;
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    connections_expire(&f->connections, START_NS + DELIVERY_NS);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("cancel close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_RESET, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_STALLED);
}

/* It answered again, and has the usual time. */
static void client_that_was_late_to_acknowledge_has_the_linger_timeout_from_then_on(void **state)
{
    struct fixture *f = *state;
    uint64_t now_ns = START_NS + LINGER_NS;

    accept_one(f);
    f->fake.delivery.unacknowledged_bytes = GREETING_SIZE + 1;
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    connections_expire(&f->connections, now_ns);
    f->fake.delivery.unacknowledged_bytes = 0;
    now_ns += CONNECTION_WATCH_NS;
    connections_expire(&f->connections, now_ns);
    assert_string_equal("", fake_engine_calls(&f->fake));
    assert_int_equal(now_ns + LINGER_NS, connections_due_ns(&f->connections, true));
    connections_expire(&f->connections, now_ns + LINGER_NS);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("cancel close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_LATER, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_EXPIRED);
}

/* The last of three silent clients holds a place that another may need. */
static void client_that_is_not_heard_is_left_to_the_kernel_when_places_are_scarce(void **state)
{
    struct fixture *f = *state;

    f->fake.delivery.unacknowledged_bytes = GREETING_SIZE + 1;
    for (int i = 0; i < 3; i++) {
        accept_one(f);
        ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    }
    fake_engine_calls(&f->fake);
    f->connections.slab.capacity = 6;
    connections_expire(&f->connections, START_NS + LINGER_NS);
    assert_string_equal("", fake_engine_calls(&f->fake)); /* half of the places are taken */
    f->connections.slab.capacity = 5;
    connections_expire(&f->connections, START_NS + LINGER_NS + CONNECTION_WATCH_NS);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("cancel cancel cancel hand_over close", fake_engine_calls(&f->fake));
    assert_int_equal(DELIVERY_NS, f->fake.handed_over_ns);
    assert_int_equal(ENGINE_DRAIN, fake_engine_last(&f->fake)->flags);
    assert_int_equal(1, f->connections.counts.outcomes[OUTCOME_ORPHANED]);
}

static void rest_of_a_greeting_is_handed_over_too(void **state)
{
    struct fixture *f = *state;

    f->connections.slab.capacity = 1;
    f->fake.delivery.unacknowledged_bytes = 4;
    accept_one(f);
    ends(f, ENGINE_OP_SEND, 4);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    fake_engine_calls(&f->fake);
    ends(f, ENGINE_OP_SEND, -ECANCELED);
    assert_int_equal(2, f->fake.calls[0].bytes);
    assert_string_equal("hand_over close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_ORPHANED);
}

/* Its end must not look like the end of the whole greeting. */
static void greeting_of_which_the_kernel_does_not_take_the_rest_ends_in_a_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, 4);
    f->fake.failing = "hand_over";
    f->fake.error = -ENOBUFS;
    connections_abandon(&f->connections, START_NS);
    assert_string_equal("send send hand_over close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_RESET, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_ABANDONED);
}

static void what_cannot_be_cancelled_is_cancelled_later(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    f->fake.failing = "cancel";
    f->fake.error = -ENOSPC;
    connections_expire(&f->connections, START_NS + LINGER_NS);
    f->fake.failing = NULL;
    fake_engine_calls(&f->fake);
    connections_expire(&f->connections, START_NS + LINGER_NS + CONNECTION_WATCH_NS);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("cancel close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_EXPIRED);
}

static void send_that_got_there_after_all_is_no_stall(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    f->fake.delivery.refused = true;
    connections_expire(&f->connections, START_NS + LINGER_NS);
    assert_string_equal("send cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, GREETING_SIZE); /* it had ended before the cancel */
    assert_string_equal("half_close recv", fake_engine_calls(&f->fake));
    assert_true(connections_due_ns(&f->connections, true) != DEADLINE_NEVER);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_closed_in_time_is_greeted_however_late_we_check(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_talks_past_the_linger_timeout_is_let_go(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    ends(f, ENGINE_OP_RECV, 100);
    assert_ended(f, OUTCOME_EXPIRED);
}

static void delayed_ack_is_waited_for_when_the_linger_timeout_is_shorter(void **state)
{
    struct fixture *f = *state;

    f->settings.linger_timeout_ns = NS_PER_MS;
    f->connections.greeted.timeout_ns = NS_PER_MS;
    f->fake.delivery.unacknowledged_bytes = GREETING_SIZE + 1;
    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    connections_expire(&f->connections, START_NS + NS_PER_MS);
    assert_string_equal("", fake_engine_calls(&f->fake));
    assert_int_equal(START_NS + NS_PER_MS + CONNECTION_WATCH_NS,
                     connections_due_ns(&f->connections, true));
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_takes_some_is_given_more_time_up_to_the_delivery_timeout(void **state)
{
    static const char large[1 << 16];
    struct fixture *f = *state;
    uint64_t now_ns = START_NS;

    f->settings.greeting = large;
    f->settings.greeting_bytes = sizeof(large);
    accept_one(f);
    ends(f, ENGINE_OP_SEND, sizeof(large));
    f->fake.delivery = (struct engine_delivery){60000, .refused = true}; /* between two reads */
    fake_engine_calls(&f->fake);
    while (now_ns + LINGER_NS < START_NS + DELIVERY_NS) {
        now_ns += LINGER_NS;
        f->fake.delivery.unacknowledged_bytes--;
        connections_expire(&f->connections, now_ns);
        assert_string_equal("", fake_engine_calls(&f->fake));
    }
    f->fake.delivery.unacknowledged_bytes = 10;
    connections_expire(&f->connections, now_ns + LINGER_NS);
    assert_string_equal("cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_ended(f, OUTCOME_STALLED);
}

static void
client_that_takes_a_little_again_and_again_is_reset_at_the_delivery_timeout(void **state)
{
    static const char large[1 << 16];
    struct fixture *f = *state;
    uint64_t now_ns = START_NS;

    f->settings.greeting = large;
    f->settings.greeting_bytes = sizeof(large);
    accept_one(f);
    while (now_ns + LINGER_NS / 2 < START_NS + DELIVERY_NS) { /* so no linger timeout comes */
        now_ns += LINGER_NS / 2;
        sends(f, 1, now_ns);
        connections_expire(&f->connections, now_ns);
        assert_int_equal(1, connections_open(&f->connections));
        fake_engine_calls(&f->fake); /* it keeps a few only */
    }
    sends(f, 1, START_NS + DELIVERY_NS);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_RESET, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_STALLED);
}

static void greeting_that_fits_is_sent_while_the_socket_is_at_hand(void **state)
{
    struct fixture *f = *state;

    f->fake.sent_now = GREETING_SIZE;
    accept_one(f);
    assert_string_equal("send_now close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_DRAIN, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_GREETED);
}

static void greeting_that_fits_in_part_is_carried_on_with_the_rest(void **state)
{
    struct fixture *f = *state;

    f->fake.sent_now = 4;
    accept_one(f);
    assert_string_equal("send_now send", fake_engine_calls(&f->fake));
    assert_int_equal(2, fake_engine_last(&f->fake)->bytes);
    assert_int_equal(ENGINE_MORE, fake_engine_last(&f->fake)->flags);
    ends(f, ENGINE_OP_SEND, 2);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_takes_some_of_a_greeting_that_fits_in_part_is_given_more_time(void **state)
{
    struct fixture *f = *state;

    f->fake.sent_now = 4;
    accept_one(f);
    f->fake.delivery = (struct engine_delivery){3, .refused = true}; /* too little to send more */
    fake_engine_calls(&f->fake);
    connections_expire(&f->connections, START_NS + LINGER_NS);
    assert_string_equal("", fake_engine_calls(&f->fake));
    connections_expire(&f->connections, START_NS + 2 * LINGER_NS); /* it took no more */
    assert_string_equal("cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, -ECANCELED);
    assert_ended(f, OUTCOME_STALLED);
}

static void reset_before_the_greeting_counts_as_reset(void **state)
{
    struct fixture *f = *state;

    f->fake.sent_now = -ECONNRESET;
    accept_one(f);
    assert_ended(f, OUTCOME_RESET);
}

static void greeting_without_memory_is_tried_again(void **state)
{
    struct fixture *f = *state;

    f->fake.sent_now = -ENOBUFS;
    accept_one(f);
    fake_engine_calls(&f->fake);
    connections_expire(&f->connections, START_NS + CONNECTION_RETRY_NS);
    assert_string_equal("send", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_has_closed_by_the_first_probe_is_not_waited_for(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_string_equal("send half_close", fake_engine_calls(&f->fake));
    assert_int_equal(START_NS + LEAVE_NS, connections_due_ns(&f->connections, false));
    connections_probe(&f->connections, START_NS + LEAVE_NS - 1);
    assert_string_equal("", fake_engine_calls(&f->fake));
    f->fake.discarded = 0; /* its FIN */
    connections_probe(&f->connections, START_NS + LEAVE_NS);
    assert_string_equal("discard close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_LATER, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_stays_past_the_first_probe_is_waited_for(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    f->fake.discarded = -EAGAIN;
    connections_probe(&f->connections, START_NS + LEAVE_NS);
    assert_string_equal("discard recv", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_LATER, fake_engine_last(&f->fake)->flags);
    assert_int_equal(START_NS + LEAVE_NS + LINGER_NS, connections_due_ns(&f->connections, true));
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_talked_by_the_first_probe_is_heard_out(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    f->fake.discarded = 64 << 10;
    connections_probe(&f->connections, START_NS + LEAVE_NS);
    assert_string_equal("discard recv", fake_engine_calls(&f->fake));
    assert_int_equal(0, fake_engine_last(&f->fake)->flags); /* more may be there at once */
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void client_that_reset_by_the_first_probe_counts_as_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    f->fake.discarded = -ECONNRESET;
    connections_probe(&f->connections, START_NS + LEAVE_NS);
    assert_ended(f, OUTCOME_RESET);
}

static void first_probe_waits_for_another_iteration_only_while_they_can_come(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_int_equal(START_NS + LEAVE_NS, connections_due_ns(&f->connections, false));
    assert_int_equal(START_NS + LEAVE_NS + SLACK_NS, connections_due_ns(&f->connections, true));
    f->fake.discarded = 0;
    connections_probe(&f->connections, START_NS + LEAVE_NS);
    assert_ended(f, OUTCOME_GREETED);
}

/* Others must be greeted in the same iteration. */
static void probes_of_one_iteration_have_a_limit_and_the_rest_is_due_at_once(void **state)
{
    struct fixture *f = *state;
    const int greeted = CONNECTION_PROBES_MAX + 1;

    connections_release(&f->connections);
    assert_int_equal(0, connections_init(&f->connections, &f->settings, f->engine,
                                         2 * CONNECTION_PROBES_MAX + 2));
    f->fake.sent_now = GREETING_SIZE;
    for (int i = 0; i < greeted; i++)
        accept_one(f);
    f->fake.discarded = 0;
    connections_probe(&f->connections, START_NS + LEAVE_NS);
    assert_int_equal(1, connections_open(&f->connections));
    assert_int_equal(START_NS + LEAVE_NS, connections_due_ns(&f->connections, false));
    connections_probe(&f->connections, START_NS + LEAVE_NS);
    assert_int_equal(greeted, f->connections.counts.outcomes[OUTCOME_GREETED]);
}

static void first_probes_do_not_keep_more_than_half_of_the_capacity(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        accept_one(f);
        ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    }
    assert_string_equal("send half_close send half_close", fake_engine_calls(&f->fake));
    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_string_equal("send half_close recv", fake_engine_calls(&f->fake));
    connections_abandon(&f->connections, START_NS);
    assert_int_equal(3, f->connections.counts.outcomes[OUTCOME_ABANDONED]);
}

/* Otherwise each client would hold the only place until its first probe. */
static void first_probes_do_not_take_the_only_place(void **state)
{
    struct fixture *f = *state;

    f->connections.slab.capacity = 1;
    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_string_equal("send half_close recv", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

static void capacity_shrinks_with_each_connection_and_comes_back(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(4, connections_capacity(&f->connections));
    accept_one(f);
    assert_int_equal(3, connections_capacity(&f->connections));
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    assert_int_equal(4, connections_capacity(&f->connections));
}

static void abandoned_connections_are_closed_and_counted(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    accept_one(f);
    connections_abandon(&f->connections, START_NS + 3 * NS_PER_S);
    assert_string_equal("send send hand_over close hand_over close", fake_engine_calls(&f->fake));
    assert_int_equal(6 * NS_PER_S, f->connections.durations.sum_ns);
    assert_int_equal(2, f->connections.counts.outcomes[OUTCOME_ABANDONED]);
    assert_int_equal(0, connections_open(&f->connections));
}

static void connections_that_are_stopped_end_when_nothing_is_pending_on_them(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    fake_engine_calls(&f->fake);
    connections_stop(&f->connections, START_NS);
    assert_string_equal("cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_string_equal("hand_over close", fake_engine_calls(&f->fake));
    assert_ended(f, OUTCOME_ABANDONED);
}

static void client_that_closes_while_its_connection_is_stopped_is_greeted(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    connections_stop(&f->connections, START_NS);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, OUTCOME_GREETED);
}

/* The input that came while the client had time to close is still unread. */
static void abandoned_connection_that_was_leaving_is_not_reset(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    ends(f, ENGINE_OP_SEND, GREETING_SIZE);
    connections_abandon(&f->connections, START_NS);
    assert_string_equal("send half_close hand_over close", fake_engine_calls(&f->fake));
    assert_int_equal(ENGINE_DRAIN, fake_engine_last(&f->fake)->flags);
    assert_ended(f, OUTCOME_ABANDONED);
}

/* An event of the only connection, from an unchecked engine. */
static struct engine_event event_of(struct fixture *f, enum engine_op op, int result)
{
    struct slab *slab = &f->connections.slab;

    return (struct engine_event){
        .token = slab_token(slab, slab_next(slab, NULL)), .result = result, .op = op};
}

static void hear_of_a_connection_that_is_gone(void *context)
{
    struct fixture *f = context;
    struct engine_event stale = event_of(f, ENGINE_OP_SEND, 0);

    ends(f, ENGINE_OP_SEND, -EPIPE);
    accept_one(f);
    connection_event(&f->connections, &stale, START_NS);
}

static void hear_of_an_operation_that_is_not_pending(void *context)
{
    struct fixture *f = context;
    struct engine_event event = event_of(f, ENGINE_OP_RECV, 0);

    connection_event(&f->connections, &event, START_NS);
}

static void hear_of_more_than_was_sent(void *context)
{
    struct fixture *f = context;
    struct engine_event event = event_of(f, ENGINE_OP_SEND, GREETING_SIZE + 1);

    connection_event(&f->connections, &event, START_NS);
}

static void accept_more_than_there_is_room_for(void *context)
{
    for (int i = 0; i < 5; i++)
        accept_one(context);
}

static void lose_count(void *context)
{
    struct fixture *f = context;

    f->connections.counts.outcomes[OUTCOME_GREETED]++;
    connections_abandon(&f->connections, START_NS);
}

static void client_keeps_the_greeting_that_it_began_with(void **state)
{
    struct fixture *f = *state;
    struct connection_settings other = f->settings;
    struct fake_call first;

    other.greeting = "good morning";
    other.greeting_bytes = 12;
    accept_one(f);
    first = *fake_engine_last(&f->fake);
    connections_settle(&f->connections, 3, &other);
    assert_int_equal(1, connections_users(&f->connections, 0));
    accept_one(f);
    assert_int_equal(12, fake_engine_last(&f->fake)->bytes);
    assert_int_equal(1, connections_users(&f->connections, 3));
    ends_of(f, &first, 4);
    assert_int_equal(2, fake_engine_last(&f->fake)->bytes); /* of the first one's six */
    connections_abandon(&f->connections, START_NS);
    assert_int_equal(0, connections_users(&f->connections, 0));
    assert_int_equal(0, connections_users(&f->connections, 3));
}

static void replace_what_is_used(void *context)
{
    struct fixture *f = context;
    struct connection_settings other = f->settings;

    connections_settle(&f->connections, 0, &other);
}

static void settle_out_of_range(void *context)
{
    struct fixture *f = context;

    connections_settle(&f->connections, CONNECTION_SETTINGS_MAX, &f->settings);
}

static void what_breaks_an_invariant_ends_the_program(void **state)
{
    struct fixture *f = *state;

    accept_one(f);
    assert_breaks(replace_what_is_used, f, "1 use others at place 0");
    assert_breaks(settle_out_of_range, f, "place=16");
    assert_breaks(hear_of_a_connection_that_is_gone, f, "token=0x");
    assert_breaks(hear_of_an_operation_that_is_not_pending, f, "in state greeting");
    assert_breaks(hear_of_more_than_was_sent, f, "bytes=7 rest_bytes=6");
    assert_breaks(accept_more_than_there_is_room_for, f, "open=4 of 4");
    assert_breaks(lose_count, f, "1 is not 2");
    connections_abandon(&f->connections, START_NS);
}

static void totals_are_printed_by_name(void **state)
{
    struct outcome_counts counts = {.accepted = 3}, total = {0};
    char text[OUTCOME_TEXT_BYTES];

    (void)state;
    counts.outcomes[OUTCOME_GREETED] = 2;
    counts.outcomes[OUTCOME_RESET] = 1;
    outcome_counts_add(&total, &counts);
    outcome_counts_add(&total, &counts);
    assert_string_equal("accepted=6 greeted=4 expired=0 reset=2 stalled=0 orphaned=0 failed=0 "
                        "abandoned=0",
                        outcome_counts_format(&total, false, text));
}

#define LINGER(test)  cmocka_unit_test_setup_teardown(test, set_up_linger, tear_down)
#define LEAVING(test) cmocka_unit_test_setup_teardown(test, set_up_leaving, tear_down)
#define SWIFT(test)   cmocka_unit_test_setup_teardown(test, set_up_swift, tear_down)
#define SILENT(test)  cmocka_unit_test_setup_teardown(test, set_up_silent, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINGER(linger_greets_half_closes_drains_and_closes),
        SWIFT(swift_greets_and_closes_after_draining_what_came),
        LINGER(what_a_client_says_is_thrown_away_until_it_closes),
        LINGER(short_send_is_carried_on_with_the_rest),
        SILENT(empty_greeting_is_just_a_fin),
        LINGER(reset_while_greeting_counts_as_reset),
        LINGER(reset_while_half_closing_counts_as_reset),
        LINGER(reset_while_lingering_counts_as_reset),
        LINGER(unknown_error_counts_as_failed),
        LINGER(what_cannot_be_queued_is_tried_again),
        LINGER(client_whose_host_is_gone_counts_as_reset),
        LINGER(send_without_memory_is_tried_again_and_greets),
        LINGER(send_without_memory_is_not_tried_for_ever),
        LINGER(what_waits_is_asked_of_the_next_engine),
        LINGER(who_was_to_be_let_go_is_when_the_engine_is_renewed),
        LEAVING(who_has_time_to_close_keeps_it_when_the_engine_is_renewed),
        LINGER(holder_is_let_go_at_the_linger_timeout),
        LINGER(client_that_refuses_the_greeting_is_reset),
        LINGER(client_that_is_not_heard_is_waited_for_and_greeted),
        LINGER(client_that_is_not_heard_for_the_delivery_timeout_is_reset),
        LINGER(client_that_was_late_to_acknowledge_has_the_linger_timeout_from_then_on),
        LINGER(client_that_is_not_heard_is_left_to_the_kernel_when_places_are_scarce),
        LINGER(rest_of_a_greeting_is_handed_over_too),
        LINGER(greeting_of_which_the_kernel_does_not_take_the_rest_ends_in_a_reset),
        LINGER(what_cannot_be_cancelled_is_cancelled_later),
        LINGER(client_that_lets_the_send_wait_is_reset),
        LINGER(send_that_got_there_after_all_is_no_stall),
        LINGER(delayed_ack_is_waited_for_when_the_linger_timeout_is_shorter),
        LINGER(client_that_closed_in_time_is_greeted_however_late_we_check),
        LINGER(client_that_talks_past_the_linger_timeout_is_let_go),
        LINGER(client_that_takes_some_is_given_more_time_up_to_the_delivery_timeout),
        LINGER(client_that_takes_a_little_again_and_again_is_reset_at_the_delivery_timeout),
        SWIFT(greeting_that_fits_is_sent_while_the_socket_is_at_hand),
        LINGER(greeting_that_fits_in_part_is_carried_on_with_the_rest),
        LINGER(client_that_takes_some_of_a_greeting_that_fits_in_part_is_given_more_time),
        LINGER(reset_before_the_greeting_counts_as_reset),
        LINGER(greeting_without_memory_is_tried_again),
        LEAVING(client_that_has_closed_by_the_first_probe_is_not_waited_for),
        LEAVING(client_that_stays_past_the_first_probe_is_waited_for),
        LEAVING(client_that_talked_by_the_first_probe_is_heard_out),
        LEAVING(client_that_reset_by_the_first_probe_counts_as_reset),
        LEAVING(first_probe_waits_for_another_iteration_only_while_they_can_come),
        LEAVING(probes_of_one_iteration_have_a_limit_and_the_rest_is_due_at_once),
        LEAVING(first_probes_do_not_keep_more_than_half_of_the_capacity),
        LEAVING(first_probes_do_not_take_the_only_place),
        SWIFT(capacity_shrinks_with_each_connection_and_comes_back),
        LINGER(abandoned_connections_are_closed_and_counted),
        LINGER(connections_that_are_stopped_end_when_nothing_is_pending_on_them),
        LINGER(client_that_closes_while_its_connection_is_stopped_is_greeted),
        LEAVING(abandoned_connection_that_was_leaving_is_not_reset),
        LINGER(client_keeps_the_greeting_that_it_began_with),
        LINGER(what_breaks_an_invariant_ends_the_program),
        cmocka_unit_test(totals_are_printed_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
