/* The header of the PROXY protocol, byte for byte as specified. */
#include "generator/proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SIGNATURE       "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
#define BYTES(text)     (text), sizeof(text) - 1

struct row {
    const char *expected;
    size_t expected_bytes;
    const char *from, *to;
};

static void check(enum load_proxy_protocol version, const struct row *row)
{
    unsigned char header[PROXY_HEADER_BYTES_MAX + 1];
    struct address from, to;
    bool has_port;

    assert_int_equal(0, address_parse(row->from, &from, &has_port));
    assert_int_equal(0, address_parse(row->to, &to, &has_port));
    memset(header, 0x5a, sizeof(header));
    assert_int_equal(row->expected_bytes, proxy_header_write(version, &from, &to, header));
    assert_memory_equal(row->expected, header, row->expected_bytes);
    assert_int_equal(0x5a, header[row->expected_bytes]);
}

static void version_1_is_a_line_of_text(void **state)
{
    static const struct row rows[] = {
        {BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"), "192.168.0.1:56324",
         "192.168.0.11:443"},
        {BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
         "255.255.255.255:65535", "255.255.255.255:65535"},
        {BYTES("PROXY TCP6 2001:db8::1 ::1 4000 1848\r\n"), "[2001:db8::1]:4000", "[::1]:1848"},
        {BYTES("PROXY TCP6 fe80::1 fe80::2 1 2\r\n"), "[fe80::1%1]:1", "[fe80::2%1]:2"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), "[::ffff:192.0.2.1]:1",
         "[::ffff:192.0.2.2]:2"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(LOAD_PROXY_V1, &rows[i]);
}

static void the_longest_line_of_version_1_fits(void **state)
{
    static const struct row row = {BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                                         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
                                   "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
                                   "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"};

    (void)state;
    assert_in_range(row.expected_bytes, 1, PROXY_HEADER_BYTES_MAX);
    check(LOAD_PROXY_V1, &row);
}

static void version_2_is_binary(void **state)
{
    static const struct row rows[] = {
        {BYTES(SIGNATURE "\x21\x11\x00\x0c"
                         "\x7f\x00\x00\x01"
                         "\x0a\x02\x03\x04"
                         "\xdc\x04\x01\xbb"),
         "127.0.0.1:56324", "10.2.3.4:443"},
        {BYTES(SIGNATURE "\x21\x21\x00\x24"
                         "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
                         "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
                         "\x0f\xa0\x07\x38"),
         "[2001:db8::1]:4000", "[::1]:1848"},
        {BYTES(SIGNATURE "\x21\x11\x00\x0c"
                         "\xc0\x00\x02\x01"
                         "\xc0\x00\x02\x02"
                         "\x00\x01\x00\x02"),
         "[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(LOAD_PROXY_V2, &rows[i]);
}

static void without_a_version_there_is_no_header(void **state)
{
    static const struct row row = {BYTES(""), "127.0.0.1:1", "127.0.0.1:2"};

    (void)state;
    check(LOAD_PROXY_NONE, &row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_is_a_line_of_text),
        cmocka_unit_test(the_longest_line_of_version_1_fits),
        cmocka_unit_test(version_2_is_binary),
        cmocka_unit_test(without_a_version_there_is_no_header),
    };
    return cmocka_run_group_tests_name("proxy_header", tests, NULL, NULL);
}
