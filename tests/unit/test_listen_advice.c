/* What is advised where listening fails, and what becomes of a report to a service manager that
 * fails. */
#include "server/listen_advice.h"
#include "server/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct address address_of(const char *text)
{
    struct address address;
    bool has_port;

    assert_int_equal(0, address_parse(text, &address, &has_port));
    return address;
}

static void check(const char *expected, const char *address, int error,
                  const struct port_holder *holder)
{
    struct address asked = address_of(address);
    char text[LISTEN_ADVICE_BYTES];

    assert_string_equal(expected, listen_advice(&asked, error, holder, "hello-server", text));
}

static void each_error_has_its_advice(void **state)
{
    static const struct {
        int error;
        const char *address, *advice;
    } rows[] = {
        {EACCES, "127.0.0.1:80", "use a port above 1023, or add CAP_NET_BIND_SERVICE"},
        {EINVAL, "[fe80::1]:80", "a link-local address needs its interface, as in fe80::1%eth0"},
        {EAFNOSUPPORT, "[::]:80", "the kernel has no such address family; try --listen 0.0.0.0"},
        {EMFILE, "[::]:80", "raise the descriptor limit (ulimit -n, LimitNOFILE=)"},
        {ENFILE, "[::]:80", "raise the descriptor limit (ulimit -n, LimitNOFILE=)"},
        {ENOBUFS, "[::]:80", "see bind(2) and listen(2)"},
        {EADDRNOTAVAIL, "192.0.2.1:80", "no interface has this address (see 'ip address')"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(rows[i].advice, rows[i].address, rows[i].error, NULL);
}

static void who_holds_a_port_is_named_as_far_as_it_is_known(void **state)
{
    struct port_holder holder = {.peer = address_of("192.0.2.7:4711")};

    (void)state;
    check("no port of net.ipv4.ip_local_port_range is free; widen it or give a port", "127.0.0.1:0",
          EADDRINUSE, &holder);
    check("something uses that port (see 'ss -tanp'); stop it or choose another port",
          "127.0.0.1:80", EADDRINUSE, &holder);
    holder.kind = PORT_HOLDER_TIME_WAIT;
    check("a connection to 192.0.2.7:4711 that has ended keeps that port for up to a minute "
          "(TIME-WAIT); wait, or choose a port outside of net.ipv4.ip_local_port_range",
          "127.0.0.1:80", EADDRINUSE, &holder);
    holder.kind = PORT_HOLDER_CONNECTION;
    check("something uses that port for a connection to 192.0.2.7:4711 (see 'ss -tnp'); end it, or "
          "choose a port outside of net.ipv4.ip_local_port_range",
          "127.0.0.1:80", EADDRINUSE, &holder);
    holder.kind = PORT_HOLDER_LISTENER;
    holder.pid = 7;
    strcpy(holder.name, "nginx");
    check("nginx (pid 7) listens there already (see 'ss -ltnp'); stop it or choose another port",
          "127.0.0.1:80", EADDRINUSE, &holder);
    strcpy(holder.name, "hello-server");
    check("hello-server (pid 7) listens there already (see 'ss -ltnp'); stop it or choose another "
          "port; to replace it while it serves, start both with the same --handover PATH",
          "127.0.0.1:80", EADDRINUSE, &holder);
    holder.gone = true;
    check("a listener is still there that no process in /proc has open (see 'ss -ltn'); try again, "
          "or choose another port",
          "127.0.0.1:80", EADDRINUSE, &holder);
}

static void a_service_manager_that_cannot_be_told_is_an_error(void **state)
{
    char long_path[200];

    (void)state;
    memset(long_path, 'a', sizeof(long_path) - 1);
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(0, unsetenv("NOTIFY_SOCKET"));
    assert_int_equal(0, notify_send("READY=1"));
    assert_int_equal(0, setenv("NOTIFY_SOCKET", "", 1));
    assert_int_equal(0, notify_send("READY=1"));
    assert_int_equal(0, setenv("NOTIFY_SOCKET", "relative", 1));
    assert_int_equal(-EINVAL, notify_send("READY=1"));
    assert_int_equal(0, setenv("NOTIFY_SOCKET", long_path, 1));
    assert_int_equal(-EINVAL, notify_send("READY=1"));
    assert_int_equal(0, setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1));
    assert_int_equal(-ENOENT, notify_send("READY=1"));
    assert_int_equal(0, setenv("NOTIFY_SOCKET", "@hello-nobody-listens-here", 1));
    assert_int_equal(-ECONNREFUSED, notify_send("READY=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_advice),
        cmocka_unit_test(who_holds_a_port_is_named_as_far_as_it_is_known),
        cmocka_unit_test(a_service_manager_that_cannot_be_told_is_an_error),
    };
    return cmocka_run_group_tests_name("listen_advice", tests, NULL, NULL);
}
