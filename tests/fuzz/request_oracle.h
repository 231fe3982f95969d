/* The end of a request, found in another way than by the product: with all of it in memory. */
#ifndef HELLO_REQUEST_ORACLE_H
#define HELLO_REQUEST_ORACLE_H

#include "server/request_head.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The request line, by RFC 9112. Returns MORE, BAD, or how it may end; *ret_at is behind its
 * version then. */
static inline enum request_head_end oracle_first_line(const char *text, const char *end,
                                                      const char **ret_at)
{
    static const char tokens[] = "!#$%&'*+-.^_`|~0123456789"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *at = text, *method, *target;
    bool is_head;

    while (at < end && (*at == '\r' || *at == '\n'))
        at++;
    method = at;
    while (at < end && *at != '\0' && strchr(tokens, *at))
        at++;
    if (at == end)
        return REQUEST_HEAD_MORE;
    if (*at != ' ' || at == method)
        return REQUEST_HEAD_BAD;
    is_head = at - method == 4 && memcmp(method, "HEAD", 4) == 0;
    target = ++at;
    while (at < end && (unsigned char)*at > ' ' && *at != 0x7f)
        at++;
    if (at == end)
        return REQUEST_HEAD_MORE;
    if (*at != ' ' || at == target)
        return REQUEST_HEAD_BAD;
    at++;
    for (size_t i = 0; i < 8; i++, at++) {
        if (at == end)
            return REQUEST_HEAD_MORE;
        if (i < 7 ? *at != "HTTP/1."[i] : *at < '0' || *at > '9')
            return REQUEST_HEAD_BAD;
    }
    *ret_at = at;
    return is_head ? REQUEST_HEAD_BARE : REQUEST_HEAD_WHOLE;
}

/* What a text is taken for. *ret_end: where its head ends, if it does. */
static inline enum request_head_end oracle_head(const char *text, size_t bytes, size_t *ret_end)
{
    size_t seen_bytes = bytes < REQUEST_HEAD_BYTES_MAX ? bytes : REQUEST_HEAD_BYTES_MAX;
    enum request_head_end more = bytes > seen_bytes ? REQUEST_HEAD_LARGE : REQUEST_HEAD_MORE;
    const char *at = text, *end = text + seen_bytes, *line_end;
    enum request_head_end how = oracle_first_line(text, end, &at);

    if (how == REQUEST_HEAD_MORE)
        return more;
    if (how == REQUEST_HEAD_BAD)
        return how;
    if (at < end && *at != '\r' && *at != '\n')
        return REQUEST_HEAD_BAD;
    if (at + 1 < end && *at == '\r' && at[1] != '\n')
        return REQUEST_HEAD_BAD;
    while ((line_end = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at = line_end + 1;
        if (at < end && *at == '\r' && at + 1 < end && at[1] != '\n')
            return REQUEST_HEAD_BAD;
        if (at < end && *at == '\r')
            at++;
        if (at < end && *at == '\n') {
            *ret_end = (size_t)(at + 1 - text);
            return how;
        }
    }
    return more;
}

#endif
