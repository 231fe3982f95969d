/* Output to readers that are slow, asleep or gone, and what is said about them. */
#include "base/output.h"
#include "base/stdio_line.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/syscall.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* In place of the C library's: refuses so often, or takes nothing. */
static unsigned refusals;
static bool writes_nothing;

ssize_t write(int fd, const void *data, size_t bytes)
{
    if (refusals > 0) {
        refusals--;
        errno = EAGAIN;
        return -1;
    }
    return writes_nothing ? 0 : syscall(SYS_write, fd, data, bytes);
}

/* Print a line with this patience. Returns what output_end does. */
static int put_line(int fd, int patience_ms)
{
    struct output output;

    assert_int_equal(0, output_begin(&output, fd, patience_ms));
    fputs("hello\n", output.stream);
    return output_end(&output);
}

static void an_error_is_described_with_what_to_do(void **state)
{
    static const struct {
        int error;
        const char *problem;
    } rows[] = {
        {-ECANCELED, "its reader read nothing for 1 s after no signal; read it"},
        {-ETIMEDOUT, "its reader reads nothing; read it"},
        {-EPIPE, "Broken pipe; its reader has gone"},
        {-EFBIG, "File too large; raise the file size limit (ulimit -f)"},
        {-ENOSPC, "No space left on device; free some space there"},
        {-EDQUOT, "Disk quota exceeded; free some space there"},
        {-EIO, "Input/output error; check where it goes"},
    };
    char text[OUTPUT_PROBLEM_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(rows[i].problem, output_problem(rows[i].error, text));
}

static void a_reader_that_reads_nothing_is_waited_for_and_then_given_up(void **state)
{
    struct output output;
    int fds[2];

    (void)state;
    assert_int_equal(0, pipe(fds));
    assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096);
    assert_int_equal(0, output_begin(&output, fds[1], 1));
    for (int i = 0; i < 4096 * 40; i++)
        fputc('.', output.stream);
    assert_int_equal(-ETIMEDOUT, output_end(&output));
    close(fds[0]);
    close(fds[1]);
}

static void a_reader_that_has_gone_is_an_error(void **state)
{
    struct output output;
    int fds[2];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(0, pipe(fds));
    close(fds[0]);
    assert_int_equal(0, output_begin(&output, fds[1], OUTPUT_PATIENT));
    fputs("hello\n", output.stream);
    assert_int_equal(-EPIPE, output_flush(&output));
    assert_int_equal(-EPIPE, output_end(&output));
    close(fds[1]);
}

/* A pipe that other writers fill between poll(2) and write(2). */
static void what_poll_promised_and_write_refuses_is_tried_again_for_a_while(void **state)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    refusals = 3;
    assert_int_equal(0, put_line(fd, 1000));
    assert_int_equal(0, refusals);
    refusals = UINT_MAX;
    assert_int_equal(-ETIMEDOUT, put_line(fd, 20));
    refusals = 0;
    close(fd);
}

static void a_write_of_nothing_is_an_error(void **state)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    writes_nothing = true;
    assert_int_equal(-EIO, put_line(fd, 1000));
    writes_nothing = false;
    close(fd);
}

static void a_line_that_is_too_long_is_cut_and_still_a_line(void **state)
{
    char line[4096], got[4096];
    ssize_t bytes;
    int fds[2];

    (void)state;
    memset(line, 'a', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(0, pipe(fds));
    stdio_line(fds[1], 0, "program", line);
    bytes = read(fds[0], got, sizeof(got));
    assert_int_equal(2047, bytes);
    assert_memory_equal("program: aaa", got, 12);
    assert_memory_equal("a\n", got + bytes - 2, 2);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_described_with_what_to_do),
        cmocka_unit_test(a_reader_that_reads_nothing_is_waited_for_and_then_given_up),
        cmocka_unit_test(a_reader_that_has_gone_is_an_error),
        cmocka_unit_test(what_poll_promised_and_write_refuses_is_tried_again_for_a_while),
        cmocka_unit_test(a_write_of_nothing_is_an_error),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_and_still_a_line),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
