/* The answers of the server. They are made once, at the start, and sent as they are.
 *
 * Thread rule: read-only after answers_make, so any thread. */
#ifndef HELLO_ANSWER_H
#define HELLO_ANSWER_H

#include "option/option.h"

#include <stdbool.h>
#include <stdint.h>

enum answer {
    ANSWER_GREETING, /* the greeting, with --answer http as a whole response */
    ANSWER_HEAD,     /* the same response without its content, for HEAD (RFC 9110 9.3.2) */
    ANSWER_BAD,      /* 400: that was no request */
    ANSWER_LATE,     /* 408: a part of a request came, but not all of it in time */
    ANSWER_LARGE,    /* 431: the head is too long */
    ANSWER_COUNT,
};

/* True for the answers to those who did not send what the server waits for. */
static inline bool answer_is_error(enum answer answer)
{
    return answer > ANSWER_HEAD;
}

/* The longest media type: what a type and a subtype may have (RFC 6838 4.2), and some parameters.
 */
#define ANSWER_TYPE_BYTES_MAX 320u

/* Room for the longest head. */
#define ANSWER_HEAD_BYTES_MAX (ANSWER_TYPE_BYTES_MAX + 128u)

struct answers {
    struct {
        const void *data;
        uint32_t bytes;
    } of[ANSWER_COUNT];
    char response[ANSWER_HEAD_BYTES_MAX + OPTION_BYTES_MAX]; /* private: where the first two are */
};

/* Make the answers of HTTP around a greeting: "HTTP/1.1 200 OK", its length, its media type, and
 * "Connection: close". There is no date: it would be that of the start (RFC 9110 6.6.1 allows this
 * to servers without a clock). `type` has ANSWER_TYPE_BYTES_MAX bytes at most. The answers must not
 * move. */
void answers_make(struct answers *answers, const struct option_bytes *greeting, const char *type);

/* True if this can be the value of Content-Type: visible ASCII and spaces, not too long, with a
 * slash. */
bool answer_type_is_valid(const char *type);

#endif
