/* What a responder shows to other threads: whether it gets on, and how long its clients waited. */
#include "base/fact.h"
#include "base/units.h"
#include "net/accept_queue.h"
#include "net/listener.h"
#include "server/pulse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/socket.h>

#include <cmocka.h>

#define START_NS (100 * NS_PER_S)

static void an_iteration_that_lasts_too_long_is_stuck(void **state)
{
    struct pulse pulse = {0};

    (void)state;
    pulse_begin(&pulse, START_NS);
    assert_false(pulse_is_stuck(&pulse, START_NS + PULSE_STUCK_NS));
    assert_true(pulse_is_stuck(&pulse, START_NS + PULSE_STUCK_NS + 1));
    pulse_begin(&pulse, START_NS + PULSE_STUCK_NS);
    assert_false(pulse_is_stuck(&pulse, START_NS + PULSE_STUCK_NS + 1));
}

static void who_sleeps_is_not_stuck_however_long(void **state)
{
    struct pulse pulse = {0};

    (void)state;
    assert_false(pulse_is_stuck(&pulse, UINT64_MAX));
    pulse_begin(&pulse, START_NS);
    pulse_end(&pulse);
    assert_false(pulse_is_stuck(&pulse, UINT64_MAX));
}

/* The clocks of two CPUs may differ. */
static void an_iteration_that_begins_after_now_is_not_stuck(void **state)
{
    struct pulse pulse = {0};

    (void)state;
    pulse_begin(&pulse, START_NS);
    assert_false(pulse_is_stuck(&pulse, START_NS - 1));
}

static void a_duration_is_counted_in_the_first_class_that_has_room_for_it(void **state)
{
    struct durations durations = {0}, total = {0};

    (void)state;
    durations_add(&durations, 0);
    durations_add(&durations, 100 * NS_PER_US);
    durations_add(&durations, 100 * NS_PER_US + 1);
    durations_add(&durations, 10 * NS_PER_S);
    durations_add(&durations, 10 * NS_PER_S + 1);
    assert_int_equal(2, durations.counts[0]);
    assert_int_equal(1, durations.counts[1]);
    assert_int_equal(1, durations.counts[DURATIONS_BOUNDS - 1]);
    assert_int_equal(1, durations.counts[DURATIONS_BOUNDS]);
    assert_int_equal(20 * NS_PER_S + 200 * NS_PER_US + 2, durations.sum_ns);
    durations_add_all(&total, &durations);
    durations_add_all(&total, &durations);
    assert_int_equal(2, total.counts[DURATIONS_BOUNDS]);
    assert_int_equal(2 * durations.sum_ns, total.sum_ns);
}

static void the_bounds_of_the_classes_grow(void **state)
{
    (void)state;
    for (int i = 1; i < DURATIONS_BOUNDS; i++)
        assert_true(durations_bounds_ns[i - 1] < durations_bounds_ns[i]);
}

static uint64_t sampled(const struct pulse *pulse)
{
    uint64_t count = 0;

    for (int i = 0; i <= DURATIONS_BOUNDS; i++)
        count += pulse->waits.counts[i];
    return count;
}

/* A listener with a client in its queue. */
static int waited_for(int *ret_client)
{
    struct address address;
    const char *step;
    bool has_port;
    int listener;

    assert_int_equal(0, address_parse("127.0.0.1:0", &address, &has_port));
    listener = listener_open(&address, 5, true, &step);
    assert_true(listener >= 0);
    *ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, connect(*ret_client, &address.sa, address_bytes(&address)));
    return listener;
}

static void one_of_64_clients_is_asked_how_long_it_waited(void **state)
{
    struct pulse pulse = {0};
    int client, listener = waited_for(&client), sock = accept(listener, NULL, NULL);

    (void)state;
    assert_true(sock >= 0);
    for (uint64_t accepted = 0; accepted < 2 * PULSE_SAMPLE; accepted++)
        pulse_sample(&pulse, accepted, sock);
    assert_int_equal(2, sampled(&pulse));
    pulse_sample(&pulse, 0, -1); /* nobody can be asked */
    assert_int_equal(2, sampled(&pulse));
    close(sock);
    close(client);
    listener_close(listener);
}

static void a_listener_tells_who_waits_and_how_many_may(void **state)
{
    struct accept_queue queue;
    int client, listener = waited_for(&client);

    (void)state;
    queue = accept_queue_read(listener);
    assert_int_equal(1, queue.length);
    assert_int_equal(5, queue.limit);
    close(accept(listener, NULL, NULL));
    assert_int_equal(0, accept_queue_read(listener).length);
    close(client);
    listener_close(listener);
    assert_int_equal(FACT_UNKNOWN, accept_queue_read(-1).length);
    assert_int_equal(FACT_UNKNOWN, accept_queue_wait_ns(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_iteration_that_lasts_too_long_is_stuck),
        cmocka_unit_test(who_sleeps_is_not_stuck_however_long),
        cmocka_unit_test(an_iteration_that_begins_after_now_is_not_stuck),
        cmocka_unit_test(a_duration_is_counted_in_the_first_class_that_has_room_for_it),
        cmocka_unit_test(the_bounds_of_the_classes_grow),
        cmocka_unit_test(one_of_64_clients_is_asked_how_long_it_waited),
        cmocka_unit_test(a_listener_tells_who_waits_and_how_many_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
