/* Headers of the PROXY protocol: those of the specification, each cut anywhere, and wrong ones. */
#include "base/crc32c.h"
#include "generator/proxy_header.h"
#include "server/proxy_read.h"

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
#define V4_ADDRESSES    "\xc0\x00\x02\x01\xc0\x00\x02\x02\x0f\xa0\x07\x38"

struct header {
    const char *data;
    size_t bytes;
    const char *from, *to; /* NULL: none */
};

static const struct header good[] = {
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 4000 1848\r\n"), "192.0.2.1:4000", "192.0.2.2:1848"},
    {BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255:65535",
     "255.255.255.255:65535"}, /* section 2.1: the worst case of IPv4 */
    {BYTES("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"), "0.0.0.0:0", "0.0.0.0:0"},
    {BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"}, /* the worst case of IPv6 */
    {BYTES("PROXY TCP6 2001:DB8::1 ::1 1 2\r\n"), "[2001:db8::1]:1", "[::1]:2"},
    {BYTES("PROXY UNKNOWN\r\n"), NULL, NULL},
    {BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
     NULL, NULL}, /* the worst case of all: 107 bytes */
    {BYTES(SIGNATURE "\x21\x11\x00\x0c" V4_ADDRESSES), "192.0.2.1:4000", "192.0.2.2:1848"},
    {BYTES(SIGNATURE "\x21\x21\x00\x24"
                     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x01\x00\x02"),
     "[2001:db8::1]:1", "[::1]:2"},
    {BYTES(SIGNATURE "\x20\x00\x00\x00"), NULL, NULL},              /* LOCAL */
    {BYTES(SIGNATURE "\x20\x11\x00\x0c" V4_ADDRESSES), NULL, NULL}, /* with addresses */
    {BYTES(SIGNATURE "\x20\xff\x00\x02\x01\x02"), NULL, NULL},      /* with anything */
    {BYTES(SIGNATURE "\x21\x00\x00\x00"), NULL, NULL},              /* UNSPEC */
    {BYTES(SIGNATURE "\x21\x00\x00\x03\x04\x00\x00"), NULL, NULL},  /* and a TLV */
    {BYTES(SIGNATURE "\x21\x12\x00\x0c" V4_ADDRESSES), NULL, NULL}, /* UDP */
    {BYTES(SIGNATURE "\x21\x11\x00\x15" V4_ADDRESSES "\x04\x00\x02\0\0\xea\x00\x01\x01"),
     "192.0.2.1:4000", "192.0.2.2:1848"}, /* TLVs: padding, and another one */
};

static void assert_address(const char *expected, const struct address *address)
{
    char text[ADDRESS_TEXT_BYTES];

    assert_string_equal(expected, address_format(address, text));
}

static void headers_name_their_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct proxy_read read;

        if (PROXY_READ_HEADER != proxy_read(good[i].data, good[i].bytes, &read))
            fail_msg("good header %zu is not taken", i);
        assert_int_equal(good[i].bytes, read.bytes);
        assert_int_equal(good[i].from != NULL, read.has_addresses);
        if (good[i].from) {
            assert_address(good[i].from, &read.from);
            assert_address(good[i].to, &read.to);
        }
    }
}

static void what_follows_a_header_is_not_looked_at(void **state)
{
    static const char more[] = "GET / HTTP/1.1\r\n\r\nPROXY ";
    char data[256];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct proxy_read read;

        memcpy(data, good[i].data, good[i].bytes);
        memcpy(data + good[i].bytes, more, sizeof(more));
        assert_int_equal(PROXY_READ_HEADER, proxy_read(data, good[i].bytes + sizeof(more), &read));
        assert_int_equal(good[i].bytes, read.bytes);
    }
}

static void header_that_is_cut_anywhere_waits_for_more_and_never_for_too_much(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        for (size_t bytes = 0; bytes < good[i].bytes; bytes++) {
            struct proxy_read read;

            if (PROXY_READ_MORE != proxy_read(good[i].data, bytes, &read))
                fail_msg("good header %zu is not waited for after %zu bytes", i, bytes);
            assert_true(bytes < read.bytes && read.bytes <= good[i].bytes);
        }
}

static void what_hello_load_writes_is_read(void **state)
{
    static const enum load_proxy_protocol versions[] = {LOAD_PROXY_V1, LOAD_PROXY_V2};
    static const char *const addresses[][2] = {{"192.0.2.1:4000", "192.0.2.2:1848"},
                                               {"[2001:db8::1]:4000", "[::1]:1848"}};
    unsigned char header[PROXY_HEADER_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct address from, to;
        struct proxy_read read;
        bool has_port;
        uint32_t bytes;

        assert_int_equal(0, address_parse(addresses[i / 2][0], &from, &has_port));
        assert_int_equal(0, address_parse(addresses[i / 2][1], &to, &has_port));
        bytes = proxy_header_write(versions[i % 2], &from, &to, header);
        assert_int_equal(PROXY_READ_HEADER, proxy_read(header, bytes, &read));
        assert_int_equal(bytes, read.bytes);
        assert_address(addresses[i / 2][0], &read.from);
        assert_address(addresses[i / 2][1], &read.to);
    }
}

static void wrong_headers_are_bad(void **state)
{
    static const struct header bad[] = {
        {BYTES("PROXY \r\n"), NULL, NULL},
        {BYTES("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY UNKNOWNS\r\n"), NULL, NULL},
        {BYTES("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 ::1 ::1 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP6 ::1%lo ::1 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX"), NULL, NULL},
        {BYTES("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n"), NULL, NULL},
        {BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655355\r\n"),
         NULL, NULL},                                                              /* 108 bytes */
        {BYTES(SIGNATURE "\x11"), NULL, NULL},                                     /* version 1 */
        {BYTES(SIGNATURE "\x22\x11\x00\x0c" V4_ADDRESSES), NULL, NULL},            /* command 2 */
        {BYTES(SIGNATURE "\x21\x41\x00\x0c" V4_ADDRESSES), NULL, NULL},            /* family 4 */
        {BYTES(SIGNATURE "\x21\x13\x00\x0c" V4_ADDRESSES), NULL, NULL},            /* protocol 3 */
        {BYTES(SIGNATURE "\x21\x11\x00\x0b" V4_ADDRESSES), NULL, NULL},            /* too short */
        {BYTES(SIGNATURE "\x21\x21\x00\x0c" V4_ADDRESSES), NULL, NULL},            /* for IPv6 */
        {BYTES(SIGNATURE "\x21\x11\x00\x0e" V4_ADDRESSES "\x04\x00"), NULL, NULL}, /* half a TLV */
        {BYTES(SIGNATURE "\x21\x11\x00\x0f" V4_ADDRESSES "\x04\x00\x01"), NULL, NULL},
        {BYTES(SIGNATURE "\x21\x11\x00\x13" V4_ADDRESSES "\x03\x00\x04\0\0\0\0"), NULL, NULL},
        {BYTES(SIGNATURE "\x21\x11\x00\x12" V4_ADDRESSES "\x03\x00\x03\0\0\0"), NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct proxy_read read;

        if (PROXY_READ_BAD != proxy_read(bad[i].data, bad[i].bytes, &read))
            fail_msg("bad header %zu: %d", i, (int)proxy_read(bad[i].data, bad[i].bytes, &read));
    }
}

static void what_does_not_begin_like_a_header_is_none(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\r\n", "P\r\n", "PROXY\r\n", "PROXZ ",
                                        "\r\n\r\nGET",        "\n"};
    struct proxy_read read;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(PROXY_READ_NONE, proxy_read(texts[i], strlen(texts[i]), &read));
}

static void checksum_is_that_of_the_standard(void **state)
{
    unsigned char zeros[32] = {0};

    (void)state;
    assert_int_equal(0, crc32c(0, "", 0));
    assert_int_equal(0xe3069283, crc32c(0, "123456789", 9));
    assert_int_equal(0xe3069283, crc32c(crc32c(0, "1234", 4), "56789", 5));
    assert_int_equal(0x8a9136aa, crc32c(0, zeros, sizeof(zeros))); /* RFC 3720 B.4 */
}

/* The longest header, with a checksum behind a large TLV. */
static void longest_header_and_its_checksum_are_read(void **state)
{
    static unsigned char header[PROXY_HEADER_BYTES_MOST];
    static const char start[] = SIGNATURE "\x21\x11\xff\xff" V4_ADDRESSES;
    static const unsigned char crc_start[] = {3, 0, 4};
    size_t tlv_at = sizeof(start) - 1, crc_at = sizeof(header) - 4, tlv_bytes = crc_at - 3 - tlv_at;
    struct proxy_read read;
    uint32_t crc;

    (void)state;
    memcpy(header, start, sizeof(start) - 1);
    memset(header + tlv_at, 0xea, tlv_bytes);
    header[tlv_at + 1] = (unsigned char)((tlv_bytes - 3) >> 8);
    header[tlv_at + 2] = (unsigned char)(tlv_bytes - 3);
    memcpy(header + crc_at - 3, crc_start, sizeof(crc_start));
    crc = crc32c(0, header, sizeof(header));
    for (int i = 0; i < 4; i++)
        header[crc_at + (size_t)i] = (unsigned char)(crc >> (24 - 8 * i));
    assert_int_equal(PROXY_READ_MORE, proxy_read(header, sizeof(header) - 1, &read));
    assert_int_equal(sizeof(header), read.bytes);
    assert_int_equal(PROXY_READ_HEADER, proxy_read(header, sizeof(header), &read));
    assert_address("192.0.2.1:4000", &read.from);
    header[tlv_at + 100] ^= 1;
    assert_int_equal(PROXY_READ_BAD, proxy_read(header, sizeof(header), &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_name_their_client),
        cmocka_unit_test(what_follows_a_header_is_not_looked_at),
        cmocka_unit_test(header_that_is_cut_anywhere_waits_for_more_and_never_for_too_much),
        cmocka_unit_test(what_hello_load_writes_is_read),
        cmocka_unit_test(wrong_headers_are_bad),
        cmocka_unit_test(what_does_not_begin_like_a_header_is_none),
        cmocka_unit_test(checksum_is_that_of_the_standard),
        cmocka_unit_test(longest_header_and_its_checksum_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
