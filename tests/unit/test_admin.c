/* The thread of an admin port, asked over the loopback interface. */
#include "admin/admin.h"
#include "net/listener.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define REQUEST(path)   "GET " path " HTTP/1.0\r\n\r\n"

struct fixture {
    struct address address;
    struct admin *admin;
    int gate[2];   /* a pipe: who asks for /gate waits until a byte comes out of it ... */
    int inside[2]; /* ... and then has put one into this */
};

static enum http_status render_word(void *context, FILE *body)
{
    (void)context;
    fputs("word\n", body);
    return HTTP_OK;
}

static enum http_status render_gate(void *context, FILE *body)
{
    const struct fixture *f = context;
    char byte = '!';

    assert_int_equal(1, write(f->inside[1], &byte, 1));
    assert_int_equal(1, read(f->gate[0], &byte, 1));
    fputc(byte, body);
    return HTTP_UNAVAILABLE;
}

static enum http_status render_too_much(void *context, FILE *body)
{
    (void)context;
    for (unsigned i = 0; i < EXCHANGE_BODY_BYTES; i++)
        fputc('x', body);
    return HTTP_OK;
}

static enum http_status render_much(void *context, FILE *body)
{
    (void)context;
    for (unsigned i = 0; i < EXCHANGE_BODY_BYTES - 1; i++)
        fputc('x', body);
    return HTTP_OK;
}

static const struct admin_route routes[] = {
    {"/word", "text/plain", render_word},
    {"/gate", "text/plain", render_gate},
    {"/too-much", "text/plain", render_too_much},
    {"/much", "text/plain", render_much},
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct admin_args args = {
        .routes = routes, .route_count = COUNT_OF(routes), .context = &fixture};
    const int little_bytes = 4096;
    const char *step;
    bool has_port;

    assert_int_equal(0, pipe(fixture.gate));
    assert_int_equal(0, pipe(fixture.inside));
    assert_int_equal(0, address_parse("127.0.0.1:0", &fixture.address, &has_port));
    args.listener_fd = listener_open(&fixture.address, ADMIN_BACKLOG, true, &step);
    assert_true(args.listener_fd >= 0);
    /* For what is accepted, too: so answers may be too long to be sent at once. */
    assert_int_equal(
        0, setsockopt(args.listener_fd, SOL_SOCKET, SO_SNDBUF, &little_bytes, sizeof(int)));
    assert_int_equal(0, admin_start(&args, &fixture.admin, &step));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    assert_true(admin_stop(f->admin));
    for (int i = 0; i < 2; i++) {
        close(f->gate[i]);
        close(f->inside[i]);
    }
    return 0;
}

static int ask(const struct fixture *f, const char *request)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(0, connect(fd, &f->address.sa, address_bytes(&f->address)));
    assert_int_equal(strlen(request), send(fd, request, strlen(request), 0));
    return fd;
}

/* All that comes until EOF. */
static const char *answer_to(int fd)
{
    static char text[4096];
    size_t bytes = 0;
    ssize_t got;

    while ((got = recv(fd, text + bytes, sizeof(text) - 1 - bytes, 0)) > 0)
        bytes += (size_t)got;
    assert_int_equal(0, got);
    text[bytes] = '\0';
    close(fd);
    return text;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void who_comes_before_it_serves_is_answered_when_it_does(void **state)
{
    struct fixture *f = *state;
    int fd = ask(f, REQUEST("/word")), early;
    char byte;

    early = (int)recv(fd, &byte, 1, MSG_DONTWAIT);
    admin_go(f->admin);
    assert_int_equal(-1, early);
    assert_true(ends_with(answer_to(fd), "\r\n\r\nword\n"));
}

static void the_status_is_that_of_the_route(void **state)
{
    struct fixture *f = *state;
    int fd;

    admin_go(f->admin);
    fd = ask(f, REQUEST("/gate"));
    assert_int_equal(1, write(f->gate[1], "g", 1));
    assert_true(starts_with(answer_to(fd), "HTTP/1.1 503 Service Unavailable\r\n"));
}

static void a_body_that_does_not_fit_is_an_error_and_no_part_of_it_is_sent(void **state)
{
    struct fixture *f = *state;
    const char *answer;

    admin_go(f->admin);
    answer = answer_to(ask(f, REQUEST("/too-much")));
    assert_true(starts_with(answer, "HTTP/1.1 500 Internal Server Error\r\n"));
    assert_true(ends_with(answer, "\r\n\r\n"));
    assert_true(ends_with(answer_to(ask(f, REQUEST("/word"))), "word\n"));
}

/* It is reset, so that a part does not look like the whole, and the kernel keeps nothing of it. */
static void an_answer_that_nobody_reads_is_given_up(void **state)
{
    struct fixture *f = *state;
    int deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), little = 1024;
    char bytes[4096];
    ssize_t got;

    admin_go(f->admin);
    assert_int_equal(0, setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)));
    assert_int_equal(0, connect(deaf, &f->address.sa, address_bytes(&f->address)));
    assert_int_equal(strlen(REQUEST("/much")),
                     send(deaf, REQUEST("/much"), strlen(REQUEST("/much")), 0));
    assert_true(ends_with(answer_to(ask(f, REQUEST("/word"))), "word\n")); /* its turn comes */
    while ((got = recv(deaf, bytes, sizeof(bytes), 0)) > 0)
        ;
    assert_int_equal(-1, got);
    assert_int_equal(ECONNRESET, errno);
    close(deaf);
}

static void one_that_never_served_can_be_stopped(void **state)
{
    (void)state; /* by tear_down */
}

/* The first stop returns while the thread hangs in a route; without its time limit, it would wait
 * for ever. */
static void a_thread_that_is_blocked_does_not_hold_up_the_stop(void **state)
{
    struct fixture *f = *state;
    int fd;
    char byte;

    admin_go(f->admin);
    fd = ask(f, REQUEST("/gate"));
    assert_int_equal(1, read(f->inside[0], &byte, 1));
    assert_false(admin_stop(f->admin));
    assert_int_equal(1, write(f->gate[1], "g", 1)); /* now tear_down can stop it */
    close(fd);
}

static void who_is_there_when_it_leaves_is_answered(void **state)
{
    struct fixture *f = *state;
    int inside, waiting;
    char byte;

    admin_go(f->admin);
    inside = ask(f, REQUEST("/gate"));
    assert_int_equal(1, read(f->inside[0], &byte, 1));
    waiting = ask(f, REQUEST("/word"));
    admin_leave(f->admin);
    admin_leave(f->admin);
    assert_int_equal(1, write(f->gate[1], "g", 1));
    assert_true(starts_with(answer_to(inside), "HTTP/1.1 503 Service Unavailable\r\n"));
    assert_true(starts_with(answer_to(waiting), "HTTP/1.1 200 OK\r\n"));
}

static void no_admin_is_fine_to_stop(void **state)
{
    (void)state;
    assert_true(admin_stop(NULL));
}

static void a_start_without_descriptors_fails_and_closes_the_listener(void **state)
{
    struct address address;
    struct rlimit limit, none;
    struct admin_args args = {.routes = routes, .route_count = COUNT_OF(routes)};
    struct admin *admin;
    const char *step;
    bool has_port;

    (void)state;
    assert_int_equal(0, address_parse("127.0.0.1:0", &address, &has_port));
    args.listener_fd = listener_open(&address, ADMIN_BACKLOG, true, &step);
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
    assert_int_equal(-EMFILE, admin_start(&args, &admin, &step));
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
    assert_string_equal("eventfd", step);
    assert_int_equal(-1, close(args.listener_fd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_comes_before_it_serves_is_answered_when_it_does, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_status_is_that_of_the_route, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_body_that_does_not_fit_is_an_error_and_no_part_of_it_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_nobody_reads_is_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_never_served_can_be_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thread_that_is_blocked_does_not_hold_up_the_stop, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_is_there_when_it_leaves_is_answered, set_up, tear_down),
        cmocka_unit_test(no_admin_is_fine_to_stop),
        cmocka_unit_test(a_start_without_descriptors_fails_and_closes_the_listener),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
