/* What an output can show, according to the environment. */
#include "report/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void set(const char *name, const char *value)
{
    assert_int_equal(0, value ? setenv(name, value, 1) : unsetenv(name));
}

/* A terminal of 100 columns and 40 rows, with this in the environment; NULL: nothing. */
static struct terminal terminal_with(const char *term, const char *no_color)
{
    struct winsize size = {.ws_row = 40, .ws_col = 90};
    int ours, theirs;
    struct terminal terminal;

    set("TERM", term);
    set("NO_COLOR", no_color);
    assert_int_equal(0, openpty(&ours, &theirs, NULL, NULL, &size));
    terminal = terminal_of(theirs);
    close(ours);
    close(theirs);
    return terminal;
}

static void terminals_of_today_move_their_cursor_and_have_colors(void **state)
{
    static const char *const terms[] = {"xterm",
                                        "xterm-256color",
                                        "screen",
                                        "screen.xterm-256color",
                                        "tmux-256color",
                                        "linux",
                                        "rxvt-unicode-256color",
                                        "vt525",
                                        "alacritty",
                                        "xterm-kitty",
                                        "foot-extra",
                                        "st-256color",
                                        "putty",
                                        "ansi",
                                        "vte-256color",
                                        "konsole+pcfkeys"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(terms); i++) {
        struct terminal terminal = terminal_with(terms[i], NULL);

        assert_true(terminal.is_terminal && terminal.can_move && terminal.can_color);
        assert_int_equal(90, terminal.columns);
        assert_int_equal(40, terminal.rows);
    }
}

static void old_terminals_move_their_cursor_but_have_no_colors(void **state)
{
    static const char *const terms[] = {"vt100",      "vt220",   "vt102",   "vt320-w",
                                        "xterm-mono", "linux-m", "screen-m"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(terms); i++) {
        struct terminal terminal = terminal_with(terms[i], NULL);

        assert_true(terminal.can_move && !terminal.can_color);
    }
}

static void what_is_not_known_can_do_nothing(void **state)
{
    static const char *const terms[] = {
        NULL,   "",         "dumb",   "unknown", "no-such-terminal", "vt52",
        "st52", "xtermish", "wyse50", "emacs",   "linuxish"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(terms); i++) {
        struct terminal terminal = terminal_with(terms[i], NULL);

        assert_true(terminal.is_terminal && !terminal.can_move && !terminal.can_color);
    }
}

static void NO_COLOR_takes_colors_and_nothing_else(void **state)
{
    struct terminal terminal = terminal_with("xterm", "1");

    (void)state;
    assert_true(terminal.can_move && !terminal.can_color);
    assert_true(terminal_with("xterm", "").can_color); /* empty: as if it were not there */
}

static void the_locale_says_whether_there_is_more_than_ASCII(void **state)
{
    static const struct {
        const char *all, *ctype, *lang;
        bool expected;
    } cases[] = {
        {NULL, NULL, NULL, false},
        {"C", NULL, NULL, false},
        {"C.UTF-8", NULL, NULL, true},
        {NULL, NULL, "en_US.UTF-8", true},
        {NULL, "de_DE.utf8", "C", true},
        {"POSIX", "de_DE.utf8", "C.UTF-8", false},
        {"", "", "C.UTF-8", true},
        {NULL, NULL, "de_DE", false},
        {NULL, "de_DE.ISO-8859-1", "C.UTF-8", false},
        {NULL, "UTF-8", NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        set("LC_ALL", cases[i].all);
        set("LC_CTYPE", cases[i].ctype);
        set("LANG", cases[i].lang);
        assert_int_equal(cases[i].expected, terminal_of(-1).can_utf8);
    }
}

static void a_file_is_no_terminal(void **state)
{
    int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct terminal terminal;

    (void)state;
    set("TERM", "xterm");
    set("NO_COLOR", NULL);
    terminal = terminal_of(file);
    assert_true(!terminal.is_terminal && !terminal.can_move && !terminal.can_color);
    assert_int_equal(TERMINAL_COLUMNS, terminal.columns);
    close(file);
}

static void a_terminal_that_reports_no_size_has_the_default(void **state)
{
    unsigned columns = 0, rows = 0;
    int ours, theirs;

    (void)state;
    assert_int_equal(0, openpty(&ours, &theirs, NULL, NULL, NULL));
    terminal_size(theirs, &columns, &rows);
    assert_int_equal(80, columns);
    assert_int_equal(TERMINAL_ROWS, rows);
    close(ours);
    close(theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminals_of_today_move_their_cursor_and_have_colors),
        cmocka_unit_test(old_terminals_move_their_cursor_but_have_no_colors),
        cmocka_unit_test(what_is_not_known_can_do_nothing),
        cmocka_unit_test(NO_COLOR_takes_colors_and_nothing_else),
        cmocka_unit_test(the_locale_says_whether_there_is_more_than_ASCII),
        cmocka_unit_test(a_file_is_no_terminal),
        cmocka_unit_test(a_terminal_that_reports_no_size_has_the_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
