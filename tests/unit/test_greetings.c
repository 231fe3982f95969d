/* Greetings that replace each other: who holds which, and what is refused. */
#include "breaking.h"
#include "server/greetings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct server_config config;

static struct greetings *begin(void)
{
    const struct connection_settings settings = {.linger = true, .delivery_timeout_ns = 7};
    struct greetings *greetings;

    config = (struct server_config){.greeting = {.bytes = 3, .data = "old"}};
    greetings = greetings_new(&config, &settings);
    assert_non_null(greetings);
    return greetings;
}

static int replace(struct greetings *greetings, const char *text)
{
    static struct option_bytes bytes;

    bytes.bytes = (uint32_t)strlen(text);
    memcpy(bytes.data, text, strlen(text));
    return greetings_replace(greetings, &bytes);
}

static void assert_greets(const char *expected, const struct connection_settings *settings)
{
    assert_int_equal(strlen(expected), settings->greeting_bytes);
    assert_memory_equal(expected, settings->greeting, strlen(expected));
}

static void settings_are_the_same_but_for_the_greeting(void **state)
{
    struct greetings *greetings = begin();
    const struct connection_settings *settings;
    uint32_t place;

    (void)state;
    assert_int_equal(1, replace(greetings, "new one"));
    settings = greetings_take(greetings, &place);
    assert_greets("new one", settings);
    assert_true(settings->linger);
    assert_int_equal(7, settings->delivery_timeout_ns);
    assert_null(settings->request);
    greetings_give(greetings, place);
    greetings_free(greetings);
}

static void what_is_held_stays_as_it_is(void **state)
{
    struct greetings *greetings = begin();
    uint32_t old, new;
    const struct connection_settings *before = greetings_take(greetings, &old);

    (void)state;
    assert_int_equal(old, greetings_place(greetings));
    assert_int_equal(1, replace(greetings, "new"));
    assert_int_not_equal(old, greetings_place(greetings));
    assert_greets("old", before);
    assert_greets("new", greetings_take(greetings, &new));
    assert_int_equal(new, greetings_place(greetings));
    greetings_give(greetings, old);
    greetings_give(greetings, new);
    greetings_free(greetings);
}

static void the_same_greeting_again_is_no_change(void **state)
{
    struct greetings *greetings = begin();

    (void)state;
    assert_int_equal(0, replace(greetings, "old"));
    assert_int_equal(0, greetings_place(greetings));
    greetings_free(greetings);
}

static void two_in_turn_need_two_places_however_long_they_are_held(void **state)
{
    struct greetings *greetings = begin();
    uint32_t old, new, place;

    (void)state;
    greetings_take(greetings, &old);
    assert_int_equal(1, replace(greetings, "new"));
    greetings_take(greetings, &new);
    for (int i = 0; i < 3 * GREETINGS_MAX; i++) {
        assert_int_equal(1, replace(greetings, i % 2 == 0 ? "old" : "new"));
        greetings_take(greetings, &place);
        assert_int_equal(i % 2 == 0 ? old : new, place);
        greetings_give(greetings, place);
    }
    greetings_give(greetings, old);
    greetings_give(greetings, new);
    greetings_free(greetings);
}

static void one_too_many_is_refused_until_one_is_given_back(void **state)
{
    struct greetings *greetings = begin();
    uint32_t places[GREETINGS_MAX], place;
    char text[16];

    (void)state;
    greetings_take(greetings, &places[0]);
    for (int i = 1; i < GREETINGS_MAX; i++) {
        snprintf(text, sizeof(text), "number %d", i);
        assert_int_equal(1, replace(greetings, text));
        greetings_take(greetings, &places[i]);
    }
    assert_int_equal(-EBUSY, replace(greetings, "one more"));
    assert_int_equal(places[GREETINGS_MAX - 1], greetings_place(greetings));
    greetings_give(greetings, places[0]);
    assert_int_equal(1, replace(greetings, "one more"));
    assert_greets("one more", greetings_take(greetings, &place));
    assert_int_equal(places[0], place);
    for (int i = 1; i < GREETINGS_MAX; i++)
        greetings_give(greetings, places[i]);
    greetings_give(greetings, place);
    greetings_free(greetings);
}

static void what_nobody_holds_takes_no_place(void **state)
{
    struct greetings *greetings = begin();
    char text[16];

    (void)state;
    for (int i = 0; i < 10 * GREETINGS_MAX; i++) {
        snprintf(text, sizeof(text), "number %d", i);
        assert_int_equal(1, replace(greetings, text));
    }
    greetings_free(greetings);
}

static void answers_of_HTTP_are_made_of_it(void **state)
{
    struct greetings *greetings = begin();
    const struct connection_settings *settings;
    uint32_t place;

    (void)state;
    config.answer = SERVER_ANSWER_HTTP;
    config.content_type = "text/plain";
    assert_int_equal(1, replace(greetings, "hello"));
    settings = greetings_take(greetings, &place);
    assert_greets("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
                  "Connection: close\r\n\r\nhello",
                  settings);
    assert_ptr_equal(settings->greeting, settings->request->answers.of[ANSWER_GREETING].data);
    greetings_give(greetings, place);
    greetings_free(greetings);
}

static void give_twice(void *context)
{
    struct greetings *greetings = context;

    greetings_give(greetings, 0);
    greetings_give(greetings, 0);
}

static void free_what_is_held(void *context)
{
    greetings_free(context);
}

static void what_breaks_an_invariant_ends_the_program(void **state)
{
    struct greetings *greetings = begin();
    uint32_t place;

    (void)state;
    greetings_take(greetings, &place);
    assert_breaks(give_twice, greetings, "place=0");
    assert_breaks(free_what_is_held, greetings, "holders=1 place=0");
    greetings_give(greetings, place);
    greetings_free(greetings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_the_same_but_for_the_greeting),
        cmocka_unit_test(what_is_held_stays_as_it_is),
        cmocka_unit_test(the_same_greeting_again_is_no_change),
        cmocka_unit_test(two_in_turn_need_two_places_however_long_they_are_held),
        cmocka_unit_test(one_too_many_is_refused_until_one_is_given_back),
        cmocka_unit_test(what_nobody_holds_takes_no_place),
        cmocka_unit_test(answers_of_HTTP_are_made_of_it),
        cmocka_unit_test(what_breaks_an_invariant_ends_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
