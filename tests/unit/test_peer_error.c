/* Whose fault an error of a connection is: the peer's and the network's, or this machine's. */
#include "net/peer_error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of this machine, whatever call they come from. */
static const int own[] = {EPERM,  EBADF,  EIO,    ENOMEM, ENOBUFS, EMFILE,
                          ENFILE, EINVAL, ENOSYS, EAGAIN, EINTR,   ENOTSOCK};

static void each_error_that_linux_makes_of_icmp_is_the_peers(void **state)
{
    /* icmp_err_convert in net/ipv4/icmp.c and net/ipv6/icmp.c, and those beside the tables */
    static const int of_icmp[] = {ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED, EMSGSIZE,
                                  EOPNOTSUPP,  EHOSTDOWN,    ENONET,      EPROTO,       EACCES};

    (void)state;
    for (size_t i = 0; i < COUNT(of_icmp); i++)
        if (!peer_error(of_icmp[i]))
            fail_msg("%s", strerror(of_icmp[i]));
}

static void a_peer_that_resets_or_falls_silent_is_the_peers_error(void **state)
{
    (void)state;
    assert_true(peer_error(ECONNRESET));
    assert_true(peer_error(EPIPE));
    assert_true(peer_error(ENOTCONN));
    assert_true(peer_error(ETIMEDOUT));
    assert_true(peer_error(ECONNABORTED));
}

static void what_this_machine_lacks_or_refuses_is_not_the_peers_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(own); i++)
        if (peer_error(own[i]) || peer_error_of_accept(own[i]))
            fail_msg("%s", strerror(own[i]));
}

static void accepting_goes_on_at_once_for_the_errors_that_accept_names(void **state)
{
    static const int of_accept[] = {ENETDOWN,     EPROTO,     ENOPROTOOPT, EHOSTDOWN,   ENONET,
                                    EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ECONNABORTED};

    (void)state;
    for (size_t i = 0; i < COUNT(of_accept); i++)
        if (!peer_error_of_accept(of_accept[i]))
            fail_msg("%s", strerror(of_accept[i]));
}

/* It would fail again at once, for ever. */
static void accepting_does_not_go_on_at_once_where_a_security_module_refuses_it(void **state)
{
    (void)state;
    assert_false(peer_error_of_accept(EACCES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_that_linux_makes_of_icmp_is_the_peers),
        cmocka_unit_test(a_peer_that_resets_or_falls_silent_is_the_peers_error),
        cmocka_unit_test(what_this_machine_lacks_or_refuses_is_not_the_peers_error),
        cmocka_unit_test(accepting_goes_on_at_once_for_the_errors_that_accept_names),
        cmocka_unit_test(accepting_does_not_go_on_at_once_where_a_security_module_refuses_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
