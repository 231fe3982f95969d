/* The head of an HTTP/1 request (RFC 9112), as far as the admin port needs it: method, path, and
 * whether it is well-formed. What it does not need is not there: no body, no percent-decoding (its
 * paths have nothing to decode), no continued lines (RFC 9112 5.2 lets a server refuse them).
 *
 * Thread rule: pure functions; any thread. Any bytes are valid as input. */
#ifndef HELLO_HTTP_REQUEST_H
#define HELLO_HTTP_REQUEST_H

#include <stddef.h>

/* The status codes that the admin port answers with (RFC 9110 15, RFC 6585 5). */
enum http_status {
    HTTP_OK = 200,
    HTTP_BAD_REQUEST = 400,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_REQUEST_TIMEOUT = 408,
    HTTP_HEAD_TOO_LARGE = 431,
    HTTP_SERVER_ERROR = 500,
    HTTP_UNAVAILABLE = 503,
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER_METHOD };

struct http_request {
    enum http_method method;
    const char *path;  /* a part of the head, without the query; for HTTP_OTHER_METHOD NULL ... */
    size_t path_bytes; /* ... and 0 */
};

/* The length of the head at the start of `data`, with the empty line that ends it. Empty lines
 * before it are part of it (RFC 9112 2.2). Returns 0 if it is not complete. */
size_t http_head_bytes(const char *data, size_t bytes);

/* Parse a complete head. Returns HTTP_OK and fills in *ret_request, which points into the head, or
 * returns HTTP_BAD_REQUEST and leaves it untouched. */
enum http_status http_request_parse(const char *head, size_t head_bytes,
                                    struct http_request *ret_request);

/* The reason phrase of a status: "Not Found". */
const char *http_reason(enum http_status status);

#endif
