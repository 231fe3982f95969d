/* The life of a flow: every way in which a connection of the generator can end. */
#include "fake_engine.h"
#include "load/flow.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START_NS   1000
#define TIMEOUT_NS 500
#define EXPECTED   "hello\n"

/* A fake engine whose receives find these bytes. */
struct fixture {
    struct fake_engine fake;
    struct engine_class class;
    struct flow_settings settings;
    struct flows flows;
    void *buffer; /* where the flow wants its next bytes */
};

static int remember_buffer(struct engine *engine, uint64_t token, int sock, void *data,
                           uint32_t bytes, unsigned flags)
{
    struct fixture *f = (struct fixture *)(void *)engine;
    struct fake_call call = {"recv", token, sock, bytes, flags};

    f->buffer = data;
    f->fake.calls[f->fake.call_count++] = call;
    return 0;
}

static int set_up(void **state)
{
    static struct fixture fixture;

    fake_engine_init(&fixture.fake);
    fixture.class = *fixture.fake.engine.class;
    fixture.class.recv = remember_buffer;
    fixture.fake.engine.class = &fixture.class;
    fixture.settings = (struct flow_settings){.target = {.v4 = {.sin_family = AF_INET}},
                                              .expect = (const unsigned char *)EXPECTED,
                                              .expect_bytes = strlen(EXPECTED),
                                              .timeout_ns = TIMEOUT_NS};
    *state = &fixture;
    return flows_init(&fixture.flows, &fixture.settings, &fixture.fake.engine, 2);
}

/* Every test ends with the books in balance. */
static int tear_down(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->flows.counts.started,
                     f->flows.counts.results[RESULT_OK] + result_counts_failed(&f->flows.counts));
    flows_release(&f->flows);
    return 0;
}

static void ends(struct fixture *f, enum engine_op op, int result)
{
    struct engine_event event = {
        .token = fake_engine_last(&f->fake)->token, .result = result, .op = op};

    flow_event(&f->flows, &event, START_NS);
}

static void receives(struct fixture *f, const char *text)
{
    memcpy(f->buffer, text, strlen(text));
    ends(f, ENGINE_OP_RECV, (int)strlen(text));
}

static void connects(struct fixture *f)
{
    flow_start(&f->flows, START_NS);
    ends(f, ENGINE_OP_CONNECT, 0);
}

static void assert_ended(struct fixture *f, enum result result)
{
    assert_int_equal(0, flows_open(&f->flows));
    assert_int_equal(1, f->flows.counts.results[result]);
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
    assert_ended(f, RESULT_OK);
}

static void bytes_in_pieces_are_ok(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, "he");
    receives(f, "llo\n");
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, RESULT_OK);
}

static void eof_too_early_is_short(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, "hello");
    ends(f, ENGINE_OP_RECV, 0);
    assert_ended(f, RESULT_SHORT);
}

static void wrong_byte_is_a_mismatch(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, "hel");
    receives(f, "Lo\n");
    assert_ended(f, RESULT_MISMATCH);
}

static void one_byte_too_many_is_extra(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, EXPECTED);
    receives(f, "!");
    assert_ended(f, RESULT_EXTRA);
}

static void errors_are_told_apart(void **state)
{
    struct fixture *f = *state;
    const struct {
        int error;
        enum result result;
    } rows[] = {
        {-ECONNREFUSED, RESULT_REFUSED},  {-ECONNRESET, RESULT_RESET},
        {-EADDRNOTAVAIL, RESULT_NO_PORT}, {-EMFILE, RESULT_NO_DESCRIPTOR},
        {-ETIMEDOUT, RESULT_TIMEOUT},     {-EHOSTUNREACH, RESULT_OTHER},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fake_engine_calls(&f->fake);
        flow_start(&f->flows, START_NS);
        ends(f, ENGINE_OP_CONNECT, rows[i].error);
        assert_ended(f, rows[i].result);
    }
    assert_int_equal(EHOSTUNREACH, f->flows.counts.other_error);
}

static void reset_while_reading_is_reset(void **state)
{
    struct fixture *f = *state;

    connects(f);
    receives(f, EXPECTED);
    ends(f, ENGINE_OP_RECV, -ECONNRESET);
    assert_ended(f, RESULT_RESET);
}

static void no_socket_is_no_descriptor(void **state)
{
    struct fixture *f = *state;

    f->fake.failing = "socket";
    f->fake.error = -EMFILE;
    flow_start(&f->flows, START_NS);
    assert_int_equal(0, flows_open(&f->flows));
    assert_int_equal(1, f->flows.counts.results[RESULT_NO_DESCRIPTOR]);
}

static void timeout_ends_a_flow_in_any_state(void **state)
{
    struct fixture *f = *state;

    flow_start(&f->flows, START_NS); /* still connecting */
    assert_int_equal(START_NS + TIMEOUT_NS, flows_due_ns(&f->flows));
    flows_expire(&f->flows, START_NS + TIMEOUT_NS);
    assert_string_equal("socket connect cancel", fake_engine_calls(&f->fake));
    ends(f, ENGINE_OP_CONNECT, -ECANCELED);
    assert_ended(f, RESULT_TIMEOUT);
    connects(f); /* still reading */
    flows_expire(&f->flows, START_NS + TIMEOUT_NS);
    ends(f, ENGINE_OP_RECV, 0); /* too late to count as an end */
    assert_int_equal(2, f->flows.counts.results[RESULT_TIMEOUT]);
}

#define FLOW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(expected_bytes_and_eof_are_ok),    FLOW(bytes_in_pieces_are_ok),
        FLOW(eof_too_early_is_short),           FLOW(wrong_byte_is_a_mismatch),
        FLOW(one_byte_too_many_is_extra),       FLOW(errors_are_told_apart),
        FLOW(reset_while_reading_is_reset),     FLOW(no_socket_is_no_descriptor),
        FLOW(timeout_ends_a_flow_in_any_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
