/* The kind for bytes: text with escapes, a file's content, or any bytes. */
#include "base/escape.h"
#include "option/option.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_BYTES 128 /* how much of a file name an error shows */

static size_t bytes_max(const struct option_row *row)
{
    return row->max != 0 && row->max < OPTION_BYTES_MAX ? row->max : OPTION_BYTES_MAX;
}

static bool knows_any(const struct option_row *row)
{
    for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], "any") == 0)
            return true;
    }
    return false;
}

/* Write which escape is bad: as typed, and its position in characters, as in an editor. */
static void escape_problem(const char *text, size_t offset, char *problem, size_t problem_bytes)
{
    const char *letter = text + offset + 1;
    char shown[16];
    size_t character = 1;

    for (size_t i = 0; i < offset; i++)
        character += ((unsigned char)text[i] & 0xc0) != 0x80;
    escape_encode(letter, strnlen(letter, *letter == 'x' ? 3 : 1), shown, sizeof(shown));
    snprintf(problem, problem_bytes,
             "bad escape '\\%s' at character %zu; known are \\n \\r \\t \\\\ \\xHH", shown,
             character);
}

/* Read a file to its end. Returns 0, -EFBIG (it has more than `capacity` bytes) or another -errno.
 */
static int file_read(const char *path, unsigned char *data, size_t capacity, size_t *ret_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t bytes = 0;
    ssize_t count = fd < 0 ? -1 : 1;
    unsigned char beyond;

    while (count > 0 && bytes < capacity) {
        count = read(fd, data + bytes, capacity - bytes);
        bytes += count > 0 ? (size_t)count : 0;
    }
    if (count > 0)
        count = read(fd, &beyond, 1);
    int result = count == 0 ? 0 : count > 0 ? -EFBIG : -errno;
    if (fd >= 0)
        close(fd);
    *ret_bytes = bytes;
    return result;
}

/* "must be 0 to 65536 bytes (64 KiB) long". */
static void length_problem(const struct option_row *row, char *problem, size_t problem_bytes)
{
    size_t max = bytes_max(row);
    char in_kib[32] = "";

    if (max % 1024 == 0)
        snprintf(in_kib, sizeof(in_kib), " (%zu KiB)", max / 1024);
    snprintf(problem, problem_bytes, "must be %" PRIu64 " to %zu bytes%s long", row->min, max,
             in_kib);
}

int option_bytes_read(const struct option_row *row, const char *path, struct option_bytes *value,
                      char *problem, size_t problem_bytes)
{
    char shown[SHOWN_BYTES], length[64];
    size_t bytes = 0;
    int result = file_read(path, value->data, bytes_max(row), &bytes);

    escape_encode(path, strlen(path), shown, sizeof(shown));
    if (result == -EFBIG || (result == 0 && bytes < row->min)) {
        length_problem(row, length, sizeof(length));
        snprintf(problem, problem_bytes, "file '%s' %s", shown, length);
        return -EFBIG;
    }
    if (result < 0)
        snprintf(problem, problem_bytes, "cannot read file '%s': %s; name a readable file", shown,
                 strerror(-result));
    value->bytes = (uint32_t)bytes;
    return result;
}

static int bytes_parse(const struct option_row *row, const char *text, void *field, char *problem,
                       size_t problem_bytes)
{
    struct option_bytes *value = field;
    size_t bytes = 0;

    value->any = knows_any(row) && strcmp(text, "any") == 0;
    if (value->any) {
        value->bytes = 0;
        return 0;
    }
    if (row->takes_file && text[0] == '@')
        return option_bytes_read(row, text + 1, value, problem, problem_bytes);

    int result = escape_decode(text, value->data, bytes_max(row), &bytes);
    if (result == -EINVAL) {
        escape_problem(text, bytes, problem, problem_bytes);
        return result;
    }
    if (result == 0 && bytes >= row->min) {
        value->bytes = (uint32_t)bytes;
        return 0;
    }
    length_problem(row, problem, problem_bytes);
    return -ERANGE;
}

static void bytes_format(const struct option_row *row, const void *field, FILE *out)
{
    const struct option_bytes *value = field;
    char text[256 + 1];
    const size_t step = (sizeof(text) - 1) / 4; /* a byte is at most 4 characters: nothing is cut */
    bool file_like = row->takes_file && value->bytes > 0 && value->data[0] == '@';
    bool any_like = knows_any(row) && value->bytes == 3 && memcmp(value->data, "any", 3) == 0;
    size_t at = 0;

    if (value->any)
        fputs("any", out);
    if (file_like || any_like)
        fprintf(out, "\\x%02x", value->data[at++]);
    for (; at < value->bytes; at += step) {
        size_t left = value->bytes - at;

        fputs(escape_encode(value->data + at, left < step ? left : step, text, sizeof(text)), out);
    }
}

const struct option_kind option_bytes = {.takes_value = true,
                                         .hides_value = true,
                                         .value_bytes = sizeof(struct option_bytes),
                                         .parse = bytes_parse,
                                         .format = bytes_format};
