/* Own code: c-ares opens resolv.conf first, hangs if either file is a FIFO, reads a file of any
 * size, does not keep the order of lines, and makes a start a tenth slower. A fully static glibc
 * program must not call getaddrinfo(3). */
#include "net/host_name.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <sys/stat.h>

#define ADDRESS_BYTES_MAX 128 /* of one in the file; enough for all */

/* A part of the text. */
struct span {
    const char *at, *end;
};

bool host_name_is_valid(const char *text, size_t bytes)
{
    bool has_letter = false;

    if (bytes == 0 || bytes > HOST_NAME_BYTES_MAX || !isalnum((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (!isalnum((unsigned char)text[i]) && (text[i] == '\0' || !strchr("._-", text[i])))
            return false;
        has_letter |= isalpha((unsigned char)text[i]) != 0;
    }
    return has_letter;
}

/* Remove the text up to and including the separator. */
static struct span span_cut(struct span *text, char separator)
{
    const char *found = memchr(text->at, separator, (size_t)(text->end - text->at));
    struct span cut = {text->at, found ? found : text->end};

    text->at = found ? found + 1 : text->end;
    return cut;
}

/* Remove the next word of a line; empty at the end. */
static struct span span_word(struct span *line)
{
    struct span word;

    while (line->at < line->end && isspace((unsigned char)*line->at))
        line->at++;
    word.at = line->at;
    while (line->at < line->end && !isspace((unsigned char)*line->at))
        line->at++;
    word.end = line->at;
    return word;
}

/* An address in the file's form: no brackets, no port. */
static bool span_is_address(struct span word, struct address *ret_address)
{
    size_t bytes = (size_t)(word.end - word.at);
    char text[ADDRESS_BYTES_MAX];
    bool has_port;

    if (bytes == 0 || bytes >= sizeof(text) || word.at[0] == '[' || memchr(word.at, '\0', bytes))
        return false;
    memcpy(text, word.at, bytes);
    text[bytes] = '\0';
    return address_parse(text, ret_address, &has_port) == 0 && !has_port;
}

/* True if a line has this name after its address, the first word. */
static bool line_names(struct span line, const char *name, size_t name_bytes,
                       struct span *ret_address)
{
    *ret_address = span_word(&line);
    for (;;) {
        struct span word = span_word(&line);

        if (word.at == word.end)
            return false;
        if ((size_t)(word.end - word.at) == name_bytes &&
            strncasecmp(word.at, name, name_bytes) == 0)
            return true;
    }
}

static bool is_same(const struct address *a, const struct address *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
           a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

/* Returns 0 or -E2BIG. */
static int addresses_add(struct host_addresses *addresses, const struct address *address)
{
    for (uint32_t i = 0; i < addresses->count; i++) {
        if (is_same(&addresses->list[i], address))
            return 0;
    }
    if (addresses->count == HOST_NAME_ADDRESSES_MAX)
        return -E2BIG;
    addresses->list[addresses->count++] = *address;
    return 0;
}

int host_name_find(const char *text, size_t text_bytes, const char *name, size_t name_bytes,
                   struct host_addresses *ret_addresses)
{
    struct span rest = {text, text + text_bytes};
    struct host_addresses found = {.count = 0};

    while (rest.at < rest.end) {
        struct span line = span_cut(&rest, '\n'), word;
        struct address address;

        line = span_cut(&line, '#');
        if (line_names(line, name, name_bytes, &word) && span_is_address(word, &address) &&
            addresses_add(&found, &address) < 0)
            return -E2BIG;
    }
    if (found.count == 0)
        return -ENOENT;
    *ret_addresses = found;
    return 0;
}

/* Read a regular file into memory; the caller frees it. Returns its size or -errno. */
static ssize_t file_read(int fd, char **ret_text)
{
    struct stat status;
    size_t used = 0;
    ssize_t part;
    char *text;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EBADF;
    text = malloc(HOST_NAME_FILE_MAX + 1); /* unused pages are never allocated */
    if (!text)
        return -ENOMEM;
    do {
        part = read(fd, text + used, HOST_NAME_FILE_MAX + 1 - used);
        used += part > 0 ? (size_t)part : 0;
    } while (part > 0 && used <= HOST_NAME_FILE_MAX);
    if (part >= 0 && used <= HOST_NAME_FILE_MAX) {
        *ret_text = text;
        return (ssize_t)used;
    }
    part = part < 0 ? -errno : -EFBIG;
    free(text);
    return part;
}

int host_name_look_up(const char *path, const char *name, size_t name_bytes,
                      struct host_addresses *ret_addresses)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char *text = NULL;
    ssize_t bytes;
    int result;

    if (fd < 0)
        return -errno;
    bytes = file_read(fd, &text);
    close(fd);
    if (bytes < 0)
        return (int)bytes;
    result = host_name_find(text, (size_t)bytes, name, name_bytes, ret_addresses);
    free(text);
    return result == -ENOENT ? -ESRCH : result; /* -ENOENT: there is no such file */
}
