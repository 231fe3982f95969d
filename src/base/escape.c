#include "base/escape.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Letters of the two-character escapes, and the byte each stands for. */
static const char escape_letters[] = "nrt\\";
static const char escape_meanings[] = "\n\r\t\\";

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Read the one byte that text begins with. Returns how many characters it took, 0 if they are not
 * a known escape. */
static size_t byte_read(const char *text, unsigned char *ret_byte)
{
    if (text[0] != '\\') {
        *ret_byte = (unsigned char)text[0];
        return 1;
    }
    if (text[1] == 'x') {
        int high = hex_value(text[2]);
        int low = high < 0 ? -1 : hex_value(text[3]);
        if (low < 0)
            return 0;
        *ret_byte = (unsigned char)(high * 16 + low);
        return 4;
    }
    const char *letter = text[1] != '\0' ? strchr(escape_letters, text[1]) : NULL;
    if (letter == NULL)
        return 0;
    *ret_byte = (unsigned char)escape_meanings[letter - escape_letters];
    return 2;
}

/* Two passes, so that nothing is written unless all of it is good and fits. */
int escape_decode(const char *text, void *out, size_t capacity, size_t *ret_bytes)
{
    unsigned char byte;
    size_t bytes = 0;
    size_t step;
    for (const char *at = text; *at != '\0'; at += step) {
        step = byte_read(at, &byte);
        if (step == 0) {
            *ret_bytes = (size_t)(at - text);
            return -EINVAL;
        }
        bytes++;
    }
    if (bytes > capacity)
        return -ENOSPC;

    unsigned char *to = out;
    for (const char *at = text; *at != '\0'; at += step) {
        step = byte_read(at, &byte);
        *to++ = byte;
    }
    *ret_bytes = bytes;
    return 0;
}

/* Write the one byte as text, not NUL-terminated. Returns its length, 1 to 4. */
static size_t byte_write(unsigned char byte, char text[4])
{
    const char *meaning = byte != '\0' ? strchr(escape_meanings, byte) : NULL;
    if (meaning != NULL) {
        text[0] = '\\';
        text[1] = escape_letters[meaning - escape_meanings];
        return 2;
    }
    if (byte >= ' ' && byte <= '~') {
        text[0] = (char)byte;
        return 1;
    }
    text[0] = '\\';
    text[1] = 'x';
    text[2] = hex_digits[byte >> 4];
    text[3] = hex_digits[byte & 0xf];
    return 4;
}

char *escape_encode(const void *data, size_t bytes, char *text, size_t text_bytes)
{
    static const char dots[] = "...";
    if (text_bytes == 0)
        return text;

    const unsigned char *from = data;
    const size_t room = text_bytes - 1;
    size_t used = 0;
    size_t used_before_dots = 0; /* the most that still leaves room for the dots */
    for (size_t i = 0; i < bytes; i++) {
        char piece[4];
        size_t length = byte_write(from[i], piece);
        if (length > room - used) {
            used = used_before_dots;
            length = room - used < strlen(dots) ? room - used : strlen(dots);
            memcpy(text + used, dots, length);
            used += length;
            break;
        }
        memcpy(text + used, piece, length);
        used += length;
        if (used + strlen(dots) <= room)
            used_before_dots = used;
    }
    text[used] = '\0';
    return text;
}
