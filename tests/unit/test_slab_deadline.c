/* The two structures every worker stands on: slabs of items and queues of deadlines. */
#include "base/deadline.h"
#include "base/slab.h"
#include "breaking.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct item {
    struct slab_item head;
    uint64_t value;
    struct deadline deadline;
};

static void slab_hands_out_its_capacity_and_no_more(void **state)
{
    struct slab slab;

    (void)state;
    assert_int_equal(0, slab_init(&slab, 2, sizeof(struct item)));
    assert_non_null(slab_take(&slab));
    assert_non_null(slab_take(&slab));
    assert_null(slab_take(&slab));
    assert_int_equal(2, slab.live);
    slab_release(&slab);
}

static void slab_items_come_back_zeroed(void **state)
{
    struct slab slab;
    struct item *item;

    (void)state;
    slab_init(&slab, 1, sizeof(struct item));
    item = slab_take(&slab);
    assert_int_equal(0, item->value);
    item->value = 7;
    slab_give(&slab, item);
    item = slab_take(&slab);
    assert_int_equal(0, item->value);
    slab_release(&slab);
}

static void slab_tokens_go_stale_when_the_item_is_given_back(void **state)
{
    struct slab slab;
    struct item *item;
    uint64_t token;

    (void)state;
    slab_init(&slab, 1, sizeof(struct item));
    item = slab_take(&slab);
    token = slab_token(&slab, item);
    assert_true(token != 0 && token >> 56 == 0);
    assert_ptr_equal(item, slab_find(&slab, token));
    slab_give(&slab, item);
    assert_null(slab_find(&slab, token));
    slab_take(&slab);
    assert_null(slab_find(&slab, token));
    assert_null(slab_find(&slab, 99));
    slab_release(&slab);
}

static void slab_walk_sees_the_items_in_use_only(void **state)
{
    struct slab slab;
    struct item *items[3];

    (void)state;
    slab_init(&slab, 3, sizeof(struct item));
    for (int i = 0; i < 3; i++)
        items[i] = slab_take(&slab);
    slab_give(&slab, items[1]);
    assert_ptr_equal(items[0], slab_next(&slab, NULL));
    assert_ptr_equal(items[2], slab_next(&slab, items[0]));
    assert_null(slab_next(&slab, items[2]));
    slab_release(&slab);
}

static void slab_too_large_is_refused(void **state)
{
    struct slab slab;

    (void)state;
    if (getenv("HELLO_VALGRIND"))
        skip(); /* valgrind itself ends the program over such a mapping */
    assert_int_equal(-ENOMEM, slab_init(&slab, UINT32_MAX, (size_t)1 << 40));
}

static void deadlines_come_in_the_order_of_their_start(void **state)
{
    struct deadline_queue queue;
    struct deadline first = {0}, second = {0};

    (void)state;
    deadline_queue_init(&queue, 10);
    assert_true(deadline_queue_due_ns(&queue) == DEADLINE_NEVER);
    assert_null(deadline_queue_take(&queue, UINT64_MAX));
    deadline_start(&queue, &first, 100);
    deadline_start(&queue, &second, 105);
    assert_int_equal(110, deadline_queue_due_ns(&queue));
    assert_null(deadline_queue_take(&queue, 109));
    assert_ptr_equal(&first, deadline_queue_take(&queue, 110));
    assert_null(deadline_queue_take(&queue, 110));
    assert_ptr_equal(&second, deadline_queue_take(&queue, 200));
}

static void deadline_started_anew_comes_later(void **state)
{
    struct deadline_queue queue;
    struct deadline first = {0}, second = {0};

    (void)state;
    deadline_queue_init(&queue, 10);
    deadline_start(&queue, &first, 100);
    deadline_start(&queue, &second, 101);
    deadline_start(&queue, &first, 102);
    assert_ptr_equal(&second, deadline_queue_take(&queue, 1000));
    assert_ptr_equal(&first, deadline_queue_take(&queue, 1000));
}

static void deadline_stopped_never_comes(void **state)
{
    struct deadline_queue queue;
    struct deadline deadline = {0};

    (void)state;
    deadline_queue_init(&queue, 10);
    deadline_stop(&deadline); /* in no queue: nothing happens */
    deadline_start(&queue, &deadline, 1);
    deadline_stop(&deadline);
    assert_null(deadline_queue_take(&queue, UINT64_MAX - 1));
}

static void give_back_twice(void *context)
{
    struct slab *slab = context;
    struct item *item = slab_take(slab);

    slab_give(slab, item);
    slab_give(slab, item);
}

static void name_what_was_given_back(void *context)
{
    struct slab *slab = context;
    struct item *item = slab_take(slab);

    slab_give(slab, item);
    slab_token(slab, item);
}

static void take_what_is_in_use(void *context)
{
    struct slab *slab = context;
    struct item *item = slab_take(slab);

    slab_give(slab, item);
    item->head.generation++; /* whoever had it writes on */
    slab_take(slab);
}

static void go_back_in_time(void *context)
{
    struct deadline_queue *queue = context;
    struct deadline first = {0}, second = {0};

    deadline_start(queue, &first, 100);
    deadline_start(queue, &second, 99);
}

static void what_breaks_an_invariant_ends_the_program(void **state)
{
    struct deadline_queue queue;
    struct slab slab;

    (void)state;
    slab_init(&slab, 2, sizeof(struct item));
    assert_breaks(give_back_twice, &slab, "item=0 generation=2 is free");
    assert_breaks(name_what_was_given_back, &slab, "item=0 generation=2 is free");
    assert_breaks(take_what_is_in_use, &slab, "item=0 generation=3 is in use");
    slab_release(&slab);
    deadline_queue_init(&queue, 10);
    assert_breaks(go_back_in_time, &queue, "last=110 new=109");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slab_hands_out_its_capacity_and_no_more),
        cmocka_unit_test(slab_items_come_back_zeroed),
        cmocka_unit_test(slab_tokens_go_stale_when_the_item_is_given_back),
        cmocka_unit_test(slab_walk_sees_the_items_in_use_only),
        cmocka_unit_test(slab_too_large_is_refused),
        cmocka_unit_test(deadlines_come_in_the_order_of_their_start),
        cmocka_unit_test(deadline_started_anew_comes_later),
        cmocka_unit_test(deadline_stopped_never_comes),
        cmocka_unit_test(what_breaks_an_invariant_ends_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
