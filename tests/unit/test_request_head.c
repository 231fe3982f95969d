/* Which heads of HTTP requests are taken for what, in whatever pieces they come (RFC 9112). */
#include "server/request_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct row {
    enum request_head_end expected;
    const char *text;
};

/* What a text is taken for, in pieces of so many bytes. */
static enum request_head_end end_of(const char *text, size_t piece)
{
    struct request_head head = {0};
    size_t bytes = strlen(text);
    enum request_head_end end = REQUEST_HEAD_MORE;

    for (size_t at = 0; at < bytes && end == REQUEST_HEAD_MORE; at += piece)
        end = request_head_take(&head, text + at, bytes - at < piece ? bytes - at : piece);
    return end;
}

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t piece = 1; piece <= strlen(rows[i].text); piece++)
            if (rows[i].expected != end_of(rows[i].text, piece))
                fail_msg("'%s' in pieces of %zu: %d, not %d", rows[i].text, piece,
                         (int)end_of(rows[i].text, piece), (int)rows[i].expected);
}

static void heads_end_with_their_empty_line(void **state)
{
    static const struct row rows[] = {
        {REQUEST_HEAD_WHOLE, "GET / HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "GET / HTTP/1.0\r\nHost: example.org\r\nA:\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"},
        {REQUEST_HEAD_WHOLE, "OPTIONS * HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "M-SEARCH http://a/?b=c#d HTTP/1.9\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "\r\n\r\nGET / HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "GET / HTTP/1.1\n\n"},
        {REQUEST_HEAD_WHOLE, "GET / HTTP/1.1\nA: b\r\n\n"},
        {REQUEST_HEAD_WHOLE, "GET /\xc3\xbc HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_MORE, ""},
        {REQUEST_HEAD_MORE, "GET / HTTP/1.1\r\n"},
        {REQUEST_HEAD_MORE, "GET / HTTP/1.1\r\n\r"},
        {REQUEST_HEAD_MORE, "GET / HTTP/1.1\r\nHost: a\r\n"},
        {REQUEST_HEAD_MORE, "GET / HTTP/1"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void only_the_method_HEAD_needs_an_answer_without_content(void **state)
{
    static const struct row rows[] = {
        {REQUEST_HEAD_BARE, "HEAD / HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_BARE, "\r\nHEAD / HTTP/1.0\nA: b\n\n"},
        {REQUEST_HEAD_WHOLE, "HEA / HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "HEADS / HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "head / HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "HHEAD / HTTP/1.1\r\n\r\n"},
        {REQUEST_HEAD_WHOLE, "AHEAD / HTTP/1.1\r\n\r\n"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void what_is_no_request_of_HTTP_1_is_bad(void **state)
{
    static const struct row rows[] = {
        {REQUEST_HEAD_BAD, "GET /\r\n"},              /* 0.9 */
        {REQUEST_HEAD_BAD, "PRI * HTTP/2.0\r\n\r\n"}, /* the preface of 2 */
        {REQUEST_HEAD_BAD, "\x16\x03\x01"},           /* TLS */
        {REQUEST_HEAD_BAD, "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n"},
        {REQUEST_HEAD_BAD, "hello\n"},
        {REQUEST_HEAD_BAD, " / HTTP/1.1\r\n"},
        {REQUEST_HEAD_BAD, "GET  / HTTP/1.1\r\n"},
        {REQUEST_HEAD_BAD, "GET /  HTTP/1.1\r\n"},
        {REQUEST_HEAD_BAD, "GET / http/1.1\r\n"},
        {REQUEST_HEAD_BAD, "GET / HTTP/1.x\r\n"},
        {REQUEST_HEAD_BAD, "GET / HTTP/1.10\r\n"},
        {REQUEST_HEAD_BAD, "GET / HTTP/1.1 \r\n"},
        {REQUEST_HEAD_BAD, "GET / HTTP/1.1\rA"},
        {REQUEST_HEAD_BAD, "GET / HTTP/1.1\r\n\rA"},
        {REQUEST_HEAD_BAD, "GET /\x7f HTTP/1.1\r\n"},
        {REQUEST_HEAD_BAD, "G\"T / HTTP/1.1\r\n"},
        {REQUEST_HEAD_BAD, "\r \n"},
    };
    static const char nul[] = "GET /\0 HTTP/1.1\r\n\r\n";
    struct request_head head = {0};

    (void)state;
    check(rows, COUNT_OF(rows));
    assert_int_equal(REQUEST_HEAD_BAD, request_head_take(&head, nul, sizeof(nul) - 1));
    head = (struct request_head){0};
    assert_int_equal(REQUEST_HEAD_BAD, request_head_take(&head, "\0", 1));
}

/* A head of so many bytes in all. */
static enum request_head_end end_of_long(size_t bytes, size_t piece, size_t *ret_taken)
{
    static const char start[] = "GET / HTTP/1.1\r\nA: ";
    static const char last[] = {'\r', '\n', '\r', '\n'};
    static char text[2 * REQUEST_HEAD_BYTES_MAX];
    struct request_head head = {0};
    enum request_head_end end = REQUEST_HEAD_MORE;

    memset(text, 'a', bytes);
    memcpy(text, start, sizeof(start) - 1);
    memcpy(text + bytes - sizeof(last), last, sizeof(last));
    for (size_t at = 0; at < bytes && end == REQUEST_HEAD_MORE; at += piece)
        end = request_head_take(&head, text + at, bytes - at < piece ? bytes - at : piece);
    *ret_taken = head.bytes;
    return end;
}

static void head_of_16_KiB_is_taken_and_one_byte_more_is_too_large(void **state)
{
    static const size_t pieces[] = {1, 4096, 2 * REQUEST_HEAD_BYTES_MAX};
    size_t taken = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        assert_int_equal(REQUEST_HEAD_WHOLE, end_of_long(16384, pieces[i], &taken));
        assert_int_equal(16384, taken);
        assert_int_equal(REQUEST_HEAD_LARGE, end_of_long(16385, pieces[i], &taken));
        assert_int_equal(16384, taken);
    }
}

static void empty_lines_before_a_request_count(void **state)
{
    static char text[REQUEST_HEAD_BYTES_MAX + 1];
    struct request_head head = {0};

    (void)state;
    memset(text, '\n', sizeof(text));
    assert_int_equal(REQUEST_HEAD_MORE, request_head_take(&head, text, sizeof(text) - 1));
    assert_int_equal(REQUEST_HEAD_LARGE, request_head_take(&head, text, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_end_with_their_empty_line),
        cmocka_unit_test(only_the_method_HEAD_needs_an_answer_without_content),
        cmocka_unit_test(what_is_no_request_of_HTTP_1_is_bad),
        cmocka_unit_test(head_of_16_KiB_is_taken_and_one_byte_more_is_too_large),
        cmocka_unit_test(empty_lines_before_a_request_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
