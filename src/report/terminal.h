/* What an output can show: the one place that decides it, for the live view and for the summary.
 *
 * Thread rule: any thread; the environment must not change meanwhile. */
#ifndef HELLO_TERMINAL_H
#define HELLO_TERMINAL_H

#include <stdbool.h>

/* What holds where nothing else is known. */
#define TERMINAL_COLUMNS 100 /* of what is no terminal */
#define TERMINAL_ROWS    24

struct terminal {
    bool is_terminal;
    bool can_move;  /* knows the sequences that move the cursor and clear (ECMA-48) */
    bool can_color; /* and colours, and whoever runs the program wants them */
    bool can_utf8;  /* the locale has all of Unicode */
    unsigned columns, rows;
};

/* Find out what the file at fd can show: by TERM, NO_COLOR (no-color.org), the locale's name in
 * LC_ALL, LC_CTYPE or LANG (locale(7); none of them: the C locale, which is ASCII), and the size
 * that the terminal tells. */
struct terminal terminal_of(int fd);

/* The size of the window now, or what terminal_of makes of one that does not tell. */
void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows);

#endif
