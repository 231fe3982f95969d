#include "admin/http_request.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A part of the head: a line without its end, or a word of it. */
struct span {
    const char *start;
    size_t bytes;
};

/* Take the next line, which ends with CR LF or, as RFC 9112 2.2 allows, with LF alone. Returns
 * false if it has no end. */
static bool line_take(const char **cursor, const char *end, struct span *ret_line)
{
    const char *start = *cursor;
    const char *feed = memchr(start, '\n', (size_t)(end - start));

    if (!feed)
        return false;
    *cursor = feed + 1;
    if (feed > start && feed[-1] == '\r')
        feed--;
    *ret_line = (struct span){start, (size_t)(feed - start)};
    return true;
}

size_t http_head_bytes(const char *data, size_t bytes)
{
    const char *cursor = data, *end = data + bytes;
    bool has_begun = false;
    struct span line;

    while (line_take(&cursor, end, &line)) {
        if (line.bytes == 0 && has_begun)
            return (size_t)(cursor - data);
        has_begun = has_begun || line.bytes > 0;
    }
    return 0;
}

/* RFC 9110 5.6.2. */
static bool is_token(struct span span)
{
    for (size_t i = 0; i < span.bytes; i++) {
        char c = span.start[i];
        bool is_alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_alphanumeric && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return span.bytes > 0;
}

/* Visible ASCII characters only. */
static bool is_visible(struct span span)
{
    for (size_t i = 0; i < span.bytes; i++) {
        if (span.start[i] <= ' ' || span.start[i] > '~')
            return false;
    }
    return span.bytes > 0;
}

/* RFC 9110 5.5: no control characters but tabs, so no CR that ends no line. */
static bool is_field_value(struct span span)
{
    for (size_t i = 0; i < span.bytes; i++) {
        unsigned char c = (unsigned char)span.start[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool span_is(struct span span, const char *text)
{
    return span.bytes == strlen(text) && memcmp(span.start, text, span.bytes) == 0;
}

/* Take what comes before the next `separator`, and the separator. Returns false without one. */
static bool part_take(struct span *rest, char separator, struct span *ret_part)
{
    const char *found = memchr(rest->start, separator, rest->bytes);

    if (!found)
        return false;
    *ret_part = (struct span){rest->start, (size_t)(found - rest->start)};
    rest->bytes -= ret_part->bytes + 1;
    rest->start = found + 1;
    return true;
}

/* "HTTP/1.1", and each other 1.x. */
static bool is_http_1(struct span version)
{
    return version.bytes == 8 && memcmp(version.start, "HTTP/1.", 7) == 0 &&
           version.start[7] >= '0' && version.start[7] <= '9';
}

/* Find the path in "/path?query", or in "http://host/path?query", which proxies send (RFC 9112
 * 3.2). Returns false if there is none. */
static bool path_find(struct span target, struct span *ret_path)
{
    static const char scheme[] = "http://";
    const size_t scheme_bytes = sizeof(scheme) - 1;
    struct span path = target;

    if (target.bytes > scheme_bytes && strncasecmp(target.start, scheme, scheme_bytes) == 0) {
        const char *host = target.start + scheme_bytes;

        path.start = memchr(host, '/', target.bytes - scheme_bytes);
        if (!path.start)
            return false;
        path.bytes = target.bytes - (size_t)(path.start - target.start);
    }
    if (path.start[0] != '/')
        return false;
    if (!part_take(&path, '?', ret_path))
        *ret_path = path;
    return true;
}

/* Parse "GET /metrics HTTP/1.1". Returns false if it is malformed. */
static bool request_line_parse(struct span line, struct http_request *request, bool *ret_needs_host)
{
    struct span method, target, path = {NULL, 0};

    if (!part_take(&line, ' ', &method) || !is_token(method) || !part_take(&line, ' ', &target) ||
        !is_visible(target) || !is_http_1(line))
        return false;
    request->method = span_is(method, "GET")    ? HTTP_GET
                      : span_is(method, "HEAD") ? HTTP_HEAD
                                                : HTTP_OTHER_METHOD;
    if (request->method != HTTP_OTHER_METHOD && !path_find(target, &path))
        return false;
    request->path = path.start;
    request->path_bytes = path.bytes;
    *ret_needs_host = line.start[7] != '0';
    return true;
}

enum http_status http_request_parse(const char *head, size_t head_bytes,
                                    struct http_request *ret_request)
{
    const char *cursor = head, *end = head + head_bytes;
    struct http_request request;
    struct span line = {head, 0}, name;
    bool needs_host;
    unsigned hosts = 0;

    while (line.bytes == 0) {
        if (!line_take(&cursor, end, &line))
            return HTTP_BAD_REQUEST;
    }
    if (!request_line_parse(line, &request, &needs_host))
        return HTTP_BAD_REQUEST;
    while (line_take(&cursor, end, &line) && line.bytes > 0) {
        if (!part_take(&line, ':', &name) || !is_token(name) || !is_field_value(line))
            return HTTP_BAD_REQUEST;
        hosts += name.bytes == 4 && strncasecmp(name.start, "Host", 4) == 0;
    }
    if (hosts > 1 || (needs_host && hosts == 0)) /* RFC 9112 3.2 */
        return HTTP_BAD_REQUEST;
    *ret_request = request;
    return HTTP_OK;
}

const char *http_reason(enum http_status status)
{
    switch (status) {
    case HTTP_OK:
        return "OK";
    case HTTP_BAD_REQUEST:
        return "Bad Request";
    case HTTP_NOT_FOUND:
        return "Not Found";
    case HTTP_METHOD_NOT_ALLOWED:
        return "Method Not Allowed";
    case HTTP_REQUEST_TIMEOUT:
        return "Request Timeout";
    case HTTP_HEAD_TOO_LARGE:
        return "Request Header Fields Too Large";
    case HTTP_SERVER_ERROR:
        return "Internal Server Error";
    case HTTP_UNAVAILABLE:
        return "Service Unavailable";
    }
    return "Unknown";
}
