/* What an output can show: decided here, for both the live view and the summary.
 *
 * Thread rule: any thread; the environment must not change meanwhile. */
#ifndef HELLO_TERMINAL_H
#define HELLO_TERMINAL_H

#include <stdbool.h>

/* Used if nothing else is known. */
#define TERMINAL_COLUMNS 100 /* if it is not a terminal */
#define TERMINAL_ROWS    24

struct terminal {
    bool is_terminal;
    bool can_move;  /* knows the sequences that move the cursor and clear (ECMA-48) */
    bool can_color; /* and colours, and the user wants them */
    bool can_utf8;  /* the locale has all of Unicode */
    unsigned columns, rows;
};

/* Detect what the file at fd can show: from TERM, NO_COLOR (no-color.org), the locale's name in
 * LC_ALL, LC_CTYPE or LANG (locale(7); none of them: the C locale, which is ASCII), and the size
 * that the terminal reports. */
struct terminal terminal_of(int fd);

/* The current size of the window, or the defaults of terminal_of if the terminal does not report
 * it. */
void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows);

#endif
