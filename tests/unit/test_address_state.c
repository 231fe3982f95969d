/* What the kernel says of IPv6 addresses, as /proc/net/if_inet6 has it. */
#include "net/address_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char file_text[] = "00000000000000000000000000000001 01 80 10 80       lo\n"
                          "20010db8000000000000000000000099 02 40 00 c0     eth0\n"
                          "20010db8000000000000000000000098 02 40 00 c8     eth0\n"
                          "20010db8000000000000000000000097 02 40 00 80     eth0\n"
                          "20010db8000000000000000000000096 02 40 00 a0     eth0\n"
                          "fe80000000000000a8bb00fffe000001 02 40 20 80     eth0\n"
                          "fe80000000000000a8bb00fffe000002 03 40 20 80     eth1\n"
                          "not a line of it\n";

static void expect(enum address_state state, const char *interface, const char *text,
                   uint32_t scope_id)
{
    FILE *file = fmemopen(file_text, strlen(file_text), "r");
    char name[IF_NAMESIZE];
    struct address address;
    bool has_port;

    assert_non_null(file);
    assert_int_equal(0, address_parse(text, &address, &has_port));
    address.v6.sin6_scope_id = scope_id;
    assert_int_equal(state, address_state_parse(file, &address, name));
    assert_string_equal(interface, name);
    fclose(file);
}

static void an_address_is_ready_tentative_or_taken_by_another_host(void **state)
{
    (void)state;
    expect(ADDRESS_READY, "lo", "::1", 0);
    expect(ADDRESS_TENTATIVE, "eth0", "2001:db8::99", 0);
    expect(ADDRESS_DUPLICATE, "eth0", "2001:db8::98", 0);
    expect(ADDRESS_READY, "eth0", "2001:db8::97", 0);
    expect(ADDRESS_READY, "eth0", "2001:db8::96", 0); /* deprecated, and can be bound to */
    expect(ADDRESS_MISSING, "", "2001:db8::1", 0);
}

static void a_link_local_address_is_one_of_its_interface(void **state)
{
    (void)state;
    expect(ADDRESS_READY, "eth0", "fe80::a8bb:ff:fe00:1", 2);
    expect(ADDRESS_ELSEWHERE, "eth1", "fe80::a8bb:ff:fe00:2", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_ready_tentative_or_taken_by_another_host),
        cmocka_unit_test(a_link_local_address_is_one_of_its_interface),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
