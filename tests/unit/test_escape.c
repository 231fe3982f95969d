/* Which escapes are known, what they stand for, and where a bad one is. */
#include "base/escape.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ROOM            64

static void known_escapes_stand_for_one_byte(void **state)
{
    static const struct {
        size_t bytes;
        const char *expected;
        const char *text;
    } rows[] = {
        {0, "", ""},
        {5, "hello", "hello"},
        {6, "hello\n", "hello\\n"},
        {4, "\n\r\t\\", "\\n\\r\\t\\\\"},
        {2, "\\n", "\\\\n"},
        {4, "\x00\x7f\xff\xab", "\\x00\\x7f\\xFF\\xaB"},
        {3,
         "\x01"
         "23",
         "\\x0123"},
        {2, "\xc3\xa9", "\xc3\xa9"},
        {3, "a\"'", "a\"'"},
        {2, "\n\n", "\n\\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[ROOM];
        size_t bytes = 99;

        assert_int_equal(0, escape_decode(rows[i].text, out, sizeof(out), &bytes));
        assert_int_equal(rows[i].bytes, bytes);
        assert_memory_equal(rows[i].expected, out, bytes);
    }
}

static void a_bad_escape_is_pointed_at_and_nothing_is_written(void **state)
{
    static const struct {
        size_t expected_offset;
        const char *text;
    } rows[] = {
        {0, "\\"},  {0, "\\q"},  {6, "hello \\q"}, {2, "\\n\\"}, {2, "\\\\\\"},
        {0, "\\x"}, {0, "\\x4"}, {0, "\\xg0"},     {0, "\\x0g"}, {0, "\\N"},
        {0, "\\0"}, {0, "\\ "},  {1, "a\\\n"},     {0, "\\X41"}, {3, "abc\\a\\b"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[ROOM] = "untouched";
        size_t offset = 99;

        assert_int_equal(-EINVAL, escape_decode(rows[i].text, out, sizeof(out), &offset));
        assert_int_equal(rows[i].expected_offset, offset);
        assert_string_equal("untouched", out);
    }
}

static void what_comes_out_must_fit(void **state)
{
    char out[4] = "abc";
    size_t bytes = 99;

    (void)state;
    assert_int_equal(0, escape_decode("\\x31\\x32", out, 2, &bytes));
    assert_int_equal(2, bytes);
    assert_string_equal("12c", out);

    bytes = 99;
    assert_int_equal(-ENOSPC, escape_decode("456", out, 2, &bytes));
    assert_int_equal(99, bytes);
    assert_string_equal("12c", out);

    assert_int_equal(-ENOSPC, escape_decode("4", out, 0, &bytes));
    assert_int_equal(0, escape_decode("", out, 0, &bytes));
    assert_int_equal(0, bytes);
}

static void bytes_are_written_as_printable_text(void **state)
{
    static const struct {
        const char *expected;
        size_t bytes;
        const char *data;
    } rows[] = {
        {"", 0, ""},
        {"hello\\n", 6, "hello\n"},
        {"\\n\\r\\t\\\\", 4, "\n\r\t\\"},
        {"\\x00\\x1f\\x7f\\xff", 4, "\x00\x1f\x7f\xff"},
        {" ~", 2, " ~"},
        {"\\xc3\\xa9", 2, "\xc3\xa9"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[ROOM];

        assert_ptr_equal(text, escape_encode(rows[i].data, rows[i].bytes, text, sizeof(text)));
        assert_string_equal(rows[i].expected, text);
    }
}

static void what_does_not_fit_ends_in_dots_and_no_escape_is_split(void **state)
{
    static const struct {
        const char *expected;
        size_t text_bytes;
        const char *data;
    } rows[] = {
        {"hello", 6, "hello"}, {"h...", 5, "hello"},        {"...", 4, "hello"},
        {"..", 3, "hello"},    {".", 2, "hello"},           {"", 1, "hello"},
        {"a\\n", 4, "a\n"},    {"...", 4, "\n\n"},          {"\\n\\n", 5, "\n\n"},
        {"a...", 6, "a\n\nb"}, {"\\x01...", 8, "\x01\x02"}, {"...", 7, "\x01\x02"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *text = malloc(rows[i].text_bytes); /* so that a sanitizer sees one byte too many */

        assert_non_null(text);
        escape_encode(rows[i].data, strlen(rows[i].data), text, rows[i].text_bytes);
        assert_string_equal(rows[i].expected, text);
        free(text);
    }
}

static void no_room_at_all_is_left_alone(void **state)
{
    char text[] = "x";

    (void)state;
    assert_ptr_equal(text, escape_encode("hello", 5, text, 0));
    assert_string_equal("x", text);
}

static void every_byte_survives_the_round_trip(void **state)
{
    unsigned char data[256];
    unsigned char back[256];
    char text[4 * 256 + 1];
    size_t bytes = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)i;
    escape_encode(data, sizeof(data), text, sizeof(text));
    assert_int_equal(0, escape_decode(text, back, sizeof(back), &bytes));
    assert_int_equal(256, bytes);
    assert_memory_equal(data, back, sizeof(back));
}

static void a_line_holds_nothing_that_commands_a_terminal(void **state)
{
    static const struct {
        const char *expected, *text;
    } rows[] = {
        {"plain", "plain"},
        {"a\\nb\\tc\\r", "a\nb\tc\r"},
        {"\\x1b[31mred", "\x1b[31mred"},
        {"\\x07\\x7f\\x01", "\x07\x7f\x01"},
        {"back\\slash", "back\\slash"},
        {"f\xc3\xbcr \xe2\x9c\x93 \xf0\x9f\x98\x80", "f\xc3\xbcr \xe2\x9c\x93 \xf0\x9f\x98\x80"},
        {"\\xff\\xfe", "\xff\xfe"},
        {"\\xc3(", "\xc3("},
        {"cut \\xe2\\x9c", "cut \xe2\x9c"},
        {"\\xc0\\x80", "\xc0\x80"},                   /* too long for U+0000 */
        {"\\xed\\xa0\\x80", "\xed\xa0\x80"},          /* a surrogate */
        {"\\xf4\\x90\\x80\\x80", "\xf4\x90\x80\x80"}, /* above U+10FFFF */
        {"\\xc2\\x9b31m", "\xc2\x9b"
                          "31m"}, /* CSI as one character of C1 */
        {"\xc2\xa0", "\xc2\xa0"},
        {"\\xe2\\x80\\xae", "\xe2\x80\xae"}, /* from right to left */
        {"\\xe2\\x80\\xa8", "\xe2\x80\xa8"}, /* a separator of lines */
        {"\\xe2\\x81\\xa6", "\xe2\x81\xa6"},
        {"\xe2\x80\xa6", "\xe2\x80\xa6"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[64], again[64], *put = NULL;
        size_t bytes;
        FILE *out = open_memstream(&put, &bytes);

        assert_string_equal(rows[i].expected, escape_line(rows[i].text, line, sizeof(line)));
        assert_string_equal(line, escape_line(line, again, sizeof(again)));
        escape_put(rows[i].text, out);
        fclose(out);
        assert_string_equal(rows[i].expected, put);
        free(put);
    }
}

static void a_line_is_cut_between_two_characters(void **state)
{
    char line[8];

    (void)state;
    assert_string_equal("abcdefg", escape_line("abcdefgh", line, sizeof(line)));
    assert_string_equal("\\x1b", escape_line("\x1b\x1b", line, sizeof(line)));
    assert_string_equal("abcdef", escape_line("abcdef\xc3\xbc", line, sizeof(line)));
    assert_string_equal("", escape_line("abc", line, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_holds_nothing_that_commands_a_terminal),
        cmocka_unit_test(a_line_is_cut_between_two_characters),
        cmocka_unit_test(known_escapes_stand_for_one_byte),
        cmocka_unit_test(a_bad_escape_is_pointed_at_and_nothing_is_written),
        cmocka_unit_test(what_comes_out_must_fit),
        cmocka_unit_test(bytes_are_written_as_printable_text),
        cmocka_unit_test(what_does_not_fit_ends_in_dots_and_no_escape_is_split),
        cmocka_unit_test(no_room_at_all_is_left_alone),
        cmocka_unit_test(every_byte_survives_the_round_trip),
    };
    return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
