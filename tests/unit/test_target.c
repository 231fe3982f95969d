/* What a target means, without DNS servers. Those are in blackbox/test_names.py. */
#include "generator/target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/if.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define GROUP(text, address, kind)                                                               \
    "'" text "' cannot be connected to: " address " is a " kind " address; give the address of " \
    "one host"
#define FORM     "is not HOST[:PORT][=WEIGHT]; write localhost:1848, 127.0.0.1:1848 or [::1]:1848"
#define BRACKETS " an IPv6 address needs brackets before a port"
#define URL                                                                                  \
    "is a URL or has a path, but connections are plain TCP: give HOST[:PORT], and for HTTP " \
    "--send 'GET / HTTP/1.0\\r\\n\\r\\n' --expect any"
#define PORT   "must be 1 to 65535"
#define WEIGHT "must be 1 to 1000, such as localhost=3"

static struct load_config config;
static struct target targets[TARGETS_MAX];
static struct failure failure;

/* Each test starts with no target and any family. And it may resolve no names except localhost. */
static int clear(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    memset(targets, 0x5a, sizeof(targets));
    return setenv("CARES_HOSTS", "/dev/null", 1);
}

static int resolve(const char *text)
{
    config.options.targets.count = 1;
    config.options.targets.items[0] = text;
    return targets_resolve(&config, targets, &failure);
}

static void a_numeric_target_may_be_written_in_each_of_these_ways(void **state)
{
    static const struct {
        const char *expected, *expected_host;
        uint32_t expected_weight;
        const char *text;
    } rows[] = {
        {"127.0.0.1:1848", "127.0.0.1", 1, "127.0.0.1"},
        {"127.0.0.1:5", "127.0.0.1", 1, "127.0.0.1:5"},
        {"127.0.0.1:1848", "127.0.0.1", 3, "127.0.0.1=3"},
        {"127.0.0.1:65535", "127.0.0.1", 1000, "127.0.0.1:65535=1000"},
        {"127.0.0.1:5", "127.0.0.1", 1000, "127.0.0.1:5=1k"},
        {"0.0.0.0:5", "0.0.0.0", 1, "0.0.0.0:5"},
        {"[::1]:1848", "::1", 1, "::1"},
        {"[::1]:1848", "::1", 1, "[::1]"},
        {"[::1]:5", "::1", 1, "[::1]:5"},
        {"[::1]:5", "::1", 7, "[::1]:5=7"},
        {"[::1]:1848", "::1", 7, "::1=7"},
        {"[fd00::1:1848]:1848", "fd00::1:1848", 1,
         "fd00::1:1848"}, /* without brackets there is no port */
        {"[2001:db8::1]:5", "2001:DB8:0::1", 1, "[2001:DB8:0::1]:5"},
        {"[fe80::1%7]:5", "fe80::1%7", 1, "[fe80::1%7]:5"},
        {"[::ffff:127.0.0.1]:1848", "::ffff:127.0.0.1", 1, "::ffff:127.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[ADDRESS_TEXT_BYTES];

        if (resolve(rows[i].text) != 1)
            fail_msg("'%s': refused: %s", rows[i].text, failure.line);
        assert_string_equal(rows[i].expected, address_format(&targets[0].address, text));
        assert_string_equal(rows[i].expected_host, targets[0].host);
        assert_int_equal(rows[i].expected_weight, targets[0].weight);
    }
}

static void an_interface_may_be_given_by_its_name(void **state)
{
    (void)state;
    unsigned loopback = if_nametoindex("lo");
    if (loopback == 0) {
        print_message("no interface named lo here\n");
        skip();
    }
    assert_int_equal(1, resolve("[fe80::1%lo]:5"));
    assert_int_equal(loopback, targets[0].address.v6.sin6_scope_id);
    assert_int_equal(5, address_port(&targets[0].address));
}

static void what_is_no_target_is_refused_with_its_text(void **state)
{
    static const struct {
        const char *expected;
        const char *text;
    } rows[] = {
        {"'' " FORM, ""},
        {"':5' " FORM, ":5"},
        {"'=5' " FORM, "=5"},
        {"'[]' " FORM, "[]"},
        {"'[::1' " FORM, "[::1"},
        {"'[::1]5' " FORM, "[::1]5"},
        {"'a:b:c' " FORM, "a:b:c"},
        {"'[localhost]' " FORM, "[localhost]"},
        {"'[127.0.0.1]:5' " FORM, "[127.0.0.1]:5"},
        {"'1848' " FORM, "1848"},
        {"'127.1' " FORM, "127.1"},
        {"'127.0.0.256' " FORM, "127.0.0.256"},
        {"'127.0.0.01:5' " FORM, "127.0.0.01:5"},
        {"'...' " FORM, "..."},
        {"'1:2:3:4:5:6:7:8:9' is ambiguous: did you mean '[1:2:3:4:5:6:7:8]:9'?" BRACKETS,
         "1:2:3:4:5:6:7:8:9"},
        {"'::1:1848' is ambiguous: did you mean '[::1]:1848'?" BRACKETS, "::1:1848"},
        {"'::1:80=3' is ambiguous: did you mean '[::1]:80'?" BRACKETS, "::1:80=3"},
        {"'::1848' is ambiguous: did you mean '[::]:1848'?" BRACKETS, "::1848"},
        {"'http://localhost/' " URL, "http://localhost/"},
        {"'tcp://127.0.0.1:1848' " URL, "tcp://127.0.0.1:1848"},
        {"'127.0.0.1:80/' " URL, "127.0.0.1:80/"},
        {"'https://[::1]:80' " URL, "https://[::1]:80"},
        {"the port of '127.0.0.1:0' " PORT, "127.0.0.1:0"},
        {"the port of '127.0.0.1:' " PORT, "127.0.0.1:"},
        {"the port of 'localhost:http' " PORT, "localhost:http"},
        {"the port of 'localhost:1k' " PORT, "localhost:1k"},
        {"the port of 'localhost:+5' " PORT, "localhost:+5"},
        {"the port of '[::1]:65536' " PORT, "[::1]:65536"},
        {"the port of '127.0.0.1:18446744073709551617=2' " PORT,
         "127.0.0.1:18446744073709551617=2"},
        {"the weight of 'localhost=' " WEIGHT, "localhost="},
        {"the weight of 'localhost=0' " WEIGHT, "localhost=0"},
        {"the weight of 'localhost=1001' " WEIGHT, "localhost=1001"},
        {"the weight of 'localhost=1.5' " WEIGHT, "localhost=1.5"},
        {"the weight of 'localhost=-1' " WEIGHT, "localhost=-1"},
        {"the weight of 'localhost=5=x' " WEIGHT, "localhost=5=x"},
        {"'fe80::1' is link-local, so its interface must be named, as in fe80::1%eth0", "fe80::1"},
        {"'[fe80::1]:5' is link-local, so its interface must be named, as in fe80::1%eth0",
         "[fe80::1]:5"},
        {"'fe80::1%nosuchif0' is no IPv6 address, or its interface is not there; see ip link",
         "fe80::1%nosuchif0"},
        {GROUP("224.0.0.1:9", "224.0.0.1:9", "multicast"), "224.0.0.1:9"},
        {GROUP("239.255.255.255", "239.255.255.255:1848", "multicast"), "239.255.255.255"},
        {GROUP("[ff0e::1]:5=2", "[ff0e::1]:5", "multicast"), "[ff0e::1]:5=2"},
        {GROUP("[::ffff:224.0.0.1]:5", "[::ffff:224.0.0.1]:5", "multicast"),
         "[::ffff:224.0.0.1]:5"},
        {GROUP("255.255.255.255", "255.255.255.255:1848", "broadcast"), "255.255.255.255"},
        {GROUP("::ffff:255.255.255.255", "[::ffff:255.255.255.255]:1848", "broadcast"),
         "::ffff:255.255.255.255"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (resolve(rows[i].text) != -EINVAL)
            fail_msg("'%s' was taken", rows[i].text);
        assert_string_equal(rows[i].expected, failure.line);
        assert_int_equal(FAILURE_USAGE, failure.class);
    }
}

static void an_address_of_one_host_is_taken_even_where_few_are(void **state)
{
    static const char *const texts[] = {
        "240.0.0.1", "223.255.255.255", "0.0.0.0", "0.0.0.1", "::ffff:240.0.0.1", "::", "fe00::1"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (resolve(texts[i]) != 1)
            fail_msg("'%s': refused: %s", texts[i], failure.line);
    }
}

static void a_port_as_a_second_word_is_explained(void **state)
{
    static const struct {
        const char *expected, *first, *second;
    } rows[] = {
        {"'1848' is not a host; did you mean 'localhost:1848'?", "localhost", "1848"},
        {"'80' is not a host; did you mean '127.0.0.1:80'?", "127.0.0.1", "80"},
        {"'1848' is not a host; did you mean '[::1]:1848'?", "::1", "1848"},
        {"'1848' is not a host; did you mean '[::1]:1848'?", "[::1]", "1848"},
        {"'80' " FORM, "127.0.0.1:80", "80"},
        {"'65536' " FORM, "127.0.0.1", "65536"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        config.options.targets.count = 2;
        config.options.targets.items[0] = rows[i].first;
        config.options.targets.items[1] = rows[i].second;
        assert_int_equal(-EINVAL, targets_resolve(&config, targets, &failure));
        assert_string_equal(rows[i].expected, failure.line);
    }
}

static void a_long_target_is_refused_briefly(void **state)
{
    static char text[5000];

    (void)state;
    for (size_t bytes = 256; bytes < sizeof(text); bytes *= 2) {
        memset(text, 'a', bytes);
        text[bytes] = '\0';
        assert_int_equal(-EINVAL, resolve(text));
        assert_in_range(strlen(failure.line), 1, 400);
        assert_non_null(strstr(failure.line, "is too long for a host"));
    }
}

static void a_numeric_address_must_be_of_the_family_asked_for(void **state)
{
    static const struct {
        const char *expected; /* NULL: taken */
        unsigned family;
        bool ipv4, ipv6;
        const char *text;
    } rows[] = {
        {NULL, LOAD_FAMILY_IPV4, true, false, "127.0.0.1"},
        {NULL, LOAD_FAMILY_IPV6, false, true, "::1"},
        {"'127.0.0.1' is an IPv4 address; drop -6, or give one of IPv6", LOAD_FAMILY_IPV6, false,
         true, "127.0.0.1"},
        {"'127.0.0.1' is an IPv4 address; drop --family ipv6, or give one of IPv6",
         LOAD_FAMILY_IPV6, false, false, "127.0.0.1:5"},
        {"'::1' is an IPv6 address; drop -4, or give one of IPv4", LOAD_FAMILY_IPV4, true, false,
         "[::1]:5"},
        {"'::1' is an IPv6 address; drop --family ipv4, or give one of IPv4", LOAD_FAMILY_IPV4,
         false, false, "::1"},
        {"'::1' is an IPv6 address, but --family both takes names; give both addresses as two "
         "targets, and drop --family",
         LOAD_FAMILY_BOTH, false, false, "::1"},
        {"'127.0.0.1' is an IPv4 address, but --family both takes names; give both addresses as "
         "two targets, and drop --family",
         LOAD_FAMILY_BOTH, false, false, "127.0.0.1:5=2"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        config.options.family = rows[i].family;
        config.ipv4 = rows[i].ipv4;
        config.ipv6 = rows[i].ipv6;
        assert_int_equal(rows[i].expected ? -EINVAL : 1, resolve(rows[i].text));
        if (rows[i].expected)
            assert_string_equal(rows[i].expected, failure.line);
    }
}

static void localhost_is_known_without_hosts_file_or_server(void **state)
{
    static const char *const names[] = {"localhost", "LocalHost", "localhost.", "a.localhost",
                                        "a.b.LOCALHOST."};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char text[ADDRESS_TEXT_BYTES];

        config.options.family = LOAD_FAMILY_IPV4;
        assert_int_equal(1, resolve(names[i]));
        assert_string_equal("127.0.0.1:1848", address_format(&targets[0].address, text));
        config.options.family = LOAD_FAMILY_IPV6;
        assert_int_equal(1, resolve(names[i]));
        assert_string_equal("[::1]:1848", address_format(&targets[0].address, text));
        config.options.family = LOAD_FAMILY_ANY;
        assert_int_equal(1, resolve(names[i]));
        assert_string_equal(names[i], targets[0].host);
    }
}

static void both_families_of_a_name_are_two_targets_ipv4_first(void **state)
{
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    config.options.family = LOAD_FAMILY_BOTH;
    assert_int_equal(2, resolve("localhost:7=3"));
    assert_string_equal("127.0.0.1:7", address_format(&targets[0].address, text));
    assert_string_equal("[::1]:7", address_format(&targets[1].address, text));
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal("localhost", targets[i].host);
        assert_int_equal(3, targets[i].weight);
    }
}

static void targets_keep_their_order_and_the_first_wrong_one_is_reported(void **state)
{
    static const char *const texts[] = {"[::1]:5=2", "127.0.0.1:7", "localhost"};

    (void)state;
    config.options.targets.count = COUNT_OF(texts);
    memcpy(config.options.targets.items, texts, sizeof(texts));
    assert_int_equal(3, targets_resolve(&config, targets, &failure));
    assert_string_equal("::1", targets[0].host);
    assert_int_equal(2, targets[0].weight);
    assert_int_equal(7, address_port(&targets[1].address));
    assert_string_equal("localhost", targets[2].host);

    config.options.targets.items[1] = "127.0.0.1:0";
    config.options.targets.items[2] = "127.0.0.1:99999";
    assert_int_equal(-EINVAL, targets_resolve(&config, targets, &failure));
    assert_string_equal("the port of '127.0.0.1:0' " PORT, failure.line);
}

static void more_than_64_addresses_are_too_many(void **state)
{
    (void)state;
    config.options.targets.count = 33;
    for (size_t i = 0; i < 33; i++)
        config.options.targets.items[i] = "localhost";
    config.options.family = LOAD_FAMILY_BOTH;
    assert_int_equal(-EINVAL, targets_resolve(&config, targets, &failure));
    assert_string_equal("the targets have more than 64 addresses; give fewer targets",
                        failure.line);
    config.options.targets.count = 32;
    assert_int_equal(64, targets_resolve(&config, targets, &failure));
}

#define TARGET(test) cmocka_unit_test_setup(test, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TARGET(a_numeric_target_may_be_written_in_each_of_these_ways),
        TARGET(an_interface_may_be_given_by_its_name),
        TARGET(what_is_no_target_is_refused_with_its_text),
        TARGET(an_address_of_one_host_is_taken_even_where_few_are),
        TARGET(a_port_as_a_second_word_is_explained),
        TARGET(a_long_target_is_refused_briefly),
        TARGET(a_numeric_address_must_be_of_the_family_asked_for),
        TARGET(localhost_is_known_without_hosts_file_or_server),
        TARGET(both_families_of_a_name_are_two_targets_ipv4_first),
        TARGET(targets_keep_their_order_and_the_first_wrong_one_is_reported),
        TARGET(more_than_64_addresses_are_too_many),
    };
    return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
