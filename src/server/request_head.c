#include "server/request_head.h"

#include <string.h>

enum request_part {
    PART_BEFORE,   /* empty lines may come before it */
    PART_METHOD,   /* column: how much of "HEAD" it is, or NOT_HEAD */
    PART_TARGET,   /* column: 0 while it is empty */
    PART_VERSION,  /* column: how much of "HTTP/1." has come */
    PART_LINE_END, /* of the request line */
    PART_LINE_LF,  /* after its CR */
    PART_LINE,     /* at the start of a line */
    PART_FIELD,    /* in a line */
    PART_LAST_LF,  /* after the CR of the empty line */
};

#define NOT_HEAD 0xff

/* A character of a method (RFC 9110 5.6.2, token). */
static int is_token(unsigned char byte)
{
    if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= 'a' && byte <= 'z'))
        return 1;
    return byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static enum request_head_end go_to(struct request_head *head, enum request_part part)
{
    head->part = (uint8_t)part;
    head->column = 0;
    return REQUEST_HEAD_MORE;
}

static enum request_head_end take_method(struct request_head *head, unsigned char byte)
{
    static const char word[] = "HEAD";

    if (byte == ' ') {
        head->is_head = head->column == sizeof(word) - 1;
        return go_to(head, PART_TARGET);
    }
    if (!is_token(byte))
        return REQUEST_HEAD_BAD;
    if (head->column < sizeof(word) - 1 && byte == (unsigned char)word[head->column])
        head->column++;
    else
        head->column = NOT_HEAD;
    return REQUEST_HEAD_MORE;
}

static enum request_head_end take_target(struct request_head *head, unsigned char byte)
{
    if (byte == ' ' && head->column > 0)
        return go_to(head, PART_VERSION);
    if (byte <= ' ' || byte == 0x7f)
        return REQUEST_HEAD_BAD;
    head->column = 1;
    return REQUEST_HEAD_MORE;
}

static enum request_head_end take_version(struct request_head *head, unsigned char byte)
{
    static const char name[] = "HTTP/1.";

    if (head->column == sizeof(name) - 1)
        return byte >= '0' && byte <= '9' ? go_to(head, PART_LINE_END) : REQUEST_HEAD_BAD;
    return byte == (unsigned char)name[head->column++] ? REQUEST_HEAD_MORE : REQUEST_HEAD_BAD;
}

static enum request_head_end take_before(struct request_head *head, unsigned char byte)
{
    if (byte == '\r' || byte == '\n')
        return REQUEST_HEAD_MORE;
    go_to(head, PART_METHOD);
    return byte == ' ' ? REQUEST_HEAD_BAD : take_method(head, byte);
}

static enum request_head_end take_line_lf(struct request_head *head, unsigned char byte)
{
    return byte == '\n' ? go_to(head, PART_LINE) : REQUEST_HEAD_BAD;
}

static enum request_head_end take_line_end(struct request_head *head, unsigned char byte)
{
    return byte == '\r' ? go_to(head, PART_LINE_LF) : take_line_lf(head, byte);
}

static enum request_head_end take_last_lf(struct request_head *head, unsigned char byte)
{
    if (byte != '\n')
        return REQUEST_HEAD_BAD;
    return head->is_head ? REQUEST_HEAD_BARE : REQUEST_HEAD_WHOLE;
}

static enum request_head_end take_line(struct request_head *head, unsigned char byte)
{
    if (byte == '\n')
        return take_last_lf(head, byte);
    return go_to(head, byte == '\r' ? PART_LAST_LF : PART_FIELD);
}

static enum request_head_end take_field(struct request_head *head, unsigned char byte)
{
    return byte == '\n' ? go_to(head, PART_LINE) : REQUEST_HEAD_MORE;
}

/* What each part does with its next byte. */
static enum request_head_end (*const takes[])(struct request_head *head, unsigned char byte) = {
    [PART_BEFORE] = take_before,   [PART_METHOD] = take_method,     [PART_TARGET] = take_target,
    [PART_VERSION] = take_version, [PART_LINE_END] = take_line_end, [PART_LINE_LF] = take_line_lf,
    [PART_LINE] = take_line,       [PART_FIELD] = take_field,       [PART_LAST_LF] = take_last_lf,
};

enum request_head_end request_head_take(struct request_head *head, const void *data, size_t bytes)
{
    const unsigned char *at = data, *end = at + bytes;
    enum request_head_end result = REQUEST_HEAD_MORE;

    for (; at < end && result == REQUEST_HEAD_MORE; at++) {
        if (head->bytes == REQUEST_HEAD_BYTES_MAX)
            return REQUEST_HEAD_LARGE;
        head->bytes++;
        result = takes[head->part](head, *at);
    }
    return result;
}
