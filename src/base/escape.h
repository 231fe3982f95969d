/* C escapes, \n \r \t \\ \xHH, in text that users type and in text shown to them. */
#ifndef HELLO_ESCAPE_H
#define HELLO_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Decode text into out. Other bytes, also non-ASCII ones, are copied. An escape that is not in the
 * list above, or is cut short, is an error, and out stays unchanged.
 * Returns 0, -EINVAL (*ret_bytes is then the offset in text of the bad escape) or -ENOSPC (the
 * result is more than `capacity` bytes). */
int escape_decode(const char *text, void *out, size_t capacity, size_t *ret_bytes);

/* Write bytes as printable ASCII that escape_decode reads back, NUL-terminated. A text longer than
 * text_bytes is cut between two escapes and ends with "...". Returns text. */
char *escape_encode(const void *data, size_t bytes, char *text, size_t text_bytes);

/* Make one line of a text that came from outside, such as a file name, or that may contain such a
 * text: everything that could end the line or control a terminal becomes an escape. These are
 * control characters (C0, DEL, C1), Unicode characters that change text direction or break lines,
 * and bytes that are not UTF-8. The rest stays, also backslashes, so a line can be passed twice. A
 * line that is too long is cut between two characters. Returns line. */
char *escape_line(const char *text, char *line, size_t line_bytes);

/* The same, written to a file. */
void escape_put(const char *text, FILE *out);

#endif
