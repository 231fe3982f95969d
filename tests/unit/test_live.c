/* The live view of a run: what the terminal receives. */
#include "base/units.h"
#include "report/live.h"
#include "report_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define CLEAR           "\033[J"

/* A sample in its third second. */
static struct live_state state_of(struct report_sample *sample)
{
    return (struct live_state){
        .document = &sample->document,
        .interval = &sample->intervals[2],
        .elapsed_ns = 3 * NS_PER_S,
        .length_ns = 6 * NS_PER_S,
        .done = 24000,
    };
}

/* A pseudo terminal: what is written to `terminal` is read from `screen`. */
struct pseudo {
    int terminal, screen;
};

static struct pseudo pseudo_open(unsigned short rows, unsigned short columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    struct pseudo pseudo;

    assert_int_equal(0, openpty(&pseudo.screen, &pseudo.terminal, NULL, NULL, &size));
    assert_int_equal(0, fcntl(pseudo.screen, F_SETFL, O_NONBLOCK));
    assert_int_equal(0, setenv("TERM", "xterm", 1));
    assert_int_equal(0, setenv("LC_ALL", "C.UTF-8", 1));
    assert_int_equal(0, unsetenv("NO_COLOR"));
    return pseudo;
}

static void pseudo_close(struct pseudo *pseudo)
{
    close(pseudo->terminal);
    close(pseudo->screen);
}

/* What came since the last call, as a string; the caller frees it. */
#define SCREEN_BYTES 65536
static char *pseudo_read(const struct pseudo *pseudo)
{
    char *text = calloc(1, SCREEN_BYTES);
    size_t bytes = 0;
    ssize_t got;

    assert_non_null(text);
    do {
        got = read(pseudo->screen, text + bytes, SCREEN_BYTES - 1 - bytes);
        bytes += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    assert_int_equal(EAGAIN, errno);
    return text;
}

static void a_terminal_gets_frames_in_place(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct live_state shown = state_of(sample);
    struct pseudo pseudo = pseudo_open(24, 80);
    struct live *live = live_begin(pseudo.terminal);
    char *first;
    char *second;
    char *end;

    (void)state;
    assert_non_null(live);
    live_draw(live, &shown);
    first = pseudo_read(&pseudo);
    live_draw(live, &shown);
    second = pseudo_read(&pseudo);
    live_end(live);
    end = pseudo_read(&pseudo);
    assert_memory_equal("\r" CLEAR, first, 4);
    assert_non_null(strstr(first, "127.0.0.1:1848"));
    assert_memory_equal("\r\033[8A" CLEAR, second, 8); /* up by the lines of the first */
    assert_string_equal("\r\033[8A" CLEAR, end);
    free(end);
    free(second);
    free(first);
    pseudo_close(&pseudo);
    report_sample_free(sample);
}

static void the_size_is_asked_for_each_time(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct live_state shown = state_of(sample);
    struct pseudo pseudo = pseudo_open(24, 80);
    struct live *live = live_begin(pseudo.terminal);
    char *text;

    (void)state;
    assert_non_null(live);
    live_draw(live, &shown);
    free(pseudo_read(&pseudo));
    assert_int_equal(
        0, ioctl(pseudo.terminal, TIOCSWINSZ, &(struct winsize){.ws_row = 4, .ws_col = 20}));
    live_draw(live, &shown);
    text = pseudo_read(&pseudo);
    assert_memory_equal("\r\033[3A" CLEAR, text, 8);
    assert_null(strstr(text, "hello-load")); /* there is room for three lines, 19 columns wide */
    assert_non_null(strstr(text, "now\033"));
    assert_null(strstr(text, "mean"));
    free(text);
    live_end(live);
    pseudo_close(&pseudo);
    report_sample_free(sample);
}

/* The bytes of one frame with this in the environment, NULL: nothing. */
static char *frame_drawn(const char *no_color)
{
    struct report_sample *sample = report_sample_new(1);
    struct live_state shown = state_of(sample);
    struct pseudo pseudo = pseudo_open(24, 80);
    struct live *live;
    char *text;

    if (no_color)
        assert_int_equal(0, setenv("NO_COLOR", no_color, 1));
    live = live_begin(pseudo.terminal);
    assert_non_null(live);
    live_draw(live, &shown);
    text = pseudo_read(&pseudo);
    live_end(live);
    pseudo_close(&pseudo);
    report_sample_free(sample);
    return text;
}

static void no_color_is_honoured(void **state)
{
    char *text = frame_drawn(NULL);

    (void)state;
    assert_non_null(strstr(text, "\033[1m"));
    free(text);
    text = frame_drawn(""); /* empty: as if it were not there */
    assert_non_null(strstr(text, "\033[1m"));
    free(text);
    text = frame_drawn("1");
    assert_memory_equal("\r" CLEAR, text, 4);
    assert_null(strchr(text + 4, '\033'));
    free(text);
}

static void what_cannot_be_drawn_on_is_left_alone(void **state)
{
    static const char *const terms[] = {NULL, "", "dumb", "unknown", "no-such-terminal"};
    struct pseudo pseudo = pseudo_open(24, 80);
    int pipe_ends[2];
    char *text;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(terms); i++) {
        assert_int_equal(0, terms[i] ? setenv("TERM", terms[i], 1) : unsetenv("TERM"));
        assert_null(live_begin(pseudo.terminal));
    }
    assert_int_equal(0, setenv("TERM", "xterm", 1));
    assert_int_equal(0, pipe(pipe_ends));
    assert_null(live_begin(pipe_ends[1]));
    assert_null(live_begin(-1));
    text = pseudo_read(&pseudo);
    assert_string_equal("", text);
    free(text);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    pseudo_close(&pseudo);
}

/* What a process group in the background of the terminal draws, in a session of its own. */
static void draw_in_background(const struct pseudo *pseudo)
{
    struct report_sample *sample = report_sample_new(1);
    struct live_state shown = state_of(sample);
    struct live *live;
    pid_t drawer;
    int status;

    if (setsid() < 0 || ioctl(pseudo->terminal, TIOCSCTTY, 0) < 0)
        _exit(1);
    drawer = fork();
    if (drawer == 0) {
        setpgid(0, 0);
        live = live_begin(pseudo->terminal);
        if (live)
            live_draw(live, &shown);
        live_end(live);
        _exit(live ? 0 : 1);
    }
    if (drawer < 0 || waitpid(drawer, &status, 0) != drawer)
        _exit(1);
    _exit(status == 0 ? 0 : 1);
}

static void the_background_of_a_terminal_is_silent(void **state)
{
    struct pseudo pseudo = pseudo_open(24, 80);
    pid_t child = fork();
    char *text;
    int status;

    (void)state;
    assert_true(child >= 0);
    if (child == 0)
        draw_in_background(&pseudo);
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_int_equal(0, status);
    text = pseudo_read(&pseudo);
    assert_string_equal("", text);
    free(text);
    pseudo_close(&pseudo);
}

static void no_view_can_be_ended(void **state)
{
    (void)state;
    live_end(NULL);
}

static void a_line_of_others_stays_above_the_next_frame(void **state)
{
    struct report_sample *sample = report_sample_new(2);
    struct live_state shown = state_of(sample);
    struct pseudo pseudo = pseudo_open(24, 80);
    struct live *live = live_begin(pseudo.terminal);
    char *cleared, *next;

    (void)state;
    live_draw(live, &shown);
    free(pseudo_read(&pseudo));
    live_clear(live);
    cleared = pseudo_read(&pseudo);
    live_draw(live, &shown);
    next = pseudo_read(&pseudo);
    live_end(live);
    live_clear(NULL);
    assert_string_equal("\r\033[8A" CLEAR, cleared);
    assert_memory_equal("\r" CLEAR, next, 4); /* from where the cursor is */
    free(next);
    free(cleared);
    pseudo_close(&pseudo);
    report_sample_free(sample);
}

static void a_view_that_drew_nothing_leaves_nothing(void **state)
{
    struct pseudo pseudo = pseudo_open(24, 80);
    char *text;

    (void)state;
    live_end(live_begin(pseudo.terminal));
    text = pseudo_read(&pseudo);
    assert_string_equal("", text);
    free(text);
    pseudo_close(&pseudo);
}

static void a_stuck_terminal_costs_frames_and_nothing_else(void **state)
{
    struct report_sample *sample = report_sample_new(1);
    struct live_state shown = state_of(sample);
    struct pseudo pseudo = pseudo_open(24, 80);
    struct live *live = live_begin(pseudo.terminal);
    char *text;
    char *at;

    (void)state;
    assert_non_null(live);
    for (int i = 0; i < 1000; i++) /* no reader: it hangs here, or it continues */
        live_draw(live, &shown);
    text = pseudo_read(&pseudo);
    assert_in_range(strlen(text), 1, SCREEN_BYTES - 2);
    free(text);
    live_draw(live, &shown); /* the rest of what was stuck, then a whole frame */
    text = pseudo_read(&pseudo);
    at = strstr(text, CLEAR);
    assert_non_null(at);
    assert_non_null(strstr(at, "top 8,000/s"));
    free(text);
    live_end(live);
    pseudo_close(&pseudo);
    report_sample_free(sample);
}

static void the_open_file_of_others_stays_as_it_was(void **state)
{
    struct pseudo pseudo = pseudo_open(24, 80);
    int flags = fcntl(pseudo.terminal, F_GETFL);
    struct live *live = live_begin(pseudo.terminal);

    (void)state;
    assert_non_null(live);
    assert_int_equal(flags, fcntl(pseudo.terminal, F_GETFL));
    live_end(live);
    assert_int_equal(flags, fcntl(pseudo.terminal, F_GETFL));
    pseudo_close(&pseudo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_gets_frames_in_place),
        cmocka_unit_test(the_size_is_asked_for_each_time),
        cmocka_unit_test(no_color_is_honoured),
        cmocka_unit_test(what_cannot_be_drawn_on_is_left_alone),
        cmocka_unit_test(the_background_of_a_terminal_is_silent),
        cmocka_unit_test(no_view_can_be_ended),
        cmocka_unit_test(a_line_of_others_stays_above_the_next_frame),
        cmocka_unit_test(a_view_that_drew_nothing_leaves_nothing),
        cmocka_unit_test(a_stuck_terminal_costs_frames_and_nothing_else),
        cmocka_unit_test(the_open_file_of_others_stays_as_it_was),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
