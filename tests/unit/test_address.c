/* Which addresses are understood, and how each is written back. */
#include "net/address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <net/if.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void an_address_is_written_back_with_its_port(void **state)
{
    static const struct {
        const char *expected;
        bool expected_has_port;
        const char *text;
    } rows[] = {
        {"127.0.0.1:0", false, "127.0.0.1"},
        {"127.0.0.1:1848", true, "127.0.0.1:1848"},
        {"0.0.0.0:0", true, "0.0.0.0:0"},
        {"255.255.255.255:65535", true, "255.255.255.255:65535"},
        {"127.0.0.1:80", true, "127.0.0.1:00080"},
        {"[::]:0", false, "::"},
        {"[::]:0", false, "[::]"},
        {"[::]:1848", true, "[::]:1848"},
        {"[::1]:0", false, "::1"},
        {"[2001:db8::1]:7", true, "[2001:DB8:0:0::0:1]:7"},
        {"[::ffff:192.0.2.1]:80", true, "[::ffff:192.0.2.1]:80"},
        {"[::ffff:192.0.2.1]:0", false, "::ffff:192.0.2.1"},
        {"[1:2:3:4:5:6:7:8]:0", false, "1:2:3:4:5:6:7:8"},
        {"[fe80::1%2]:0", false, "fe80::1%2"},
        {"[fe80::1%4294967295]:65535", true, "[fe80::1%4294967295]:65535"},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535", true,
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address;
        bool has_port = !rows[i].expected_has_port;
        char text[ADDRESS_TEXT_BYTES];

        if (address_parse(rows[i].text, &address, &has_port) != 0)
            fail_msg("'%s' was refused", rows[i].text);
        assert_ptr_equal(text, address_format(&address, text));
        assert_string_equal(rows[i].expected, text);
        assert_int_equal(rows[i].expected_has_port, has_port);
    }
}

static void what_is_no_address_is_refused_and_nothing_is_written(void **state)
{
    static const struct {
        int expected;
        const char *text;
    } rows[] = {
        {-EINVAL, ""},
        {-EINVAL, ":"},
        {-EINVAL, ":80"},
        {-EINVAL, "80"},
        {-EINVAL, "localhost"},
        {-EINVAL, "localhost:80"},
        {-EINVAL, "127.1"},
        {-EINVAL, "127.0.0.01"},
        {-EINVAL, "127.0.0.256"},
        {-EINVAL, "127.0.0.1 "},
        {-EINVAL, " 127.0.0.1"},
        {-EINVAL, "127.0.0.1:"},
        {-EINVAL, "127.0.0.1:http"},
        {-EINVAL, "127.0.0.1:-1"},
        {-EINVAL, "127.0.0.1:+1"},
        {-EINVAL, "127.0.0.1: 1"},
        {-EINVAL, "127.0.0.1:0x50"},
        {-EINVAL, "127.0.0.1%2"},
        {-EINVAL, "[127.0.0.1]:80"},
        {-EINVAL, "[127.0.0.1]"},
        {-EINVAL, "fe80::1%00000000000000000000000000000000000000000000000000002x"},
        {-EINVAL, "[]"},
        {-EINVAL, "[]:80"},
        {-EINVAL, "[::1"},
        {-EINVAL, "::1]"},
        {-EINVAL, "[::1]80"},
        {-EINVAL, "[::1]:"},
        {-EINVAL, "[::1]]:80"},
        {-EINVAL, "[[::1]]:80"},
        {-EINVAL, ":::"},
        {-EINVAL, "::1::"},
        {-EINVAL, "1:2:3:4:5:6:7:8:9"},
        {-EINVAL, "[::1]:http"},
        {-EINVAL, "fe80::1%"},
        {-EINVAL, "fe80::1%0"},
        {-EINVAL, "fe80::1%4294967296"},
        {-EINVAL, "fe80::1%nosuchif0"},
        {-EINVAL, "fe80::1%2%3"},
        {-EINVAL, "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80"},
        {-EINVAL, "localhost:70000"},
        {-ERANGE, "127.0.0.1:65536"},
        {-ERANGE, "[::1]:70000"},
        {-ERANGE, "[::1]:18446744073709551617"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address;
        struct address before;
        bool has_port = true;

        memset(&address, 0x5a, sizeof(address));
        before = address;
        int result = address_parse(rows[i].text, &address, &has_port);
        if (result != rows[i].expected)
            fail_msg("'%s': expected %d, got %d", rows[i].text, rows[i].expected, result);
        assert_memory_equal(&before, &address, sizeof(address));
        assert_true(has_port);
    }
}

static void a_scope_may_be_an_interface_name(void **state)
{
    struct address address;
    bool has_port;

    (void)state;
    unsigned loopback = if_nametoindex("lo");
    if (loopback == 0) {
        print_message("no interface named lo here\n");
        skip();
    }
    assert_int_equal(0, address_parse("[fe80::1%lo]:80", &address, &has_port));
    assert_int_equal(loopback, address.v6.sin6_scope_id);
}

static struct address parsed(const char *text)
{
    struct address address;
    bool has_port;

    assert_int_equal(0, address_parse(text, &address, &has_port));
    return address;
}

static void each_address_knows_its_family_and_size(void **state)
{
    static const struct {
        const char *expected_family;
        socklen_t expected_bytes;
        bool expected_any;
        const char *text;
    } rows[] = {
        {"ipv4", sizeof(struct sockaddr_in), false, "127.0.0.1"},
        {"ipv4", sizeof(struct sockaddr_in), true, "0.0.0.0:80"},
        {"ipv6", sizeof(struct sockaddr_in6), false, "::1"},
        {"ipv6", sizeof(struct sockaddr_in6), true, "[::]:80"},
        {"ipv4", sizeof(struct sockaddr_in6), false, "::ffff:127.0.0.1"},
        {"ipv6", sizeof(struct sockaddr_in6), false, "::127.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address = parsed(rows[i].text);

        assert_string_equal(rows[i].expected_family, address_family_name(&address));
        assert_int_equal(rows[i].expected_bytes, address_bytes(&address));
        assert_int_equal(rows[i].expected_any, address_is_any(&address));
    }
}

static void a_port_can_be_set_and_is_kept_in_network_order(void **state)
{
    struct address v4 = parsed("127.0.0.1:1");
    struct address v6 = parsed("[::1]:1");

    (void)state;
    address_set_port(&v4, 0x1234);
    address_set_port(&v6, 0x1234);
    assert_int_equal(0x1234, address_port(&v4));
    assert_int_equal(0x1234, address_port(&v6));
    assert_memory_equal("\x12\x34", &v4.v4.sin_port, 2);
    assert_memory_equal("\x12\x34", &v6.v6.sin6_port, 2);
}

/* ":" with "::" before it is the beginning of an address, not of a port. */
static void an_address_whose_end_may_be_a_port_is_doubted(void **state)
{
    static const struct {
        enum address_doubt expected;
        const char *text, *meant;
    } rows[] = {
        {ADDRESS_NEEDS_BRACKETS, "::1:1848", "[::1]:1848"},
        {ADDRESS_NEEDS_BRACKETS, "::1:80", "[::1]:80"},
        {ADDRESS_NEEDS_BRACKETS, "::1848", "[::]:1848"},
        {ADDRESS_NEEDS_BRACKETS, "::80", "[::]:80"},
        {ADDRESS_NEEDS_BRACKETS, ":::1848", "[::]:1848"},
        {ADDRESS_NEEDS_BRACKETS, "::1:65535", "[::1]:65535"},
        {ADDRESS_NEEDS_BRACKETS, "fd00::1:65535", "[fd00::1]:65535"},
        {ADDRESS_NEEDS_BRACKETS, "fe80::1%eth0:1848", "[fe80::1%eth0]:1848"},
        {ADDRESS_NEEDS_BRACKETS, "2001:db8:0:0:0:0:0:1:1848", "[2001:db8:0:0:0:0:0:1]:1848"},
        {ADDRESS_NEEDS_BRACKETS, "::ffff:127.0.0.1:1848", "[::ffff:127.0.0.1]:1848"},
        {ADDRESS_MAY_END_IN_PORT, "fd00::1:1848", "[fd00::1]:1848"},
        {ADDRESS_MAY_END_IN_PORT, "2001:db8::5:8080", "[2001:db8::5]:8080"},
        {ADDRESS_CLEAR, "::", NULL},
        {ADDRESS_CLEAR, "::1", NULL},
        {ADDRESS_CLEAR, "::2", NULL},
        {ADDRESS_CLEAR, "::0", NULL},
        {ADDRESS_CLEAR, "2001:db8::1", NULL},
        {ADDRESS_CLEAR, "2001:db8::8080", NULL},
        {ADDRESS_CLEAR, "2001:db8::1:2", NULL},
        {ADDRESS_CLEAR, "2001:db8:1:2:3:4:5:6", NULL},
        {ADDRESS_CLEAR, "2001:db8:1:2:3:4:5:1848", NULL},
        {ADDRESS_CLEAR, "fe80::1%eth0", NULL},
        {ADDRESS_CLEAR, "::ffff:127.0.0.1", NULL},
        {ADDRESS_CLEAR, "::127.0.0.1", NULL},
        {ADDRESS_CLEAR, "::1:beef", NULL},
        {ADDRESS_CLEAR, "::1:0", NULL},
        {ADDRESS_CLEAR, "::1:", NULL},
        {ADDRESS_CLEAR, "[::1:1848]", NULL},
        {ADDRESS_CLEAR, "[::1]:1848", NULL},
        {ADDRESS_CLEAR, "127.0.0.1:1848", NULL},
        {ADDRESS_CLEAR, "localhost:1848", NULL},
        {ADDRESS_CLEAR, "a:b:1848", NULL},
        {ADDRESS_CLEAR, ":1848", NULL},
        {ADDRESS_CLEAR, "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char meant[ADDRESS_MEANT_BYTES] = "";
        struct address address;
        bool has_port;

        if (address_doubt(rows[i].text, meant) != rows[i].expected)
            fail_msg("'%s' is not doubted as expected", rows[i].text);
        if (rows[i].meant) {
            assert_string_equal(rows[i].meant, meant);
            if (!strchr(meant, '%')) /* its interface need not be here */
                assert_int_equal(0, address_parse(meant, &address, &has_port));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_whose_end_may_be_a_port_is_doubted),
        cmocka_unit_test(an_address_is_written_back_with_its_port),
        cmocka_unit_test(what_is_no_address_is_refused_and_nothing_is_written),
        cmocka_unit_test(a_scope_may_be_an_interface_name),
        cmocka_unit_test(each_address_knows_its_family_and_size),
        cmocka_unit_test(a_port_can_be_set_and_is_kept_in_network_order),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
