/* The head of a request to the admin port: when it is complete, and what it asks for. */
#include "admin/http_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HOST            "Host: h\r\n"

static enum http_status parse(const char *head, struct http_request *ret_request)
{
    assert_int_equal(strlen(head), http_head_bytes(head, strlen(head)));
    return http_request_parse(head, strlen(head), ret_request);
}

static void a_head_is_complete_with_its_empty_line_and_not_before(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\n" HOST "\r\n";

    (void)state;
    for (size_t bytes = 0; bytes < sizeof(head) - 1; bytes++)
        assert_int_equal(0, http_head_bytes(head, bytes));
    assert_int_equal(sizeof(head) - 1, http_head_bytes(head, sizeof(head) - 1));
    assert_int_equal(5, http_head_bytes("a\r\n\r\nb\r\n\r\n", 10));
}

static void lines_may_end_without_a_carriage_return_and_begin_late(void **state)
{
    struct http_request request;

    (void)state;
    assert_int_equal(HTTP_OK, parse("GET /a HTTP/1.0\n\n", &request));
    assert_int_equal(HTTP_OK, parse("\r\n\n\r\nGET /a HTTP/1.0\r\n\r\n", &request));
    assert_int_equal(2, request.path_bytes);
    assert_int_equal(0, http_head_bytes("\r\n\r\n\n", 5));
}

static void a_request_has_a_method_and_a_path(void **state)
{
    static const struct {
        const char *head;
        enum http_method method;
        const char *path;
    } rows[] = {
        {"GET /metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_GET, "/metrics"},
        {"HEAD /metrics HTTP/1.0\r\n\r\n", HTTP_HEAD, "/metrics"},
        {"GET /metrics?name=x?y HTTP/1.9\r\n" HOST "\r\n", HTTP_GET, "/metrics"},
        {"GET ? HTTP/1.0\r\n\r\n", HTTP_GET, NULL},
        {"GET http://h:9101/metrics?a HTTP/1.1\r\n" HOST "\r\n", HTTP_GET, "/metrics"},
        {"GET HTTP://h/ HTTP/1.1\r\nhOSt:h\r\n\r\n", HTTP_GET, "/"},
        {"GET http:///x HTTP/1.1\r\n" HOST "\r\n", HTTP_GET, "/x"},
        {"POST /metrics HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n", HTTP_OTHER_METHOD, ""},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", HTTP_OTHER_METHOD, ""},
        {"get /metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_OTHER_METHOD, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_request request = {.path_bytes = 99};

        if (!rows[i].path) {
            assert_int_equal(HTTP_BAD_REQUEST, parse(rows[i].head, &request));
            continue;
        }
        assert_int_equal(HTTP_OK, parse(rows[i].head, &request));
        assert_int_equal(rows[i].method, request.method);
        assert_int_equal(strlen(rows[i].path), request.path_bytes);
        if (request.path_bytes > 0)
            assert_memory_equal(rows[i].path, request.path, request.path_bytes);
    }
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const heads[] = {
        "GET\r\n\r\n",
        "GET /\r\n\r\n", /* HTTP/0.9 */
        "GET / \r\n\r\n",
        "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /* HTTP/2 begins so; the rest is no part of the head */
        "GET / HTTP/1.\r\n\r\n",
        "GET / HTTP/1.x\r\n\r\n",
        "GET / HTTP/1.10\r\n\r\n",
        "GET / http/1.0\r\n\r\n",
        "GET  / HTTP/1.0\r\n\r\n",
        "GET / a HTTP/1.0\r\n\r\n",
        " GET / HTTP/1.0\r\n\r\n",
        "GET\t/ HTTP/1.0\r\n\r\n",
        "G(T / HTTP/1.0\r\n\r\n",
        "GET metrics HTTP/1.0\r\n\r\n",
        "GET * HTTP/1.0\r\n\r\n",
        "GET http://h HTTP/1.0\r\n\r\n",
        "GET https://h/ HTTP/1.0\r\n\r\n",
        "GET /\x7f HTTP/1.0\r\n\r\n",
        "GET /\xe4 HTTP/1.0\r\n\r\n",
        "GET /\r HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", /* no Host */
        "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.0\r\nname\r\n\r\n",
        "GET / HTTP/1.0\r\n: value\r\n\r\n",
        "GET / HTTP/1.0\r\nname : value\r\n\r\n",
        "GET / HTTP/1.0\r\na: b\r\n continued: c\r\n\r\n",
        "GET / HTTP/1.0\r\nname: a\rb\r\n\r\n",
        "GET / HTTP/1.0\r\nname: a\x01\r\n\r\n",
    };
    static const struct http_request untouched = {.path_bytes = 99};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct http_request request = untouched;
        size_t head_bytes = http_head_bytes(heads[i], strlen(heads[i]));

        assert_true(head_bytes > 0);
        if (http_request_parse(heads[i], head_bytes, &request) != HTTP_BAD_REQUEST)
            fail_msg("'%s' is taken", heads[i]);
        assert_memory_equal(&untouched, &request, sizeof(request));
    }
}

static void a_nul_is_no_part_of_any_name(void **state)
{
    static const char head[] = "GET / HTTP/1.0\r\nna\0me: value\r\n\r\n";
    struct http_request request;

    (void)state;
    assert_int_equal(HTTP_BAD_REQUEST, http_request_parse(head, sizeof(head) - 1, &request));
}

static void values_may_have_tabs_and_any_bytes_above_ascii(void **state)
{
    struct http_request request;

    (void)state;
    assert_int_equal(HTTP_OK,
                     parse("GET / HTTP/1.0\r\nname:\t\xff \xc3\xa4:\r\nb:\r\n\r\n", &request));
}

static void each_status_has_its_phrase(void **state)
{
    (void)state;
    assert_string_equal("OK", http_reason(HTTP_OK));
    assert_string_equal("Bad Request", http_reason(HTTP_BAD_REQUEST));
    assert_string_equal("Not Found", http_reason(HTTP_NOT_FOUND));
    assert_string_equal("Method Not Allowed", http_reason(HTTP_METHOD_NOT_ALLOWED));
    assert_string_equal("Request Timeout", http_reason(HTTP_REQUEST_TIMEOUT));
    assert_string_equal("Request Header Fields Too Large", http_reason(HTTP_HEAD_TOO_LARGE));
    assert_string_equal("Internal Server Error", http_reason(HTTP_SERVER_ERROR));
    assert_string_equal("Service Unavailable", http_reason(HTTP_UNAVAILABLE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_complete_with_its_empty_line_and_not_before),
        cmocka_unit_test(lines_may_end_without_a_carriage_return_and_begin_late),
        cmocka_unit_test(a_request_has_a_method_and_a_path),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(a_nul_is_no_part_of_any_name),
        cmocka_unit_test(values_may_have_tabs_and_any_bytes_above_ascii),
        cmocka_unit_test(each_status_has_its_phrase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
