/* The terminal side of the live view. It has its own open file description, which never blocks, and
 * each frame is one write(2): a slow terminal loses frames, and the run loses nothing. */
#include "report/live.h"

#include "base/units.h"
#include "base/wait.h"
#include "report/live_frame.h"
#include "report/terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAME_BYTES    16384
#define END_TIMEOUT_MS 200 /* how long to wait for a stuck terminal at the end */

struct live {
    int fd;      /* of the terminal */
    bool is_own; /* fd was opened here, and never blocks */
    struct terminal terminal;
    unsigned lines; /* of the frame on the screen: the cursor is in the line below */
    struct live_history history;
    size_t bytes, sent; /* of text: the rest of a partial write is sent first */
    char text[FRAME_BYTES];
};

/* O_NONBLOCK belongs to the open file, which others (a shell) share: so open the terminal again. */
static void live_open(struct live *live, int fd)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    live->fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    live->is_own = live->fd >= 0;
    if (!live->is_own)
        live->fd = fd; /* it belongs to another user: wait for it */
}

struct live *live_begin(int fd)
{
    struct terminal terminal = terminal_of(fd);
    struct live *live;

    if (!terminal.can_move)
        return NULL;
    live = calloc(1, sizeof(*live));
    if (!live)
        return NULL;
    live->terminal = terminal;
    live_open(live, fd);
    return live;
}

/* Send the pending text, without waiting. Returns true if nothing is left. */
static bool text_send(struct live *live, int timeout_ms)
{
    ssize_t written;
    int ready;

    if (live->sent == live->bytes)
        return true;
    ready = wait_fd(live->fd, POLLOUT, (uint64_t)timeout_ms * NS_PER_MS);
    if (ready <= 0 || !(ready & POLLOUT))
        return false;
    written = write(live->fd, live->text + live->sent, live->bytes - live->sent);
    if (written > 0)
        live->sent += (size_t)written;
    return live->sent == live->bytes;
}

/* From another process group, a frame would disturb the foreground program. */
static bool is_in_background(const struct live *live)
{
    pid_t foreground = tcgetpgrp(live->fd);

    return foreground > 0 && foreground != getpgrp();
}

/* The space for a frame. One column stays free, because a character in the last one moves some
 * terminals to the next line, and one line, for the cursor. */
static void size_read(const struct live *live, unsigned *ret_columns, unsigned *ret_lines)
{
    unsigned columns, rows;

    terminal_size(live->fd, &columns, &rows);
    *ret_columns = columns - 1;
    *ret_lines = rows - 1 < LIVE_LINES_MAX ? rows - 1 : LIVE_LINES_MAX;
}

/* Start the text to send: go back to the start of the last frame, in a window of this many
 * lines. */
static FILE *text_open(struct live *live, unsigned lines)
{
    FILE *out = fmemopen(live->text, sizeof(live->text), "w");
    unsigned up = live->lines < lines ? live->lines : lines;

    /* CUU, cursor up, and ED, erase below (ECMA-48). */
    if (out && up > 0)
        fprintf(out, "\r\033[%uA\033[J", up);
    else if (out)
        fprintf(out, "\r\033[J");
    return out;
}

/* Send the text written to `out`. */
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
    struct page page = {.styles = live->terminal.can_color ? page_ansi_styles : NULL,
                        .can_utf8 = live->terminal.can_utf8};
    unsigned lines;

    live_history_add(&live->history, state);
    if ((live_interval_is_short(state) && !state->is_done) || is_in_background(live) ||
        !text_send(live, 0))
        return;
    size_read(live, &page.columns, &lines);
    page.out = text_open(live, lines);
    if (!page.out)
        return;
    live->lines = live_frame(&page, &live->history, state, lines);
    text_close(live, page.out, 0);
}

void live_clear(struct live *live)
{
    unsigned columns;
    unsigned lines;
    FILE *out;

    if (!live || live->lines == 0 || is_in_background(live) || !text_send(live, END_TIMEOUT_MS))
        return;
    size_read(live, &columns, &lines);
    out = text_open(live, lines);
    if (out)
        text_close(live, out, END_TIMEOUT_MS);
    live->lines = 0;
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
