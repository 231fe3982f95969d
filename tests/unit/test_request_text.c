/* A text is found in what a client sends, in whatever pieces it comes. */
#include "breaking.h"
#include "server/request_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The end of the piece of the input, in pieces of `piece` bytes, in which the text has come; -1: it
 * does not come. */
static int end_of(const char *wanted, const char *input, size_t piece)
{
    struct request_text text;
    uint8_t matched = 0;
    size_t bytes = strlen(input);

    request_text_make(&text, wanted, strlen(wanted));
    for (size_t at = 0; at < bytes; at += piece) {
        size_t part = bytes - at < piece ? bytes - at : piece;

        if (request_text_take(&text, &matched, input + at, part))
            return (int)(at + part);
    }
    return -1;
}

static void text_is_found_where_it_ends_first(void **state)
{
    static const struct {
        int expected;
        const char *text, *input;
    } rows[] = {
        {1, "\n", "\n"},
        {6, "\n", "hello\nhello\n"},
        {-1, "\n", "hello"},
        {4, "\r\n\r\n", "\r\n\r\n"},
        {7, "\r\n\r\n", "\r\n\r\r\n\r\n"},
        {5, "\r\n\r\n", "\r\r\n\r\n\r\n"},
        {-1, "\r\n\r\n", "\r\n\n\r\n\r"},
        {6, "aabaaa", "aabaaa"},
        {9, "aabaaa", "aabaabaaa"},
        {12, "abcabcabd", "abcabcabcabd"},
        {10, "aaab", "aaaaaaaaab"},
        {-1, "aaab", "aaaaaaaaaa"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(rows[i].expected, end_of(rows[i].text, rows[i].input, 1));
}

static void text_is_found_in_pieces_of_any_size(void **state)
{
    static const char input[] = "abcabcabcabdabc";

    (void)state;
    for (size_t piece = 2; piece <= sizeof(input); piece++) {
        int end = end_of("abcabcabd", input, piece);

        assert_true(end >= 12 && end < 12 + (int)piece);
    }
}

static void state_of_a_client_is_how_much_of_the_text_came(void **state)
{
    struct request_text text;
    uint8_t matched = 0;

    (void)state;
    request_text_make(&text, "\r\n\r\n", 4);
    assert_false(request_text_take(&text, &matched, "GET / HTTP/1.0\r\n", 16));
    assert_int_equal(2, matched);
    assert_false(request_text_take(&text, &matched, "", 0));
    assert_int_equal(2, matched);
    assert_false(request_text_take(&text, &matched, "\r", 1));
    assert_int_equal(3, matched);
    assert_true(request_text_take(&text, &matched, "\nmore", 5));
}

static void longest_text_and_zero_bytes_are_matched(void **state)
{
    struct request_text text;
    unsigned char bytes[REQUEST_TEXT_BYTES_MAX + 1] = {0};
    uint8_t matched = 0;

    (void)state;
    bytes[REQUEST_TEXT_BYTES_MAX] = 1;
    request_text_make(&text, bytes + 1, REQUEST_TEXT_BYTES_MAX); /* zeros, and a one */
    assert_false(request_text_take(&text, &matched, bytes, REQUEST_TEXT_BYTES_MAX));
    assert_int_equal(REQUEST_TEXT_BYTES_MAX - 1, matched);
    assert_true(request_text_take(&text, &matched, bytes + REQUEST_TEXT_BYTES_MAX, 1));
}

struct making {
    const char *data;
    size_t bytes;
};

static void make(void *context)
{
    const struct making *making = context;
    struct request_text text;

    request_text_make(&text, making->data, making->bytes);
}

static void empty_text_and_one_that_is_too_long_are_refused(void **state)
{
    static const char bytes[REQUEST_TEXT_BYTES_MAX + 1];
    struct making nothing = {bytes, 0}, too_long = {bytes, sizeof(bytes)};

    (void)state;
    assert_breaks(make, &nothing, "bytes=0");
    assert_breaks(make, &too_long, "bytes=256");
}

static void take_twice(void *context)
{
    struct request_text text;
    uint8_t matched = 0;

    request_text_make(&text, context, 1);
    request_text_take(&text, &matched, context, 1);
    request_text_take(&text, &matched, context, 1);
}

static void nothing_is_taken_after_the_text(void **state)
{
    char newline[] = "\n";

    (void)state;
    assert_breaks(take_twice, newline, "matched=1 of 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_found_where_it_ends_first),
        cmocka_unit_test(text_is_found_in_pieces_of_any_size),
        cmocka_unit_test(state_of_a_client_is_how_much_of_the_text_came),
        cmocka_unit_test(longest_text_and_zero_bytes_are_matched),
        cmocka_unit_test(empty_text_and_one_that_is_too_long_are_refused),
        cmocka_unit_test(nothing_is_taken_after_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
