/* Where connections come from: which addresses a list means, and real sockets over loopback. */
#include "generator/source.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define CONNECTIONS_MAX 64
#define NOT_LOCAL       "192.0.2.1" /* for documentation only (RFC 5737) */
#define NOT_LOCAL_V6    "2001:db8::1"
#define NO_ADDRESS                                                                            \
    "is not a numeric address; write ADDR or ADDR/BITS, such as 127.0.0.2 or 2001:db8::/64, " \
    "separated by commas"
#define NO_BITS "has no number of bits from 1 to 32 after the slash"

static struct sources sources;
static struct failure failure;
static const struct option_ports no_ports;

static int init(const char *list)
{
    memset(&sources, 0x5a, sizeof(sources));
    failure = (struct failure){.class = FAILURE_STOPPED};
    return sources_init(&sources, list, no_ports, &failure);
}

static struct address loopback(int family)
{
    struct address address;

    memset(&address, 0, sizeof(address));
    address.sa.sa_family = (sa_family_t)family;
    if (family == AF_INET)
        address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.v6.sin6_addr = in6addr_loopback;
    return address;
}

/* A listener at the loopback address of a family. Returns its descriptor, or skips. */
static int listen_at(int family, struct address *ret_address)
{
    socklen_t bytes = sizeof(*ret_address);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *ret_address = loopback(family);
    if (fd < 0 || bind(fd, &ret_address->sa, address_bytes(ret_address)) < 0) {
        print_message("no loopback address of this family here\n");
        skip();
    }
    assert_int_equal(0, listen(fd, CONNECTIONS_MAX));
    assert_int_equal(0, getsockname(fd, &ret_address->sa, &bytes));
    return fd;
}

/* Bind for the turn and connect. Returns a descriptor, or -errno. */
static int connect_from(uint64_t turn, const struct address *to)
{
    int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result;

    assert_true(fd >= 0);
    result = sources_bind(&sources, turn, fd, to->sa.sa_family);
    if (result == 0 && connect(fd, &to->sa, address_bytes(to)) < 0)
        result = -errno;
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

/* Where a socket is, as text without its port, which goes to *ret_port. */
static const char *name_of(int fd, uint16_t *ret_port)
{
    static char text[ADDRESS_TEXT_BYTES];
    struct address address;
    socklen_t bytes = sizeof(address);

    assert_int_equal(0, getsockname(fd, &address.sa, &bytes));
    *ret_port = address_port(&address);
    address_format(&address, text);
    *strrchr(text, ':') = '\0';
    return text;
}

static const char *turn_text(uint64_t turn, int family)
{
    static char text[ADDRESS_TEXT_BYTES];
    struct address address = sources_address(&sources, turn, family);

    address_format(&address, text);
    return text;
}

static void without_a_list_and_ports_nothing_is_bound(void **state)
{
    struct address address;
    uint16_t port;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(0, init(NULL));
    assert_false(sources_apply_to(&sources, AF_INET) || sources_apply_to(&sources, AF_INET6));
    assert_int_equal(0, sources_bind(&sources, 5, fd, AF_INET));
    assert_string_equal("0.0.0.0", name_of(fd, &port));
    assert_int_equal(0, port);
    address = sources_address(&sources, 5, AF_INET);
    assert_true(address_is_any(&address));
    close(fd);
}

static void a_list_goes_round_and_round_over_its_blocks(void **state)
{
    static const struct {
        const char *expected[8]; /* by turn */
        const char *list;
    } rows[] = {
        {{"127.0.0.1:0", "127.0.0.1:0"}, "127.0.0.1"},
        {{"127.0.0.9:0", "127.0.0.7:0", "127.0.0.9:0"}, "127.0.0.9,127.0.0.7"},
        {{"127.0.0.9:0", "127.0.0.9:0"}, "127.0.0.9/32"},
        {{"127.0.0.8:0", "127.0.0.9:0", "127.0.0.8:0"}, "127.0.0.8/31"},
        {{"127.0.0.5:0", "127.0.0.6:0", "127.0.0.5:0"}, "127.0.0.4/30"},
        {{"127.0.0.9:0", "127.0.0.10:0", "127.0.0.11:0", "127.0.0.12:0", "127.0.0.13:0",
          "127.0.0.14:0", "127.0.0.9:0"},
         "127.0.0.8/29"},
        {{"127.0.0.1:0", "127.0.1.1:0", "127.0.1.2:0", "127.0.2.0:0", "127.0.2.1:0", "127.0.0.1:0"},
         "127.0.0.1,127.0.1.0/30,127.0.2.0/31"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (init(rows[i].list) != 0)
            fail_msg("'%s': refused: %s", rows[i].list, failure.line);
        assert_true(sources_apply_to(&sources, AF_INET));
        assert_false(sources_apply_to(&sources, AF_INET6));
        for (size_t turn = 0; turn < 8 && rows[i].expected[turn]; turn++)
            assert_string_equal(rows[i].expected[turn], turn_text(turn, AF_INET));
    }
}

static void a_large_block_is_counted_by_arithmetic(void **state)
{
    (void)state;
    assert_int_equal(0, init("127.0.0.0/8"));
    assert_int_equal((1 << 24) - 2, sources.ipv4_count);
    assert_string_equal("127.0.0.1:0", turn_text(0, AF_INET));
    assert_string_equal("127.1.0.0:0", turn_text(65535, AF_INET));
    assert_string_equal("127.255.255.254:0", turn_text((1 << 24) - 3, AF_INET));
    assert_string_equal("127.0.0.1:0", turn_text((1 << 24) - 2, AF_INET));
    assert_string_equal("127.4.0.0:0", turn_text(UINT64_MAX, AF_INET)); /* 2^64 - 1 mod 2^24 - 2 */
}

/* The block need not be here for its arithmetic. */
static void blocks_of_ipv6_are_as_large_as_they_say(void **state)
{
    static const struct {
        const char *expected;
        uint64_t turn, count;
    } rows[] = {
        {"[2001:db8::]:0", 0, 65536},
        {"[2001:db8::ffff]:0", 65535, 65536},
        {"[2001:db8::]:0", 65536, 65536},
        {"[2001:db8::ffff:ffff:ffff:fffe]:0", UINT64_MAX - 1, UINT64_MAX},
        {"[2001:db8:0:0:1234::]:0", UINT64_C(0x1234000000000000), UINT64_MAX},
    };
    bool has_port;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(0, init(NULL));
        sources.count = 1;
        sources.ipv6_count = sources.list[0].count = rows[i].count;
        assert_int_equal(0, address_parse("2001:db8::", &sources.list[0].first, &has_port));
        assert_string_equal(rows[i].expected, turn_text(rows[i].turn, AF_INET6));
    }
}

static void both_families_may_be_in_one_list(void **state)
{
    struct address address;
    int listener = listen_at(AF_INET6, &address);

    (void)state;
    close(listener);
    assert_int_equal(0, init("127.0.0.2,::1,127.0.0.4/31"));
    assert_int_equal(3, sources.ipv4_count);
    assert_int_equal(1, sources.ipv6_count);
    assert_string_equal("127.0.0.5:0", turn_text(2, AF_INET));
    assert_string_equal("[::1]:0", turn_text(2, AF_INET6));
}

static void what_is_no_list_is_refused_with_its_entry(void **state)
{
    static const struct {
        const char *expected;
        const char *list;
    } rows[] = {
        {"--source '' " NO_ADDRESS, ""},
        {"--source '' " NO_ADDRESS, "127.0.0.1,"},
        {"--source '' " NO_ADDRESS, ",127.0.0.1"},
        {"--source 'localhost' " NO_ADDRESS, "localhost"},
        {"--source ' 127.0.0.1' " NO_ADDRESS, " 127.0.0.1"},
        {"--source '/8' " NO_ADDRESS, "/8"},
        {"--source 'x' " NO_ADDRESS, "127.0.0.1,127.0.0.2,x,y"},
        {"--source '127.0.0.1:5' has a port; name the ports with --source-ports", "127.0.0.1:5"},
        {"--source '0.0.0.0' is not an address to connect from; omit --source", "0.0.0.0"},
        {"--source '::' is not an address to connect from; omit --source", "::"},
        {"--source '127.0.0.0/' " NO_BITS, "127.0.0.0/"},
        {"--source '127.0.0.0/0' " NO_BITS, "127.0.0.0/0"},
        {"--source '127.0.0.0/33' " NO_BITS, "127.0.0.0/33"},
        {"--source '127.0.0.0/8/8' " NO_BITS, "127.0.0.0/8/8"},
        {"--source '::/129' has no number of bits from 1 to 128 after the slash", "::/129"},
        {"--source '127.0.0.1/8' is not the start of a block; write 127.0.0.0/8 for the block, or "
         "127.0.0.1 for one address",
         "127.0.0.1/8"},
        {"--source '127.255.255.255/9' is not the start of a block; write 127.128.0.0/9 for the "
         "block, or 127.255.255.255 for one address",
         "127.255.255.255/9"},
        {"--source '2001:db8::1/127' is not the start of a block; write 2001:db8::/127 for the "
         "block, or 2001:db8::1 for one address",
         "2001:db8::1/127"},
    };
    static char too_long[400];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(-EINVAL, init(rows[i].list));
        assert_string_equal(rows[i].expected, failure.line);
        assert_int_equal(FAILURE_USAGE, failure.class);
    }
    memset(too_long, '1', sizeof(too_long) - 1);
    assert_int_equal(-EINVAL, init(too_long));
    assert_non_null(strstr(failure.line, "has an entry too long for an address"));
}

static void a_list_has_at_most_64_entries(void **state)
{
    static char list[65 * 10 + 1];

    (void)state;
    for (size_t i = 0; i < 65; i++)
        snprintf(list + 10 * i, sizeof(list) - 10 * i, "127.0.0.1%s", i == 64 ? "" : ",");
    assert_int_equal(-EINVAL, init(list));
    assert_string_equal("--source '127.0.0.1' is one entry too many; give at most 64, or blocks",
                        failure.line);
    *strrchr(list, ',') = '\0';
    assert_int_equal(0, init(list));
    assert_int_equal(64, sources.ipv4_count);
}

static void an_address_of_another_machine_is_reported_at_once(void **state)
{
    static const struct {
        const char *expected;
        const char *list;
    } rows[] = {
        {"--source '" NOT_LOCAL "' is not an address of this machine; see ip address, or add it: "
         "ip address add " NOT_LOCAL " dev lo",
         "127.0.0.1," NOT_LOCAL},
        {"--source '192.0.2.0/24' has addresses that this machine does not have, such as "
         "192.0.2.1; "
         "add them: ip route add local 192.0.2.0/24 dev lo",
         "192.0.2.0/24"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(-EADDRNOTAVAIL, init(rows[i].list));
        assert_string_equal(rows[i].expected, failure.line);
        assert_int_equal(FAILURE_SYSTEM, failure.class);
    }
    struct address address;
    close(listen_at(AF_INET6, &address));
    assert_int_equal(-EADDRNOTAVAIL, init(NOT_LOCAL_V6));
    assert_non_null(strstr(failure.line, "'" NOT_LOCAL_V6 "' is not an address of this machine"));
}

static void connections_come_from_the_addresses_in_turn(void **state)
{
    static const char *const expected[] = {"127.0.0.9", "127.0.1.1", "127.0.1.2", "127.0.0.9"};
    struct address to;
    int listener = listen_at(AF_INET, &to);

    (void)state;
    assert_int_equal(0, init("127.0.0.9,127.0.1.0/30"));
    for (size_t turn = 0; turn < COUNT_OF(expected); turn++) {
        uint16_t port;
        int fd = connect_from(turn, &to);

        assert_true(fd >= 0);
        assert_string_equal(expected[turn], name_of(fd, &port));
        assert_int_not_equal(0, port);
        close(fd);
    }
    close(listener);
}

static void an_ipv6_connection_comes_from_its_source(void **state)
{
    struct address to;
    int listener = listen_at(AF_INET6, &to);
    uint16_t port;

    (void)state;
    assert_int_equal(0, init("127.0.0.9,::1/128"));
    int fd = connect_from(7, &to);
    assert_true(fd >= 0);
    assert_string_equal("[::1]", name_of(fd, &port));
    close(fd);
    close(listener);
}

static void binding_leaves_the_port_to_connect(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port;

    (void)state;
    assert_int_equal(0, init("127.0.0.9"));
    assert_int_equal(0, sources_bind(&sources, 0, fd, AF_INET));
    assert_string_equal("127.0.0.9", name_of(fd, &port));
    assert_int_equal(0, port); /* IP_BIND_ADDRESS_NO_PORT: only the four-tuple must be free */
    close(fd);
}

/* Two ports from the middle of what the kernel chooses from. */
static struct option_ports two_ports(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    unsigned low = 0, high = 0;

    if (!file || fscanf(file, "%u %u", &low, &high) != 2 || high - low < 100) { /* NOLINT(cert-*) */
        print_message("no range of local ports to be read here\n");
        skip();
    }
    fclose(file);
    low += (high - low) / 2 + (unsigned)getpid() % 40;
    return (struct option_ports){(uint16_t)low, (uint16_t)(low + 1)};
}

/* Connect from three otherwise unused addresses and two ports until no port is left. Returns the
 * number of connections; *ret_result is the error of the next one. */
static size_t fill_ports(const struct address *to, int *ret_result)
{
    int fds[CONNECTIONS_MAX];
    size_t count = 0;

    for (*ret_result = 0; count < CONNECTIONS_MAX; count++) {
        uint16_t port;

        fds[count] = connect_from(count, to);
        if (fds[count] < 0)
            break;
        name_of(fds[count], &port);
        assert_in_range(port, sources.ports.low, sources.ports.high);
    }
    if (count < CONNECTIONS_MAX)
        *ret_result = fds[count];
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    return count;
}

static void init_three_addresses_and_two_ports(void)
{
    char list[96];
    unsigned pid = (unsigned)getpid();

    snprintf(list, sizeof(list), "127.%u.%u.9,127.%u.%u.12/31", 1 + (pid >> 8 & 0x7f), pid & 0xff,
             1 + (pid >> 8 & 0x7f), pid & 0xff);
    assert_int_equal(0, sources_init(&sources, list, two_ports(), &failure));
    assert_true(sources_apply_to(&sources, AF_INET) && sources_apply_to(&sources, AF_INET6));
}

static void two_ports_of_three_addresses_make_six_connections(void **state)
{
    struct address to;
    int listener = listen_at(AF_INET, &to);
    int result;

    (void)state;
    init_three_addresses_and_two_ports();
    if (!sources.has_port_range) {
        print_message("this kernel does not know IP_LOCAL_PORT_RANGE\n");
        skip();
    }
    assert_int_equal(6, fill_ports(&to, &result));
    assert_int_equal(-EADDRNOTAVAIL, result);
    close(listener);
}

static void two_targets_may_share_the_ports_in_either_way(void **state)
{
    struct address to[2];
    int listeners[2] = {listen_at(AF_INET, &to[0]), listen_at(AF_INET, &to[1])};
    int fds[12];

    (void)state;
    for (int way = 0; way < 2; way++) {
        init_three_addresses_and_two_ports();
        if (way == 1)
            sources.has_port_range = false;
        for (uint64_t i = 0; i < 12; i++) {
            fds[i] = connect_from(i / 2, &to[i % 2]);
            if (fds[i] < 0)
                fail_msg("way %d, connection %d: %s", way, (int)i, strerror(-fds[i]));
        }
        for (size_t i = 0; i < 12; i++) {
            struct linger none = {.l_onoff = 1};

            setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &none, sizeof(none));
            close(fds[i]); /* by a reset: no TIME_WAIT has a port in the other way */
        }
    }
    close(listeners[0]);
    close(listeners[1]);
}

static void where_the_kernel_cannot_the_turn_decides_on_the_port(void **state)
{
    struct address to;
    int listener = listen_at(AF_INET, &to);
    int result;

    (void)state;
    init_three_addresses_and_two_ports();
    sources.has_port_range = false;
    assert_int_equal(6, fill_ports(&to, &result));
    assert_int_equal(-EADDRNOTAVAIL, result);
    close(listener);
}

static void a_port_with_a_listener_is_reported_by_bind(void **state)
{
    struct address to, own;
    int listener = listen_at(AF_INET, &to);
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const int on = 1;
    uint16_t port;

    (void)state;
    init_three_addresses_and_two_ports();
    sources.has_port_range = false;
    own = sources_address(&sources, 3, AF_INET);
    address_set_port(&own, sources.ports.high); /* the second port of the first address */
    assert_int_equal(0, setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    assert_int_equal(0, bind(other, &own.sa, address_bytes(&own)));
    assert_int_equal(0, listen(other, 1));
    assert_int_equal(-EADDRINUSE, connect_from(3, &to));
    int fd = connect_from(4, &to);
    assert_true(fd >= 0);
    name_of(fd, &port);
    assert_int_equal(sources.ports.high, port);
    close(fd);
    close(other);
    close(listener);
}

static void as_many_turns_lead_to_all_places(void **state)
{
    static const struct {
        uint32_t expected;
        uint64_t addresses;
        uint16_t low, high;
        bool has_port_range;
    } rows[] = {
        {1, 0, 0, 0, false},
        {1, 1, 0, 0, false},
        {7, 7, 0, 0, false},
        {11, 0, 1000, 1010, false},
        {11, 1, 1000, 1010, false},
        {33, 3, 1000, 1010, false},
        {3, 3, 1000, 1010, true},
        {1, 0, 1000, 1010, true},
        {SOURCE_TRIES_MAX, UINT64_MAX, 1000, 1010, false},
        {SOURCE_TRIES_MAX, 1, 1, 65535, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        memset(&sources, 0, sizeof(sources));
        sources.ipv4_count = rows[i].addresses;
        sources.ports = (struct option_ports){rows[i].low, rows[i].high};
        sources.has_port_range = rows[i].has_port_range;
        assert_int_equal(rows[i].expected, sources_places(&sources, AF_INET));
    }
}

static void the_ports_that_may_be_used_are_those_given_or_those_of_the_kernel(void **state)
{
    (void)state;
    memset(&sources, 0, sizeof(sources));
    assert_true(sources_may_use_port(&sources, 80)); /* unknown */
    sources.kernel_ports = (struct option_ports){40000, 50000};
    assert_false(sources_may_use_port(&sources, 39999));
    assert_true(sources_may_use_port(&sources, 40000));
    assert_true(sources_may_use_port(&sources, 50000));
    assert_false(sources_may_use_port(&sources, 50001));
    sources.ports = (struct option_ports){80, 80};
    assert_true(sources_may_use_port(&sources, 80));
    assert_false(sources_may_use_port(&sources, 40000));
}

static void ports_without_addresses_are_kept_to_in_either_way(void **state)
{
    (void)state;
    for (int family = 0; family < 2; family++) {
        struct address to;
        int listener = listen_at(family == 0 ? AF_INET : AF_INET6, &to);

        assert_int_equal(0, sources_init(&sources, NULL, two_ports(), &failure));
        for (int way = 0; way < 2; way++) {
            uint16_t port;
            int fd = connect_from(0, &to);

            if (fd < 0)
                fail_msg("family %d, way %d: %s", family, way, strerror(-fd));
            name_of(fd, &port);
            assert_in_range(port, sources.ports.low, sources.ports.high);
            close(fd);
            sources.has_port_range = false;
            sources.ports.low = sources.ports.high = (uint16_t)(sources.ports.high + 9);
        }
        close(listener);
    }
}

static void a_range_that_the_kernel_would_ignore_is_not_left_to_it(void **state)
{
    struct option_ports outside = two_ports();

    (void)state;
    outside.low = 1;
    assert_int_equal(0, sources_init(&sources, NULL, outside, &failure));
    assert_false(sources.has_port_range);
}

static void an_address_that_goes_away_is_reported_by_bind(void **state)
{
    bool has_port;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(0, init("127.0.0.9"));
    assert_int_equal(0, address_parse(NOT_LOCAL, &sources.list[0].first, &has_port));
    assert_int_equal(-EADDRNOTAVAIL, sources_bind(&sources, 0, fd, AF_INET));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_list_and_ports_nothing_is_bound),
        cmocka_unit_test(a_list_goes_round_and_round_over_its_blocks),
        cmocka_unit_test(a_large_block_is_counted_by_arithmetic),
        cmocka_unit_test(blocks_of_ipv6_are_as_large_as_they_say),
        cmocka_unit_test(both_families_may_be_in_one_list),
        cmocka_unit_test(what_is_no_list_is_refused_with_its_entry),
        cmocka_unit_test(a_list_has_at_most_64_entries),
        cmocka_unit_test(an_address_of_another_machine_is_reported_at_once),
        cmocka_unit_test(connections_come_from_the_addresses_in_turn),
        cmocka_unit_test(an_ipv6_connection_comes_from_its_source),
        cmocka_unit_test(binding_leaves_the_port_to_connect),
        cmocka_unit_test(two_ports_of_three_addresses_make_six_connections),
        cmocka_unit_test(two_targets_may_share_the_ports_in_either_way),
        cmocka_unit_test(where_the_kernel_cannot_the_turn_decides_on_the_port),
        cmocka_unit_test(a_port_with_a_listener_is_reported_by_bind),
        cmocka_unit_test(as_many_turns_lead_to_all_places),
        cmocka_unit_test(the_ports_that_may_be_used_are_those_given_or_those_of_the_kernel),
        cmocka_unit_test(ports_without_addresses_are_kept_to_in_either_way),
        cmocka_unit_test(a_range_that_the_kernel_would_ignore_is_not_left_to_it),
        cmocka_unit_test(an_address_that_goes_away_is_reported_by_bind),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
