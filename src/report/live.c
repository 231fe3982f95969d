/* The terminal side of the live view. It is written to through a description of its own that never
 * blocks, and each frame in one write(2): a terminal that does not take it loses frames, and the
 * run loses nothing. */
#include "report/live.h"

#include "report/live_frame.h"
#include "report/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/ioctl.h>

#define COLUMNS_MAX     100 /* wider lines are hard to read */
#define COLUMNS_DEFAULT 80  /* of a terminal that does not know its size ... */
#define ROWS_DEFAULT    24  /* ... and its rows */
#define FRAME_BYTES     8192
#define END_TIMEOUT_MS  200 /* how long a stuck terminal is waited for at the end */

_Static_assert(LIVE_LINES_MAX <= TERMINAL_UP_MAX, "a frame can be gone back over");

struct live {
    int fd;      /* of the terminal */
    bool is_own; /* fd was opened here, and never blocks */
    bool utf8;
    bool color;
    unsigned lines; /* of the frame that is on the screen: the cursor is in the line below */
    struct live_history history;
    struct terminal terminal;
    const char *styles[PAGE_STYLE_COUNT]; /* those of the terminal */
    size_t bytes, sent; /* of text: what a write did not take is sent before anything else */
    char text[FRAME_BYTES];
};

/* O_NONBLOCK belongs to the open file, which others (a shell) share: so open the terminal anew. */
static void live_open(struct live *live, int fd)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    live->fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    live->is_own = live->fd >= 0;
    if (!live->is_own)
        live->fd = fd; /* it belongs to another user: poll(2) must do */
}

struct live *live_begin(int fd)
{
    struct live *live;

    if (!isatty(fd))
        return NULL;
    live = calloc(1, sizeof(*live));
    if (!live || terminal_read(fd, &live->terminal) < 0) {
        free(live);
        return NULL;
    }
    for (int i = 0; i < PAGE_STYLE_COUNT; i++)
        live->styles[i] = live->terminal.styles[i];
    live_open(live, fd);
    live->utf8 = page_may_be_utf8();
    live->color = terminal_may_color();
    return live;
}

/* Send what is to be sent, without waiting. Returns true if nothing is left. */
static bool text_send(struct live *live, int timeout_ms)
{
    struct pollfd ready = {.fd = live->fd, .events = POLLOUT};
    ssize_t written;

    if (live->sent == live->bytes)
        return true;
    if (poll(&ready, 1, timeout_ms) <= 0 || !(ready.revents & POLLOUT))
        return false;
    written = write(live->fd, live->text + live->sent, live->bytes - live->sent);
    if (written > 0)
        live->sent += (size_t)written;
    return live->sent == live->bytes;
}

/* From another process group, a frame would disturb what is in the foreground now. */
static bool is_in_background(const struct live *live)
{
    pid_t foreground = tcgetpgrp(live->fd);

    return foreground > 0 && foreground != getpgrp();
}

/* The room for a frame: a column is left free, since a character in the last one makes some
 * terminals go on to the next line, and a line, for the cursor. */
static void size_read(const struct live *live, unsigned *ret_columns, unsigned *ret_lines)
{
    struct winsize size = {0};

    ioctl(live->fd, TIOCGWINSZ, &size);
    if (size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_row = ROWS_DEFAULT, .ws_col = COLUMNS_DEFAULT};
    *ret_columns = size.ws_col - 1u < COLUMNS_MAX ? size.ws_col - 1u : COLUMNS_MAX;
    *ret_lines = size.ws_row - 1u < LIVE_LINES_MAX ? size.ws_row - 1u : LIVE_LINES_MAX;
}

/* Start what is to be sent: back to where the last frame began, in a window of so many lines. */
static FILE *text_open(struct live *live, unsigned lines)
{
    FILE *out = fmemopen(live->text, sizeof(live->text), "w");
    unsigned up = live->lines < lines ? live->lines : lines;

    if (out)
        fprintf(out, "\r%s%s", live->terminal.up[up], live->terminal.clear_below);
    return out;
}

/* Send what was written to `out`. */
static void text_close(struct live *live, FILE *out, int timeout_ms)
{
    long bytes = ftell(out);

    fclose(out);
    live->bytes = bytes > 0 ? (size_t)bytes : 0;
    live->sent = 0;
    text_send(live, timeout_ms);
}

void live_draw(struct live *live, const struct live_state *state)
{
    struct page page = {.styles = live->color ? live->styles : NULL};
    unsigned lines;

    live_history_add(&live->history, state);
    if (live_interval_is_short(state) || is_in_background(live) || !text_send(live, 0))
        return;
    size_read(live, &page.columns, &lines);
    page.out = text_open(live, lines);
    if (!page.out)
        return;
    live->lines = live_frame(&page, &live->history, state, lines, live->utf8);
    text_close(live, page.out, 0);
}

static void live_clear(struct live *live)
{
    unsigned columns;
    unsigned lines;
    FILE *out;

    if (live->lines == 0 || is_in_background(live) || !text_send(live, END_TIMEOUT_MS))
        return;
    size_read(live, &columns, &lines);
    out = text_open(live, lines);
    if (out)
        text_close(live, out, END_TIMEOUT_MS);
}

void live_end(struct live *live)
{
    if (!live)
        return;
    live_clear(live);
    if (live->is_own)
        close(live->fd);
    free(live);
}
