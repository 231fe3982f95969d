/* C escapes in text that people type: \n \r \t \\ \xHH. */
#ifndef HELLO_ESCAPE_H
#define HELLO_ESCAPE_H

#include <stddef.h>

/* Decode text into out. Other bytes, also beyond ASCII, stand for themselves. An escape that is not
 * in the list above, or is cut short, is an error; out is untouched then.
 * Returns 0, -EINVAL (*ret_bytes is then the offset in text of the bad escape) or -ENOSPC (more
 * than `capacity` bytes come out). */
int escape_decode(const char *text, void *out, size_t capacity, size_t *ret_bytes);

/* Write bytes as printable ASCII that escape_decode reads back, NUL-terminated. What does not fit
 * into text_bytes is cut, between two escapes, and "..." ends the text. Returns text. */
char *escape_encode(const void *data, size_t bytes, char *text, size_t text_bytes);

#endif
