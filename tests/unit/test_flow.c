/* The life of a flow: every way a connection of the generator can end, and what is timed. */
#include "base/pages.h"
#include "breaking.h"
#include "engine/checked.h"
#include "fake_engine.h"
#include "generator/flow.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>

#define START_NS    UINT64_C(1000000)
#define INTENDED_NS UINT64_C(999000) /* it started a little late */
#define TIMEOUT_NS  UINT64_C(500000)
#define CONNECT_NS  UINT64_C(200000) /* its own timeout */
#define EXPECTED    "hello\n"
#define TARGETS     2
#define LONG_BYTES  (64u << 10)
#define SOCKETS_MAX (1 << 20) /* the fake one gives each number once */

/* A fake engine whose receives find these bytes. */
struct fixture {
    struct fake_engine fake;
    struct engine_class class;
    struct engine *engine; /* checks how the fake one is used */
    struct load_config *config;
    struct target targets[TARGETS];
    struct sources sources;
    struct flow_settings settings;
    struct flows flows;
    struct tally *tallies;
    uint64_t now_ns;
    void *buffer; /* where the flow receives its next bytes */
    char thrown_away[64];
    const unsigned char *arrived; /* what can be received now, ... */
    uint32_t arrived_bytes;
    int after_it; /* ... and what is found then: 0, or -errno */
    unsigned receives_now;
};

static int remember_buffer(struct engine *engine, uint64_t token, int sock, void *data,
                           uint32_t bytes, unsigned flags)
{
    struct fixture *f = (struct fixture *)(void *)engine;
    struct fake_call call = {"recv", token, sock, bytes, flags};

    f->buffer = data ? data : f->thrown_away;
    f->fake.calls[f->fake.call_count++] = call;
    return 0;
}

static int receive_what_arrived(struct engine *engine, int sock, void *data, uint32_t bytes)
{
    struct fixture *f = (struct fixture *)(void *)engine;
    uint32_t taken = f->arrived_bytes < bytes ? f->arrived_bytes : bytes;

    (void)sock;
    f->receives_now++;
    if (taken == 0)
        return f->after_it;
    memcpy(data, f->arrived, taken);
    f->arrived += taken;
    f->arrived_bytes -= taken;
    return (int)taken;
}

static void expect_bytes(struct option_bytes *bytes, const char *text)
{
    bytes->bytes = (uint32_t)strlen(text);
    memcpy(bytes->data, text, bytes->bytes);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    f->config = calloc(1, sizeof(*f->config));
    f->tallies = pages_map(TARGETS * sizeof(struct tally));
    fake_engine_init(&f->fake);
    f->class = *f->fake.engine.class;
    f->class.recv = remember_buffer;
    f->class.recv_now = receive_what_arrived;
    f->after_it = -EAGAIN;
    f->fake.engine.class = &f->class;
    assert_int_equal(0, checked_wrap(&f->fake.engine, SOCKETS_MAX, &f->engine));
    expect_bytes(&f->config->options.expect, EXPECTED);
    f->config->options.timeout_ns = TIMEOUT_NS;
    f->config->options.connect_timeout_ns = CONNECT_NS;
    for (int i = 0; i < TARGETS; i++)
        f->targets[i] = (struct target){.address = {.v4 = {.sin_family = AF_INET}}, .weight = 1};
    f->settings =
        (struct flow_settings){.config = f->config, .targets = f->targets, .sources = &f->sources};
    f->now_ns = START_NS;
    return flows_init(&f->flows, &f->settings, f->engine, f->tallies, 2, 0, 1);
}

/* Every test ends with balanced counts. */
static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < TARGETS; i++)
        assert_int_equal(f->tallies[i].started,
                         f->tallies[i].ok + tally_failed(&f->tallies[i]) + f->tallies[i].abandoned);
    flows_release(&f->flows);
    engine_destroy(f->engine);
    pages_unmap(f->tallies, TARGETS * sizeof(struct tally));
    free(f->config);
    free(f);
    return 0;
}

static void starts(struct fixture *f)
{
    flow_start(&f->flows,
               &(struct flow_start){
                   .target = 0, .measured = true, .intended_ns = INTENDED_NS, .now_ns = f->now_ns});
}

static void ends(struct fixture *f, enum engine_op op, int result)
{
    static struct engine_event events[ENGINE_EVENTS_MAX];

    f->fake.happened[f->fake.happened_count++] = (struct engine_event){
        .token = fake_engine_last(&f->fake)->token, .result = result, .op = op};
    assert_int_equal(1, engine_wait(f->engine, 0, events));
    flow_event(&f->flows, &events[0], f->now_ns);
}

static void receives(struct fixture *f, const char *text)
{
    memcpy(f->buffer, text, strlen(text));
    ends(f, ENGINE_OP_RECV, (int)strlen(text));
}

static void connects(struct fixture *f)
{
    starts(f);
    ends(f, ENGINE_OP_CONNECT, 0);
}

static void assert_ended_well(struct fixture *f)
{
    assert_int_equal(0, flows_open(&f->flows));
    assert_int_equal(1, f->tallies[0].ok);
    assert_string_equal("close", fake_engine_last(&f->fake)->name);
    assert_true(flows_due_ns(&f->flows) == DEADLINE_NEVER);
}

static void assert_failed(struct fixture *f, enum phase phase, enum result result)
{
    assert_int_equal(0, flows_open(&f->flows));
    assert_int_equal(1, f->tallies[0].failed[phase][result]);
    assert_string_equal("close", fake_engine_last(&f->fake)->name);
    assert_true(flows_due_ns(&f->flows) == DEADLINE_NEVER);
}

static void expected_bytes_and_eof_are_ok(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, EXPECTED);
    assert_int_equal(1, flows_open(&f->flows)); /* EOF is still to come */
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
    assert_int_equal(0, fake_engine_last(&f->fake)->flags);
}

static void
each_phase_is_timed_from_the_one_before_and_the_first_from_the_intended_start(void **state)
{
    struct fixture *f = *state;

    starts(f);
    f->now_ns += 10;
    ends(f, ENGINE_OP_CONNECT, 0);
    f->now_ns += 200;
    receives(f, "hel");
    f->now_ns += 300;
    receives(f, "lo\n");
    f->now_ns += 7000;
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
    assert_int_equal(START_NS - INTENDED_NS + 10, f->tallies[0].timings[TIMING_CONNECT].max_ns);
    assert_int_equal(500, f->tallies[0].timings[TIMING_GREETING].max_ns);
    assert_int_equal(7000, f->tallies[0].timings[TIMING_CLOSE].max_ns);
    assert_int_equal(START_NS - INTENDED_NS + 7510, f->tallies[0].timings[TIMING_TOTAL].max_ns);
    assert_int_equal(0, f->tallies[1].timings[TIMING_TOTAL].count);
}

static void what_fails_is_not_timed(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    for (int i = 0; i < TIMING_COUNT; i++)
        assert_int_equal(0, f->tallies[0].timings[i].count);
}

static void warm_up_is_counted_as_such_and_no_more(void **state)
{
    struct fixture *f = *state;

    flow_start(&f->flows, &(struct flow_start){.target = 1, .now_ns = START_NS});
    ends(f, ENGINE_OP_CONNECT, 0);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_int_equal(1, f->tallies[1].warmup);
    assert_int_equal(0, f->tallies[1].started + f->tallies[1].ok);
    assert_int_equal(0, f->tallies[1].timings[TIMING_TOTAL].count);
}

static void the_rate_counts_what_ends_in_the_window_whenever_it_started(void **state)
{
    struct fixture *f = *state;

    f->flows.window_start_ns = START_NS + 1;
    f->flows.window_end_ns = START_NS + 3;
    for (int i = 0; i < 4; i++) { /* before it, twice in it, and after it */
        connects(f);
        receives(f, EXPECTED);
        ends(f, ENGINE_OP_RECV, 0);
        f->now_ns++;
        fake_engine_calls(&f->fake); /* it has a limited memory */
    }
    assert_int_equal(4, f->tallies[0].ok);
    assert_int_equal(2, f->tallies[0].ok_in_window);

    f->now_ns = START_NS + 1; /* of the warm-up, but it ends in the window */
    flow_start(&f->flows, &(struct flow_start){.target = 0, .now_ns = START_NS});
    ends(f, ENGINE_OP_CONNECT, 0);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_int_equal(4, f->tallies[0].ok);
    assert_int_equal(3, f->tallies[0].ok_in_window);
}

static void eof_too_early_is_short(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, "hello");
    ends(f, ENGINE_OP_RECV, 0);
    assert_failed(f, PHASE_GREETING, RESULT_SHORT);
}

static void wrong_byte_is_a_mismatch(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, "hel");
    receives(f, "Lo\n");
    assert_failed(f, PHASE_GREETING, RESULT_MISMATCH);
}

/* A connection to a target gets this, and then EOF, in the next nanosecond. */
static void answers(struct fixture *f, uint32_t target, bool measured, const char *text)
{
    fake_engine_calls(&f->fake); /* it has room for a few */
    f->now_ns++;
    flow_start(&f->flows, &(struct flow_start){.target = target,
                                               .measured = measured,
                                               .intended_ns = INTENDED_NS,
                                               .now_ns = f->now_ns});
    ends(f, ENGINE_OP_CONNECT, 0);
    if (*text)
        receives(f, text);
    if (flows_open(&f->flows) > 0)
        ends(f, ENGINE_OP_RECV, 0);
}

static void assert_wrong(const struct fixture *f, uint32_t target, uint64_t at_ns, uint32_t offset,
                         const char *got)
{
    const struct wrong_answer *wrong = &f->flows.wrong_answers[target];

    assert_int_equal(at_ns, wrong->at_ns);
    assert_int_equal(offset, wrong->offset);
    assert_int_equal(strlen(got), wrong->bytes);
    assert_memory_equal(got, wrong->data, strlen(got));
}

static void the_first_wrong_answer_of_each_target_is_kept(void **state)
{
    struct fixture *f = *state;

    answers(f, 0, false, "moin\n"); /* in the warm-up */
    answers(f, 0, true, "hello\n");
    assert_int_equal(0, f->flows.wrong_answers[0].bytes);
    answers(f, 0, true, "HTTP");
    answers(f, 1, true, "hello\nworld");
    answers(f, 0, true, "moin\n");
    assert_wrong(f, 0, START_NS + 3, 0, "HTTP");
    assert_wrong(f, 1, START_NS + 4, 0, "hello\nworld");
    assert_int_equal(0, f->flows.short_answers[0].at_ns);
}

static void the_first_short_answer_of_each_target_is_kept(void **state)
{
    struct fixture *f = *state;
    const struct short_answer *kept = f->flows.short_answers;

    answers(f, 0, false, "h"); /* in the warm-up */
    answers(f, 0, true, "hello\n");
    assert_int_equal(0, kept[0].at_ns);
    answers(f, 0, true, "hel");
    answers(f, 1, true, "");
    answers(f, 0, true, "hello");
    assert_int_equal(START_NS + 3, kept[0].at_ns);
    assert_int_equal(3, kept[0].came_bytes);
    assert_int_equal(START_NS + 4, kept[1].at_ns);
    assert_int_equal(0, kept[1].came_bytes);
    assert_int_equal(0, f->flows.wrong_answers[0].bytes);
}

static void one_byte_too_many_is_extra_at_once_or_later(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, EXPECTED);
    receives(f, "!");
    assert_failed(f, PHASE_CLOSE, RESULT_EXTRA);
    connects(f);
    receives(f, EXPECTED "!");
    assert_int_equal(2, f->tallies[0].failed[PHASE_CLOSE][RESULT_EXTRA]);
}

/* A greeting much longer than the buffer of a flow. */
static unsigned char *long_greeting(struct fixture *f)
{
    static unsigned char text[LONG_BYTES + 1];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (unsigned char)(i * i >> 3);
    f->config->options.expect.bytes = LONG_BYTES;
    memcpy(f->config->options.expect.data, text, LONG_BYTES);
    return text;
}

/* The buffer is filled, and the rest, if there is more, has arrived too. What follows may be found
 * at once or later: -EAGAIN for nothing. */
static void receives_all(struct fixture *f, const unsigned char *text, uint32_t bytes, int after_it)
{
    uint32_t room = fake_engine_last(&f->fake)->bytes;
    uint32_t first = bytes < room ? bytes : room;

    f->arrived = text + first;
    f->arrived_bytes = bytes - first;
    f->after_it = after_it;
    f->receives_now = 0;
    memcpy(f->buffer, text, first);
    ends(f, ENGINE_OP_RECV, (int)first);
    if (after_it != -EAGAIN && flows_open(&f->flows) > 0)
        ends(f, ENGINE_OP_RECV, after_it);
}

static void a_long_greeting_is_read_by_a_few_calls(void **state)
{
    struct fixture *f = *state;
    unsigned char *text = long_greeting(f);

    connects(f);
    receives_all(f, text, LONG_BYTES, -EAGAIN);
    assert_in_range(f->receives_now, 1, 3);
    assert_string_equal("recv", fake_engine_last(&f->fake)->name);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
    connects(f);
    f->config->options.expect.bytes =
        fake_engine_last(&f->fake)->bytes; /* it just fills the buffer */
    receives_all(f, text, f->config->options.expect.bytes, 0);
    assert_int_equal(1, f->receives_now);
    assert_int_equal(2, f->tallies[0].ok);
}

static void a_short_greeting_is_read_by_one_call_and_its_end_by_another(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
    assert_int_equal(0, f->receives_now);
}

static void a_long_greeting_is_compared_wherever_it_is_cut(void **state)
{
    struct fixture *f = *state;
    unsigned char *text = long_greeting(f);

    for (uint32_t cut = 1; cut < 100; cut++) {
        connects(f);
        receives_all(f, text, cut, -EAGAIN);
        receives_all(f, text + cut, LONG_BYTES - cut, 0);
        assert_int_equal(cut, f->tallies[0].ok);
        fake_engine_calls(&f->fake);
    }
    for (uint32_t wrong = 0; wrong < LONG_BYTES; wrong += wrong < 100 ? 1 : 997) {
        uint64_t before = f->tallies[0].failed[PHASE_GREETING][RESULT_MISMATCH];

        text[wrong] ^= 1;
        connects(f);
        receives_all(f, text, LONG_BYTES, 0);
        assert_int_equal(before + 1, f->tallies[0].failed[PHASE_GREETING][RESULT_MISMATCH]);
        text[wrong] ^= 1;
        fake_engine_calls(&f->fake);
    }
}

static void a_long_greeting_that_does_not_end_as_it_should_is_an_error(void **state)
{
    static const struct {
        enum phase phase;
        enum result result;
        uint32_t bytes;
        int after_it;
    } rows[] = {
        {PHASE_GREETING, RESULT_SHORT, LONG_BYTES - 1, 0},
        {PHASE_GREETING, RESULT_RESET, LONG_BYTES - 1, -ECONNRESET},
        {PHASE_CLOSE, RESULT_RESET, LONG_BYTES, -ECONNRESET},
        {PHASE_CLOSE, RESULT_EXTRA, LONG_BYTES + 1, -EAGAIN},
    };
    struct fixture *f = *state;
    unsigned char *text = long_greeting(f);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        connects(f);
        receives_all(f, text, rows[i].bytes, rows[i].after_it);
        assert_failed(f, rows[i].phase, rows[i].result);
        fake_engine_calls(&f->fake);
    }
}

static void nothing_is_expected_and_nothing_comes(void **state)
{
    struct fixture *f = *state;

    f->config->options.expect.bytes = 0;
    connects(f);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
}

static void anything_is_ok_if_asked_for_up_to_the_last_byte(void **state)
{
    struct fixture *f = *state;

    f->config->options.expect.any = true;
    connects(f);
    f->now_ns += 5;
    receives(f, "whatever");
    f->now_ns += 5;
    receives(f, "it says");
    f->now_ns += 90;
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
    assert_int_equal(10, f->tallies[0].timings[TIMING_GREETING].max_ns);
    assert_int_equal(90, f->tallies[0].timings[TIMING_CLOSE].max_ns);
    assert_int_equal(0, f->receives_now);
}

static void a_reset_counts_in_its_phase(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, "hel");
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    assert_int_equal(1, f->tallies[0].failed[PHASE_GREETING][RESULT_RESET]);
    connects(f);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    assert_failed(f, PHASE_CLOSE, RESULT_RESET);
}

/* It had been accepted, so the peer may have sent something. */
static void a_reset_reported_by_connect_counts_where_reading_ends(void **state)
{
    struct fixture *f = *state;

    starts(f);
    ends(f, ENGINE_OP_CONNECT, -ECONNRESET);
    assert_string_equal("socket connect recv", fake_engine_calls(&f->fake));
    assert_int_equal(START_NS + TIMEOUT_NS, flows_due_ns(&f->flows)); /* no more for connecting */
    ends(f, ENGINE_OP_RECV, 0); /* the kernel reports an error only once */
    assert_failed(f, PHASE_GREETING, RESULT_RESET);
    starts(f);
    ends(f, ENGINE_OP_CONNECT, -ECONNRESET);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_failed(f, PHASE_CLOSE, RESULT_RESET);
    starts(f);
    ends(f, ENGINE_OP_CONNECT, -EPIPE); /* it had closed in order, but the kernel forgot it all */
    fake_engine_calls(&f->fake);
    ends(f, ENGINE_OP_RECV, -ENOTCONN);
    assert_int_equal(2, f->tallies[0].failed[PHASE_GREETING][RESULT_RESET]);
    f->config->options.expect.bytes = 0;
    starts(f);
    ends(f, ENGINE_OP_CONNECT, -ECONNRESET); /* before anything was said to it */
    ends(f, ENGINE_OP_RECV, 0);
    assert_int_equal(3, f->tallies[0].failed[PHASE_GREETING][RESULT_RESET]);
}

static void what_was_said_before_connect_failed_is_read(void **state)
{
    struct fixture *f = *state;

    expect_bytes(&f->config->options.send, "hi there");
    starts(f);
    ends(f, ENGINE_OP_CONNECT, -EPIPE);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
}

static void other_errors_are_counted_by_errno(void **state)
{
    struct fixture *f = *state;

    starts(f);
    ends(f, ENGINE_OP_CONNECT, -EINVAL);
    assert_failed(f, PHASE_CONNECT, RESULT_OTHER);
    assert_int_equal(1, f->tallies[0].other[EINVAL]);
    starts(f);
    ends(f, ENGINE_OP_CONNECT, -100000);
    assert_int_equal(1, f->tallies[0].other[0]);
}

static void no_socket_is_no_descriptor(void **state)
{
    struct fixture *f = *state;

    f->fake.failing = "socket";
    f->fake.error = -EMFILE;
    starts(f);
    assert_int_equal(0, flows_open(&f->flows));
    assert_int_equal(1, f->tallies[0].failed[PHASE_CONNECT][RESULT_NO_DESCRIPTOR]);
}

static void what_is_to_be_said_is_said_before_reading(void **state)
{
    struct fixture *f = *state;

    expect_bytes(&f->config->options.send, "hi there");
    connects(f);
    assert_string_equal("socket connect send", fake_engine_calls(&f->fake));
    assert_int_equal(8, fake_engine_last(&f->fake)->bytes);
    ends(f, ENGINE_OP_SEND, 3); /* a short send */
    assert_int_equal(5, fake_engine_last(&f->fake)->bytes);
    ends(f, ENGINE_OP_SEND, 5);
    assert_string_equal("send recv", fake_engine_calls(&f->fake));
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
}

static void an_error_of_a_send_is_one_of_the_greeting(void **state)
{
    struct fixture *f = *state;

    expect_bytes(&f->config->options.send, "hi");
    connects(f);
    ends(f, ENGINE_OP_SEND, -ETIMEDOUT);
    assert_failed(f, PHASE_GREETING, RESULT_TIMEOUT);
}

static void sending_is_part_of_the_greeting_even_if_no_byte_is_expected(void **state)
{
    struct fixture *f = *state;

    f->config->options.expect.bytes = 0;
    expect_bytes(&f->config->options.send, "hi");
    connects(f);
    ends(f, ENGINE_OP_SEND, -ETIMEDOUT);
    assert_failed(f, PHASE_GREETING, RESULT_TIMEOUT);
    connects(f);
    f->now_ns += 20;
    ends(f, ENGINE_OP_SEND, 2);
    f->now_ns += 300;
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
    assert_int_equal(20, f->tallies[0].timings[TIMING_GREETING].max_ns);
    assert_int_equal(300, f->tallies[0].timings[TIMING_CLOSE].max_ns);
}

/* The peer closed normally, and reset only what came later. */
static void what_was_said_before_a_send_failed_is_read(void **state)
{
    struct fixture *f = *state;

    expect_bytes(&f->config->options.send, "hi there");
    connects(f);
    ends(f, ENGINE_OP_SEND, 3);
    ends(f, ENGINE_OP_SEND, -EPIPE);
    assert_string_equal("recv", fake_engine_last(&f->fake)->name);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
}

static void a_reset_reported_by_send_counts_where_reading_ends(void **state)
{
    struct fixture *f = *state;

    expect_bytes(&f->config->options.send, "hi");
    connects(f);
    ends(f, ENGINE_OP_SEND, -ECONNRESET);
    ends(f, ENGINE_OP_RECV, 0); /* the kernel reports an error only once */
    assert_failed(f, PHASE_GREETING, RESULT_RESET);
    connects(f);
    ends(f, ENGINE_OP_SEND, -ECONNRESET);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_failed(f, PHASE_CLOSE, RESULT_RESET);
    connects(f);
    ends(f, ENGINE_OP_SEND, -ECONNRESET);
    receives(f, "jello\n");
    assert_failed(f, PHASE_GREETING, RESULT_MISMATCH);
}

static void it_closes_by_a_reset_if_asked_to(void **state)
{
    struct fixture *f = *state;

    f->config->options.close = LOAD_CLOSE_RST;
    connects(f);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
    assert_int_equal(ENGINE_RESET, fake_engine_last(&f->fake)->flags);
}

/* Then only the calls at its end are recorded. */
static void ends_well(struct fixture *f)
{
    receives(f, EXPECTED);
    fake_engine_calls(&f->fake);
    ends(f, ENGINE_OP_RECV, 0);
}

static void runs_well(struct fixture *f)
{
    connects(f);
    ends_well(f);
}

static void a_socket_is_used_again_once_its_connection_ended_well(void **state)
{
    struct fixture *f = *state;

    f->fake.disconnects = true;
    runs_well(f);
    assert_string_equal("disconnect", fake_engine_calls(&f->fake));
    connects(f);
    assert_string_equal("connect recv", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    runs_well(f);
    connects(f);
    assert_string_equal("disconnect connect recv", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    runs_well(f);
    fake_engine_calls(&f->fake);
    flows_abandon(&f->flows);
    assert_string_equal("close", fake_engine_calls(&f->fake)); /* of the one that was kept */
}

static void a_socket_that_is_not_as_good_as_new_is_not_used_again(void **state)
{
    struct fixture *f = *state;

    f->fake.disconnects = true;
    connects(f);
    f->sources.ports.low = 1; /* bound, as if from the start */
    ends_well(f);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    f->sources.ports.low = 0;
    f->settings.reuse_refusal = "--reuse-sockets is no";
    runs_well(f);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    assert_int_equal(2, f->tallies[0].ok);
}

static void a_socket_is_used_again_if_its_address_leaves_no_trace_on_it(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in6 *address = &f->targets[0].address.v6;

    f->fake.disconnects = true;
    *address = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    runs_well(f);
    assert_string_equal("disconnect", fake_engine_calls(&f->fake));
    address->sin6_scope_id = 1; /* the kernel binds the socket to the interface */
    runs_well(f);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    address->sin6_scope_id = 0;
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &address->sin6_addr); /* and makes it speak IPv4 */
    runs_well(f);
    assert_string_equal("close", fake_engine_calls(&f->fake));
}

static void the_connect_timeout_ends_a_handshake(void **state)
{
    struct fixture *f = *state;

    starts(f);
    assert_int_equal(START_NS + CONNECT_NS, flows_due_ns(&f->flows));
    flows_expire(&f->flows, START_NS + CONNECT_NS);
    assert_string_equal("socket connect cancel", fake_engine_calls(&f->fake));
    flows_expire(&f->flows, START_NS + TIMEOUT_NS); /* the other one is no news */
    assert_string_equal("", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_CONNECT, -ECANCELED);
    assert_failed(f, PHASE_CONNECT, RESULT_CONNECT_TIMEOUT);
    starts(f);
    flows_expire(&f->flows, START_NS + CONNECT_NS);
    ends(f, ENGINE_OP_CONNECT, -ECONNRESET); /* it is over anyway */
    assert_int_equal(2, f->tallies[0].failed[PHASE_CONNECT][RESULT_CONNECT_TIMEOUT]);
}

static void the_connect_timeout_is_over_with_the_handshake(void **state)
{
    struct fixture *f = *state;

    connects(f);
    assert_int_equal(START_NS + TIMEOUT_NS, flows_due_ns(&f->flows));
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended_well(f);
}

static void the_timeout_ends_a_flow_in_any_phase(void **state)
{
    struct fixture *f = *state;

    f->config->options.connect_timeout_ns = 0;
    starts(f);
    flows_expire(&f->flows, START_NS + TIMEOUT_NS);
    ends(f, ENGINE_OP_CONNECT, -ECANCELED);
    assert_failed(f, PHASE_CONNECT, RESULT_TIMEOUT);
    connects(f);
    flows_expire(&f->flows, START_NS + TIMEOUT_NS);
    ends(f, ENGINE_OP_RECV, 0); /* too late to count as an end */
    assert_failed(f, PHASE_GREETING, RESULT_TIMEOUT);
    connects(f);
    receives(f, EXPECTED);
    flows_expire(&f->flows, START_NS + TIMEOUT_NS);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_failed(f, PHASE_CLOSE, RESULT_TIMEOUT);
}

/* If a firewall of this machine answers a SYN with an ICMP error, connect may be reported as
 * done. */
static void a_connect_that_was_none_is_one_that_failed(void **state)
{
    static const struct {
        int error;
        enum result expected;
    } rows[] = {
        {-ECONNREFUSED, RESULT_REFUSED},    {-EHOSTUNREACH, RESULT_UNREACHABLE},
        {-ENETUNREACH, RESULT_UNREACHABLE}, {-ENOPROTOOPT, RESULT_UNREACHABLE},
        {-EACCES, RESULT_UNREACHABLE},      {-EINPROGRESS, RESULT_OTHER},
    };
    struct fixture *f = *state;
    uint64_t before;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        before = f->tallies[0].failed[PHASE_CONNECT][rows[i].expected];
        f->fake.connect_error = rows[i].error;
        connects(f);
        assert_string_equal("socket connect close", fake_engine_calls(&f->fake));
        assert_int_equal(before + 1, f->tallies[0].failed[PHASE_CONNECT][rows[i].expected]);
    }
    assert_int_equal(1, f->tallies[0].other[EINPROGRESS]);
}

/* So a service that answers costs no additional system call. */
static void after_an_answer_only_silent_connections_are_checked(void **state)
{
    struct fixture *f = *state;

    f->config->options.timeout_ns = f->flows.timeouts.timeout_ns = 2 * FLOW_PROBE_NS;
    runs_well(f);
    assert_int_equal(1, f->fake.connects_doubted);
    runs_well(f);
    assert_int_equal(1, f->fake.connects_doubted);
    connects(f);
    fake_engine_calls(&f->fake);
    assert_int_equal(START_NS + FLOW_PROBE_NS, flows_due_ns(&f->flows));
    flows_expire(&f->flows, START_NS + FLOW_PROBE_NS);
    assert_int_equal(2, f->fake.connects_doubted);
    assert_string_equal("", fake_engine_calls(&f->fake)); /* it is a connection */
    assert_int_equal(START_NS + 2 * FLOW_PROBE_NS, flows_due_ns(&f->flows));
    ends_well(f);
    assert_int_equal(3, f->tallies[0].ok);
    flow_start(&f->flows, &(struct flow_start){.target = 1, .measured = true, .now_ns = START_NS});
    ends(f, ENGINE_OP_CONNECT, 0); /* to another target, still unknown */
    assert_int_equal(3, f->fake.connects_doubted);
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    assert_int_equal(1, f->tallies[1].failed[PHASE_GREETING][RESULT_RESET]);
}

static void a_check_that_finds_no_connection_ends_it_as_failed(void **state)
{
    struct fixture *f = *state;

    f->config->options.timeout_ns = f->flows.timeouts.timeout_ns = 2 * FLOW_PROBE_NS;
    runs_well(f);
    connects(f);
    f->fake.connect_error = -EINPROGRESS;
    fake_engine_calls(&f->fake);
    flows_expire(&f->flows, START_NS + FLOW_PROBE_NS);
    assert_string_equal("cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_failed(f, PHASE_CONNECT, RESULT_OTHER);
    assert_int_equal(1, f->tallies[0].other[EINPROGRESS]);
}

/* The timeout may come before the check. */
static void a_timeout_checks_first(void **state)
{
    struct fixture *f = *state;

    runs_well(f);
    connects(f);
    f->fake.connect_error = -ECONNREFUSED;
    flows_expire(&f->flows, START_NS + TIMEOUT_NS);
    ends(f, ENGINE_OP_RECV, -ECANCELED);
    assert_failed(f, PHASE_CONNECT, RESULT_REFUSED);
}

/* The kernel keeps trying if an error came while connect(2) ran; its end reports the error. */
static void a_timeout_of_the_handshake_reports_the_noted_error(void **state)
{
    struct fixture *f = *state;

    starts(f);
    f->fake.connect_error = -EHOSTUNREACH;
    flows_expire(&f->flows, START_NS + CONNECT_NS);
    ends(f, ENGINE_OP_CONNECT, -ECANCELED);
    assert_failed(f, PHASE_CONNECT, RESULT_UNREACHABLE);
    starts(f);
    f->fake.connect_error = -EINPROGRESS; /* there is none */
    flows_expire(&f->flows, START_NS + CONNECT_NS);
    ends(f, ENGINE_OP_CONNECT, -ECANCELED);
    assert_failed(f, PHASE_CONNECT, RESULT_CONNECT_TIMEOUT);
    f->config->options.connect_timeout_ns = 0;
    starts(f);
    flows_expire(&f->flows, START_NS + TIMEOUT_NS);
    ends(f, ENGINE_OP_CONNECT, -ECANCELED);
    assert_failed(f, PHASE_CONNECT, RESULT_TIMEOUT);
}

static void an_error_of_the_handshake_that_comes_late_is_one_of_the_handshake(void **state)
{
    struct fixture *f = *state;

    runs_well(f);
    connects(f);
    ends(f, ENGINE_OP_RECV, -ECONNREFUSED);
    assert_failed(f, PHASE_CONNECT, RESULT_REFUSED);
    connects(f);
    receives(f, "hel");
    ends(f, ENGINE_OP_RECV, -EHOSTUNREACH); /* of one that was made, and broke */
    assert_int_equal(1, f->tallies[0].failed[PHASE_GREETING][RESULT_UNREACHABLE]);
}

static void in_a_closed_loop_what_cannot_connect_keeps_its_place_for_a_while(void **state)
{
    struct fixture *f = *state;

    f->settings.rests = true;
    starts(f);
    ends(f, ENGINE_OP_CONNECT, -ECONNREFUSED);
    assert_int_equal(1, f->tallies[0].failed[PHASE_CONNECT][RESULT_REFUSED]);
    assert_int_equal(0, flows_open(&f->flows));
    assert_int_equal(1, flows_taken(&f->flows));
    assert_int_equal(START_NS + FLOW_REST_NS, flows_due_ns(&f->flows));
    flows_expire(&f->flows, START_NS + FLOW_REST_NS);
    assert_int_equal(0, flows_taken(&f->flows));
    assert_true(flows_due_ns(&f->flows) == DEADLINE_NEVER);
}

static void what_is_open_when_a_run_is_abandoned_is_counted_as_that(void **state)
{
    struct fixture *f = *state;

    f->settings.rests = true;
    starts(f);
    ends(f, ENGINE_OP_CONNECT, -ECONNREFUSED); /* rests */
    connects(f);
    fake_engine_calls(&f->fake);
    flows_abandon(&f->flows);
    assert_string_equal("close", fake_engine_calls(&f->fake));
    assert_int_equal(2, f->tallies[0].started);
    assert_int_equal(1, f->tallies[0].abandoned);
    assert_int_equal(0, flows_taken(&f->flows));
}

/* An event of the only flow, from an engine that nobody checks. */
static struct engine_event event_of(struct fixture *f, enum engine_op op)
{
    struct slab *slab = &f->flows.slab;

    return (struct engine_event){.token = slab_token(slab, slab_next(slab, NULL)), .op = op};
}

static void hear_of_a_flow_that_is_gone(void *context)
{
    struct fixture *f = context;
    struct engine_event stale = event_of(f, ENGINE_OP_CONNECT);

    ends(f, ENGINE_OP_CONNECT, -ECONNREFUSED);
    flow_event(&f->flows, &stale, f->now_ns);
}

static void hear_of_an_operation_that_is_not_pending(void *context)
{
    struct fixture *f = context;
    struct engine_event event = event_of(f, ENGINE_OP_RECV);

    flow_event(&f->flows, &event, f->now_ns);
}

static void start_more_than_there_is_room_for(void *context)
{
    for (int i = 0; i < 3; i++)
        starts(context);
}

/* A negative duration would be a sample of centuries. */
static void end_before_it_was_to_start(void *context)
{
    struct fixture *f = context;

    f->now_ns = INTENDED_NS - 1;
    connects(f);
    ends_well(f);
}

static void what_breaks_an_invariant_ends_the_program(void **state)
{
    struct fixture *f = *state;

    assert_breaks(start_more_than_there_is_room_for, f, "taken=2 of 2");
    assert_breaks(end_before_it_was_to_start, f, "intended=999000 connected=998999");
    starts(f);
    assert_breaks(hear_of_a_flow_that_is_gone, f, "token=0x");
    assert_breaks(hear_of_an_operation_that_is_not_pending, f, "in state 0");
    flows_abandon(&f->flows);
}

#define FLOW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(expected_bytes_and_eof_are_ok),
        FLOW(each_phase_is_timed_from_the_one_before_and_the_first_from_the_intended_start),
        FLOW(what_fails_is_not_timed),
        FLOW(warm_up_is_counted_as_such_and_no_more),
        FLOW(the_rate_counts_what_ends_in_the_window_whenever_it_started),
        FLOW(eof_too_early_is_short),
        FLOW(wrong_byte_is_a_mismatch),
        FLOW(the_first_wrong_answer_of_each_target_is_kept),
        FLOW(the_first_short_answer_of_each_target_is_kept),
        FLOW(one_byte_too_many_is_extra_at_once_or_later),
        FLOW(a_long_greeting_is_read_by_a_few_calls),
        FLOW(a_short_greeting_is_read_by_one_call_and_its_end_by_another),
        FLOW(a_long_greeting_is_compared_wherever_it_is_cut),
        FLOW(a_long_greeting_that_does_not_end_as_it_should_is_an_error),
        FLOW(nothing_is_expected_and_nothing_comes),
        FLOW(anything_is_ok_if_asked_for_up_to_the_last_byte),
        FLOW(a_reset_counts_in_its_phase),
        FLOW(a_reset_reported_by_connect_counts_where_reading_ends),
        FLOW(what_was_said_before_connect_failed_is_read),
        FLOW(other_errors_are_counted_by_errno),
        FLOW(no_socket_is_no_descriptor),
        FLOW(what_is_to_be_said_is_said_before_reading),
        FLOW(an_error_of_a_send_is_one_of_the_greeting),
        FLOW(sending_is_part_of_the_greeting_even_if_no_byte_is_expected),
        FLOW(what_was_said_before_a_send_failed_is_read),
        FLOW(a_reset_reported_by_send_counts_where_reading_ends),
        FLOW(it_closes_by_a_reset_if_asked_to),
        FLOW(a_socket_is_used_again_once_its_connection_ended_well),
        FLOW(a_socket_that_is_not_as_good_as_new_is_not_used_again),
        FLOW(a_socket_is_used_again_if_its_address_leaves_no_trace_on_it),
        FLOW(the_connect_timeout_ends_a_handshake),
        FLOW(the_connect_timeout_is_over_with_the_handshake),
        FLOW(the_timeout_ends_a_flow_in_any_phase),
        FLOW(a_connect_that_was_none_is_one_that_failed),
        FLOW(after_an_answer_only_silent_connections_are_checked),
        FLOW(a_check_that_finds_no_connection_ends_it_as_failed),
        FLOW(a_timeout_checks_first),
        FLOW(a_timeout_of_the_handshake_reports_the_noted_error),
        FLOW(an_error_of_the_handshake_that_comes_late_is_one_of_the_handshake),
        FLOW(in_a_closed_loop_what_cannot_connect_keeps_its_place_for_a_while),
        FLOW(what_is_open_when_a_run_is_abandoned_is_counted_as_that),
        FLOW(what_breaks_an_invariant_ends_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
