/* What the terminal can do, asked of terminfo(5) once: moving the cursor up, clearing, styles. */
#ifndef HELLO_TERMINAL_H
#define HELLO_TERMINAL_H

#include "report/page.h"

#include <stdbool.h>

#define TERMINAL_UP_MAX         12 /* lines */
#define TERMINAL_SEQUENCE_BYTES 32

/* Escape sequences; "" if there is none. */
struct terminal {
    char up[TERMINAL_UP_MAX + 1][TERMINAL_SEQUENCE_BYTES]; /* so many lines up; [0] is "" */
    char clear_below[TERMINAL_SEQUENCE_BYTES];             /* from the cursor to the end */
    char styles[PAGE_STYLE_COUNT][TERMINAL_SEQUENCE_BYTES];
};

/* Ask for the terminal that TERM names. Returns 0, or -ENOTTY: it is unknown, or its cursor cannot
 * be moved. libtinfo works with globals: for one thread, and none of them is in use afterwards. */
int terminal_read(int fd, struct terminal *ret_terminal);

/* False if whoever runs the program wants no colours (NO_COLOR, see no-color.org). */
bool terminal_may_color(void);

#endif
