/* What operators read about conditions, minute by minute. */
#include "base/deadline.h"
#include "base/units.h"
#include "server/symptom.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define START_NS (UINT64_C(1000) * NS_PER_S)
#define MINUTE   (UINT64_C(60) * NS_PER_S)
#define HOUR     (60 * MINUTE)

static const struct condition_sight full = {.what = "no room, others wait"};
static const struct condition_sight failing = {
    .what = "cannot accept", .call = "accept4", .error = EMFILE};

static struct {
    struct conditions conditions;
    unsigned lines;
    char last[512];
} fixture;

static void notice(void *context, const char *line)
{
    (void)context;
    fixture.lines++;
    snprintf(fixture.last, sizeof(fixture.last), "%s", line);
}

static int begin_anew(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    conditions_init(&fixture.conditions, notice, NULL);
    return 0;
}

static int release(void **state)
{
    (void)state;
    conditions_release(&fixture.conditions);
    return 0;
}

static void assert_reported(unsigned lines, const char *last)
{
    assert_int_equal(lines, fixture.lines);
    if (!strstr(fixture.last, last))
        fail_msg("'%s' is not in '%s'", last, fixture.last);
}

static void a_condition_is_reported_when_it_begins_and_when_it_is_over(void **state)
{
    (void)state;
    conditions_begin(&fixture.conditions, CONDITION_CAPACITY, &full, START_NS);
    assert_reported(1, "no room, others wait; raise it");
    assert_true(conditions_end(&fixture.conditions, CONDITION_CAPACITY, START_NS + 5) ==
                DEADLINE_NEVER);
    assert_reported(2, "no client waits because of --max-connections any more");
    assert_true(conditions_report(&fixture.conditions, START_NS + HOUR) == DEADLINE_NEVER);
    assert_reported(2, "");
}

static void a_call_that_fails_is_reported_with_its_error_and_what_to_do(void **state)
{
    (void)state;
    conditions_begin(&fixture.conditions, CONDITION_DESCRIPTORS, &failing, START_NS);
    assert_reported(1, "cannot accept: accept4: Too many open files; raise the descriptor limit");
}

static void workers_that_suffer_from_the_same_are_reported_once(void **state)
{
    (void)state;
    for (uint64_t worker = 0; worker < 64; worker++)
        conditions_begin(&fixture.conditions, CONDITION_CAPACITY, &full, START_NS + worker);
    assert_reported(1, "no room");
    for (uint64_t worker = 0; worker < 63; worker++)
        conditions_end(&fixture.conditions, CONDITION_CAPACITY, START_NS + MINUTE / 2 + worker);
    assert_reported(1, "no room"); /* one still does */
    conditions_end(&fixture.conditions, CONDITION_CAPACITY, START_NS + MINUTE / 2 + 64);
    assert_reported(2, "any more");
}

static void what_comes_and_goes_is_reported_with_its_count_when_the_minute_is_over(void **state)
{
    uint64_t due_ns = 0;

    (void)state;
    for (uint64_t s = 0; s < 20; s += 2) { /* 10 times */
        conditions_begin(&fixture.conditions, CONDITION_CAPACITY, &full, START_NS + s * NS_PER_S);
        due_ns =
            conditions_end(&fixture.conditions, CONDITION_CAPACITY, START_NS + (s + 1) * NS_PER_S);
    }
    assert_reported(2, "any more");
    assert_true(START_NS + MINUTE == due_ns);
    assert_true(conditions_report(&fixture.conditions, due_ns) == DEADLINE_NEVER);
    assert_reported(3, "no room, others wait (9 times in 60 s, over now); raise it");
}

static void what_began_within_the_minute_and_lasts_is_reported_when_it_is_over(void **state)
{
    uint64_t due_ns;

    (void)state;
    conditions_begin(&fixture.conditions, CONDITION_CAPACITY, &full, START_NS);
    conditions_end(&fixture.conditions, CONDITION_CAPACITY, START_NS + 5);
    due_ns = conditions_begin(&fixture.conditions, CONDITION_CAPACITY, &full, START_NS + 10);
    assert_reported(2, "any more");
    assert_true(START_NS + MINUTE == due_ns);
    conditions_report(&fixture.conditions, due_ns);
    assert_reported(3, "no room, others wait (1 times in 60 s); raise it");
    conditions_end(&fixture.conditions, CONDITION_CAPACITY, due_ns + 5);
    assert_reported(4, "any more");
}

static void what_lasts_is_reported_again_after_a_minute_and_then_each_hour(void **state)
{
    uint64_t due_ns =
        conditions_begin(&fixture.conditions, CONDITION_ACCEPTING, &failing, START_NS);

    (void)state;
    assert_true(START_NS + MINUTE == due_ns);
    due_ns = conditions_report(&fixture.conditions, due_ns);
    assert_reported(2, "(for 60 s now)");
    assert_true(START_NS + MINUTE + HOUR == due_ns);
    conditions_report(&fixture.conditions, due_ns);
    assert_reported(3, "(for 3660 s now)");
}

static void nobody_can_cause_more_than_two_lines_a_minute_for_a_cause(void **state)
{
    (void)state;
    for (uint64_t ms = 0; ms < 3600000; ms += 20) { /* each cause after the other, for an hour */
        enum condition_cause cause = (enum condition_cause)(ms / 20 % CONDITION_COUNT);
        uint64_t now_ns = START_NS + ms * NS_PER_MS;

        conditions_begin(&fixture.conditions, cause, &full, now_ns);
        conditions_end(&fixture.conditions, cause, now_ns + 10 * NS_PER_MS);
    }
    assert_in_range(fixture.lines, CONDITION_COUNT * 60, CONDITION_COUNT * 2 * 60);
}

static void what_was_not_reported_is_reported_at_the_end(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        conditions_begin(&fixture.conditions, CONDITION_CAPACITY, &full, START_NS + 10 * i);
        conditions_end(&fixture.conditions, CONDITION_CAPACITY, START_NS + 10 * i + 5);
    }
    assert_reported(2, "any more");
    conditions_flush(&fixture.conditions, START_NS + 5 * NS_PER_S);
    assert_reported(3, "(2 times in 5 s, over now)");
    conditions_flush(&fixture.conditions, START_NS + 6 * NS_PER_S);
    assert_reported(3, "");
}

static void a_symptom_that_shows_again_and_again_is_one_condition(void **state)
{
    struct symptoms symptoms = symptoms_none(&fixture.conditions);
    uint64_t now_ns = START_NS;

    (void)state;
    for (int i = 0; i < 100; i++, now_ns += SYMPTOM_FADES_NS / 2) {
        symptoms_see(&symptoms, CONDITION_CAPACITY, &full, now_ns);
        symptoms_fade(&symptoms, UINT32_MAX, now_ns + SYMPTOM_FADES_NS / 4);
    }
    assert_reported(1, "no room");
    assert_true(symptoms_due_ns(&symptoms, UINT32_MAX) == now_ns + SYMPTOM_FADES_NS / 2);
    assert_true(symptoms_due_ns(&symptoms, 0) ==
                START_NS + MINUTE); /* so it must be reported again */
    symptoms_fade(&symptoms, 0, now_ns + SYMPTOM_FADES_NS / 2);
    assert_reported(1, "no room"); /* nothing was tried since */
    symptoms_fade(&symptoms, UINT32_MAX, now_ns + SYMPTOM_FADES_NS / 2);
    assert_reported(2, "any more");
    assert_true(symptoms_due_ns(&symptoms, UINT32_MAX) == DEADLINE_NEVER);
}

static void who_ends_suffering_is_not_taken_for_the_end_of_it(void **state)
{
    struct symptoms first = symptoms_none(&fixture.conditions);
    struct symptoms second = symptoms_none(&fixture.conditions);

    (void)state;
    symptoms_see(&first, CONDITION_CAPACITY, &full, START_NS);
    symptoms_see(&second, CONDITION_CAPACITY, &full, START_NS);
    symptoms_see(&second, CONDITION_CAPACITY, &full, START_NS); /* it lasts */
    assert_int_equal(1, first.begun[CONDITION_CAPACITY]);
    assert_int_equal(1, second.begun[CONDITION_CAPACITY]);
    assert_int_equal(0, second.begun[CONDITION_ACCEPTING]);
    symptoms_withdraw(&first);
    symptoms_withdraw(&first); /* once is enough */
    assert_reported(1, "no room");
    symptoms_fade(&second, UINT32_MAX, START_NS + SYMPTOM_FADES_NS);
    assert_reported(2, "any more"); /* the other worker saw that it is over */
    symptoms_see(&second, CONDITION_ACCEPTING, &failing, START_NS + MINUTE);
    assert_int_equal(1, second.begun[CONDITION_CAPACITY]);
    assert_int_equal(1, second.begun[CONDITION_ACCEPTING]);
    symptoms_withdraw(&second);
    assert_true(conditions_report(&fixture.conditions, START_NS + HOUR) == DEADLINE_NEVER);
    assert_reported(3, "cannot accept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_anew, release)
        TEST(a_condition_is_reported_when_it_begins_and_when_it_is_over),
        TEST(a_call_that_fails_is_reported_with_its_error_and_what_to_do),
        TEST(workers_that_suffer_from_the_same_are_reported_once),
        TEST(what_comes_and_goes_is_reported_with_its_count_when_the_minute_is_over),
        TEST(what_began_within_the_minute_and_lasts_is_reported_when_it_is_over),
        TEST(what_lasts_is_reported_again_after_a_minute_and_then_each_hour),
        TEST(nobody_can_cause_more_than_two_lines_a_minute_for_a_cause),
        TEST(what_was_not_reported_is_reported_at_the_end),
        TEST(a_symptom_that_shows_again_and_again_is_one_condition),
        TEST(who_ends_suffering_is_not_taken_for_the_end_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
