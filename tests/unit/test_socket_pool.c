/* Which sockets are kept for another connection; they never add to the open ones. */
#include "fake_engine.h"
#include "generator/socket_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SOCK 5

static struct fake_engine fake;
static struct socket_pool pool;

static int set_up(void **state)
{
    (void)state;
    fake_engine_init(&fake);
    fake.disconnects = true;
    pool = (struct socket_pool){.engine = &fake.engine};
    return 0;
}

static const char *calls(void)
{
    return fake_engine_calls(&fake);
}

static void recycles(int count, int family)
{
    for (int i = 0; i < count; i++)
        socket_pool_give(&pool, SOCK, family);
}

static void a_recycled_socket_is_the_next_of_its_family(void **state)
{
    (void)state;
    recycles(1, AF_INET6);
    assert_string_equal("disconnect", calls());
    assert_int_equal(SOCK, socket_pool_take(&pool, AF_INET6));
    assert_string_equal("", calls());
    assert_true(socket_pool_take(&pool, AF_INET6) != SOCK);
    assert_string_equal("socket", calls());
}

static void a_socket_whose_connection_has_not_ended_is_closed(void **state)
{
    (void)state;
    fake.disconnects = false;
    recycles(1, AF_INET);
    assert_string_equal("disconnect close", calls());
    socket_pool_take(&pool, AF_INET);
    assert_string_equal("socket", calls());
}

/* This many closes are skipped; the next one is tried. */
static void check_pauses(uint32_t closes)
{
    for (uint32_t i = 0; i < closes; i++) {
        recycles(1, AF_INET);
        assert_string_equal("close", calls());
    }
    recycles(1, AF_INET);
    assert_non_null(strstr(calls(), "disconnect"));
}

static void misses(int count)
{
    fake.disconnects = false;
    for (int i = 0; i < count; i++) {
        recycles(1, AF_INET);
        assert_string_equal("disconnect close", calls());
    }
}

static void where_a_fin_takes_a_round_trip_it_is_seldom_tried(void **state)
{
    (void)state;
    misses(SOCKET_POOL_MISSES_MAX - 1);
    fake.disconnects = true;
    recycles(1, AF_INET); /* chance, then */
    calls();
    misses(SOCKET_POOL_MISSES_MAX);
    for (uint32_t pause = SOCKET_POOL_PAUSE_MIN; pause <= SOCKET_POOL_PAUSE_MAX; pause *= 2)
        check_pauses(pause);
    check_pauses(SOCKET_POOL_PAUSE_MAX); /* no longer than that, and never forever */
    fake.disconnects = true;
    recycles(1, AF_INET6); /* elsewhere it may work */
    assert_string_equal("disconnect", calls());
}

static void one_bad_moment_does_not_decide_the_rest_of_a_run(void **state)
{
    (void)state;
    misses(SOCKET_POOL_MISSES_MAX);
    fake.disconnects = true;
    check_pauses(SOCKET_POOL_PAUSE_MIN);
    recycles(1, AF_INET);
    assert_string_equal("disconnect", calls());
    misses(SOCKET_POOL_MISSES_MAX); /* everything is reset: as many, and as short a pause */
    check_pauses(SOCKET_POOL_PAUSE_MIN);
}

static void sockets_are_counted_as_opened_and_reused(void **state)
{
    (void)state;
    socket_pool_take(&pool, AF_INET);
    socket_pool_take(&pool, AF_INET6);
    recycles(1, AF_INET6);
    socket_pool_take(&pool, AF_INET6);
    assert_int_equal(2, pool.opened);
    assert_int_equal(1, pool.reused);
}

static void no_more_are_kept_than_there_is_room_for(void **state)
{
    (void)state;
    recycles(SOCKET_POOL_MAX, AF_INET);
    calls();
    recycles(1, AF_INET);
    assert_string_equal("close", calls());
}

static void what_is_kept_does_not_add_to_what_is_open(void **state)
{
    (void)state;
    recycles(1, AF_INET);
    calls();
    socket_pool_take(&pool, AF_INET6);
    assert_string_equal("close socket", calls());
    assert_true(socket_pool_take(&pool, AF_INET) != SOCK);
}

static void what_is_kept_is_closed_in_the_end(void **state)
{
    (void)state;
    recycles(2, AF_INET);
    recycles(1, AF_INET6);
    calls();
    socket_pool_close(&pool);
    assert_string_equal("close close close", calls());
}

#define POOL(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL(a_recycled_socket_is_the_next_of_its_family),
        POOL(a_socket_whose_connection_has_not_ended_is_closed),
        POOL(where_a_fin_takes_a_round_trip_it_is_seldom_tried),
        POOL(one_bad_moment_does_not_decide_the_rest_of_a_run),
        POOL(sockets_are_counted_as_opened_and_reused),
        POOL(no_more_are_kept_than_there_is_room_for),
        POOL(what_is_kept_does_not_add_to_what_is_open),
        POOL(what_is_kept_is_closed_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
