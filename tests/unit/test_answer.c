/* The answers of HTTP, byte for byte, and which of them a request gets. */
#include "server/answer.h"
#include "server/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_answer(const char *expected, const struct answers *answers, enum answer answer)
{
    assert_int_equal(strlen(expected), answers->of[answer].bytes);
    assert_memory_equal(expected, answers->of[answer].data, strlen(expected));
}

static void greeting_is_the_content_of_a_whole_response(void **state)
{
    static struct option_bytes greeting = {.bytes = 6, .data = "hello\n"};
    static struct answers answers;

    (void)state;
    answers_make(&answers, &greeting, "text/plain");
    assert_answer("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
                  "Connection: close\r\n\r\nhello\n",
                  &answers, ANSWER_GREETING);
    assert_answer("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
                  "Connection: close\r\n\r\n",
                  &answers, ANSWER_HEAD);
}

static void errors_have_no_content_and_end_the_connection(void **state)
{
    static struct option_bytes greeting;
    static struct answers answers;

    (void)state;
    answers_make(&answers, &greeting, "text/plain");
    assert_answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                  &answers, ANSWER_BAD);
    assert_answer("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                  &answers, ANSWER_LATE);
    assert_answer("HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n"
                  "Connection: close\r\n\r\n",
                  &answers, ANSWER_LARGE);
}

static void longest_greeting_of_the_longest_type_fits(void **state)
{
    static struct option_bytes greeting = {.bytes = OPTION_BYTES_MAX};
    static struct answers answers;
    char type[ANSWER_TYPE_BYTES_MAX + 1] = "a/";

    (void)state;
    memset(type + 2, 'a', ANSWER_TYPE_BYTES_MAX - 2);
    assert_true(answer_type_is_valid(type));
    memset(greeting.data, 'x', sizeof(greeting.data));
    answers_make(&answers, &greeting, type);
    assert_int_equal(OPTION_BYTES_MAX,
                     answers.of[ANSWER_GREETING].bytes - answers.of[ANSWER_HEAD].bytes);
    assert_non_null(memmem(answers.of[ANSWER_HEAD].data, answers.of[ANSWER_HEAD].bytes,
                           "Length: 65536\r\n", 15));
    assert_memory_equal(greeting.data,
                        (const char *)answers.of[ANSWER_GREETING].data +
                            answers.of[ANSWER_HEAD].bytes,
                        OPTION_BYTES_MAX);
}

static void types_that_would_break_the_head_are_refused(void **state)
{
    char type[ANSWER_TYPE_BYTES_MAX + 2] = "a/";

    (void)state;
    memset(type + 2, 'a', ANSWER_TYPE_BYTES_MAX - 1);
    assert_false(answer_type_is_valid(type));
    assert_true(answer_type_is_valid("text/plain; charset=utf-8"));
    assert_true(answer_type_is_valid("application/vnd.a+json"));
    assert_false(answer_type_is_valid(""));
    assert_false(answer_type_is_valid("text"));
    assert_false(answer_type_is_valid("/plain"));
    assert_false(answer_type_is_valid("text/"));
    assert_false(answer_type_is_valid("text/plain "));
    assert_false(answer_type_is_valid("text/plain\r\nSet-Cookie: a=b"));
    assert_false(answer_type_is_valid("text/pl\xc3\xa4in"));
}

static enum answer taken(const struct request *request, const char *text)
{
    union request_progress progress = {0};

    return request_take(request, &progress, text, strlen(text));
}

static void requests_get_their_answers(void **state)
{
    static struct server_config config = {
        .answer = SERVER_ANSWER_HTTP, .content_type = "text/plain", .request_timeout_ns = 7};
    static struct request request;
    static char large[REQUEST_HEAD_BYTES_MAX + 2];

    (void)state;
    request_make(&request, &config, &config.greeting);
    assert_int_equal(7, request.timeout_ns);
    assert_int_equal(ANSWER_GREETING, taken(&request, "GET / HTTP/1.1\r\n\r\n"));
    assert_int_equal(ANSWER_HEAD, taken(&request, "HEAD / HTTP/1.1\r\n\r\n"));
    assert_int_equal(ANSWER_BAD, taken(&request, "hello\n"));
    assert_int_equal(ANSWER_COUNT, taken(&request, "GET / HTTP/1.1\r\n"));
    memset(large, '\n', sizeof(large) - 1);
    assert_int_equal(ANSWER_LARGE, taken(&request, large));
}

static void who_asked_half_is_told_that_it_is_late_and_who_asked_nothing_is_not(void **state)
{
    static struct server_config config = {.answer = SERVER_ANSWER_HTTP,
                                          .content_type = "text/plain"};
    static struct request request;
    union request_progress progress = {0};

    (void)state;
    request_make(&request, &config, &config.greeting);
    assert_int_equal(ANSWER_COUNT, request_give_up(&request, &progress));
    assert_int_equal(ANSWER_COUNT, request_take(&request, &progress, "G", 1));
    assert_int_equal(ANSWER_LATE, request_give_up(&request, &progress));
}

static void text_gets_the_greeting_as_it_is(void **state)
{
    static struct server_config config = {.greet_after = {.bytes = 1, .data = "\n"},
                                          .greeting = {.bytes = 6, .data = "hello\n"}};
    static struct request request;
    union request_progress progress = {0};

    (void)state;
    request_make(&request, &config, &config.greeting);
    assert_answer("hello\n", &request.answers, ANSWER_GREETING);
    assert_int_equal(ANSWER_COUNT, request_take(&request, &progress, "jo", 2));
    assert_int_equal(ANSWER_COUNT, request_give_up(&request, &progress));
    assert_int_equal(ANSWER_GREETING, request_take(&request, &progress, "\n", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greeting_is_the_content_of_a_whole_response),
        cmocka_unit_test(errors_have_no_content_and_end_the_connection),
        cmocka_unit_test(longest_greeting_of_the_longest_type_fits),
        cmocka_unit_test(types_that_would_break_the_head_are_refused),
        cmocka_unit_test(requests_get_their_answers),
        cmocka_unit_test(who_asked_half_is_told_that_it_is_late_and_who_asked_nothing_is_not),
        cmocka_unit_test(text_gets_the_greeting_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
