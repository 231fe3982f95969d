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

/* Read the first byte of text. Returns how many characters it took, 0 if they are not a known
 * escape. */
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

/* Two passes, so that nothing is written unless all of it is valid and fits. */
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

/* Write one byte as text, not NUL-terminated. Returns its length, 1 to 4. */
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
    size_t used_before_dots = 0; /* the most that leaves space for the dots */
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

/* The length of the first UTF-8 character of text, 0 if it is invalid (RFC 3629, section 4). */
static size_t utf8_bytes(const unsigned char *text)
{
    unsigned char lead = text[0];
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    size_t bytes = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (lead > 0xf4 || (bytes > 1 && (text[1] < low || text[1] > high)))
        return 0;
    for (size_t i = 2; i < bytes; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return bytes;
}

/* True for a character that could end a line, or control a terminal. */
static bool is_command(const unsigned char *text, size_t bytes)
{
    if (bytes == 1)
        return text[0] < ' ' || text[0] == 0x7f;
    if (bytes == 2)
        return text[0] == 0xc2 && text[1] < 0xa0; /* C1 */
    /* U+2028 to U+202E: line separators, text directions; U+2066 to U+2069: more of them. */
    return bytes == 3 && text[0] == 0xe2 &&
           ((text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) ||
            (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9));
}

/* Write the first character of text in printable form. Returns its length there, and sets
 * *ret_taken to its length in text. */
static size_t character_write(const unsigned char *text, char shown[4], size_t *ret_taken)
{
    size_t bytes = utf8_bytes(text);

    if (bytes > 0 && !is_command(text, bytes)) {
        memcpy(shown, text, bytes);
        *ret_taken = bytes;
        return bytes;
    }
    *ret_taken = 1;
    return byte_write(text[0], shown);
}

char *escape_line(const char *text, char *line, size_t line_bytes)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t used = 0, taken;
    char shown[4];

    while (line_bytes > 0 && *from != '\0') {
        size_t bytes = character_write(from, shown, &taken);

        if (bytes >= line_bytes - used)
            break;
        memcpy(line + used, shown, bytes);
        used += bytes;
        from += taken;
    }
    if (line_bytes > 0)
        line[used] = '\0';
    return line;
}

void escape_put(const char *text, FILE *out)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t taken;
    char shown[4];

    for (; *from != '\0'; from += taken)
        fprintf(out, "%.*s", (int)character_write(from, shown, &taken), shown);
}
