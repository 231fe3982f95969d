/* C escapes in text that people type, \n \r \t \\ \xHH, and in what is shown to them. */
#ifndef HELLO_ESCAPE_H
#define HELLO_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Decode text into out. Other bytes, also beyond ASCII, stand for themselves. An escape that is not
 * in the list above, or is cut short, is an error; out is untouched then.
 * Returns 0, -EINVAL (*ret_bytes is then the offset in text of the bad escape) or -ENOSPC (more
 * than `capacity` bytes come out). */
int escape_decode(const char *text, void *out, size_t capacity, size_t *ret_bytes);

/* Write bytes as printable ASCII that escape_decode reads back, NUL-terminated. What does not fit
 * into text_bytes is cut, between two escapes, and "..." ends the text. Returns text. */
char *escape_encode(const void *data, size_t bytes, char *text, size_t text_bytes);

/* Make one line of a text that came from outside, such as the name of a file, or that may hold such
 * a text: what could end the line or command a terminal is written as an escape. That is each
 * control character (C0, DEL, C1), what changes the direction of text or breaks lines in Unicode,
 * and bytes that are not UTF-8. All else stays, backslashes too, so that a line can be passed
 * through twice. What does not fit is cut, between two characters. Returns line. */
char *escape_line(const char *text, char *line, size_t line_bytes);

/* The same, written to a file. */
void escape_put(const char *text, FILE *out);

#endif
