/* Whether sockets are reused for new connections, and how that is reported. */
#include "generator/flow_reuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>

#include <cmocka.h>

static struct load_config config;
static struct flow_reuse_facts facts;

static int set_up(void **state)
{
    (void)state;
    config = (struct load_config){.options.expect = {.bytes = 6}};
    facts =
        (struct flow_reuse_facts){.connections = 64, .local_ports = 28232, .has_timestamps = true};
    return 0;
}

static const char *refusal(void)
{
    return flow_reuse_refusal(&config, &facts);
}

static void with_enough_local_ports_sockets_are_reused(void **state)
{
    (void)state;
    facts.local_ports = 16384;
    facts.connections = 1024;
    assert_null(refusal());
}

static void with_few_local_ports_they_are_reused_only_if_asked_for(void **state)
{
    (void)state;
    facts.local_ports = 16383;
    assert_string_equal("net.ipv4.ip_local_port_range has fewer than 16384 ports", refusal());
    config.options.reuse_sockets = LOAD_REUSE_YES;
    assert_null(refusal());
}

static void with_many_in_flight_they_are_reused_only_if_asked_for(void **state)
{
    (void)state;
    facts.connections = 28232 / 16 + 1;
    assert_string_equal(
        "net.ipv4.ip_local_port_range has fewer than 16 ports for each connection in flight",
        refusal());
    config.options.reuse_sockets = LOAD_REUSE_YES;
    assert_null(refusal());
}

static void what_is_unknown_is_not_taken_for_enough(void **state)
{
    (void)state;
    facts.local_ports = 0;
    assert_string_equal("net.ipv4.ip_local_port_range cannot be read", refusal());
    config.options.reuse_sockets = LOAD_REUSE_YES;
    assert_null(refusal());
}

static void they_are_not_reused_if_the_user_says_no(void **state)
{
    (void)state;
    config.options.reuse_sockets = LOAD_REUSE_NO;
    assert_string_equal("--reuse-sockets is no", refusal());
}

/* With any options. */
static void check_never(const char *reason)
{
    for (unsigned reuse = LOAD_REUSE_AUTO; reuse <= LOAD_REUSE_YES; reuse++) {
        config.options.reuse_sockets = reuse;
        assert_string_equal(reason, refusal());
    }
}

static void what_would_not_be_as_good_as_new_is_never_reused(void **state)
{
    (void)state;
    facts.has_timestamps = false;
    check_never("net.ipv4.tcp_timestamps is 0");
    config.options.send.bytes = FLOW_SHORT_BYTES;
    check_never("net.ipv4.tcp_timestamps is 0");
    config.options.send.bytes++;
    check_never("with --send of more than 16 KiB their buffers may have grown");
    config.options.expect.bytes = FLOW_SHORT_BYTES + 1;
    check_never("with --expect any or of more than 16 KiB their buffers may have grown");
    config.options.expect = (struct option_bytes){.any = true};
    check_never("with --expect any or of more than 16 KiB their buffers may have grown");
    config.options.close = LOAD_CLOSE_RST;
    check_never("--close rst leaves none to use again");
}

static void a_target_whose_sockets_would_keep_something_is_named(void **state)
{
    struct sources none = {0}, ports = {.ports = {.low = 1, .high = 9}};
    struct address ipv4 = {.v4 = {.sin_family = AF_INET}};
    struct address ipv6 = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};

    (void)state;
    assert_null(flow_reuse_refusal_to(&none, &ipv4));
    assert_null(flow_reuse_refusal_to(&none, &ipv6));
    assert_string_equal("--source or --source-ports binds them",
                        flow_reuse_refusal_to(&ports, &ipv4));
    ipv6.v6.sin6_scope_id = 1;
    assert_string_equal("a target is IPv4-mapped or has a scope, which they would keep",
                        flow_reuse_refusal_to(&none, &ipv6));
    ipv6.v6.sin6_scope_id = 0;
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &ipv6.v6.sin6_addr);
    assert_string_equal("a target is IPv4-mapped or has a scope, which they would keep",
                        flow_reuse_refusal_to(&none, &ipv6));
}

#define REUSE(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REUSE(with_enough_local_ports_sockets_are_reused),
        REUSE(with_few_local_ports_they_are_reused_only_if_asked_for),
        REUSE(with_many_in_flight_they_are_reused_only_if_asked_for),
        REUSE(what_is_unknown_is_not_taken_for_enough),
        REUSE(they_are_not_reused_if_the_user_says_no),
        REUSE(what_would_not_be_as_good_as_new_is_never_reused),
        REUSE(a_target_whose_sockets_would_keep_something_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
