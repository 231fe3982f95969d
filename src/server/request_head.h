/* Reads the head of an HTTP/1 request, byte by byte and however it comes in pieces, into four bytes
 * per client. It reads the request line, and where the head ends; the lines between are not looked
 * at. By RFC 9112: empty lines before the request line are skipped, and a line may end without CR
 * (2.2).
 *
 * Thread rule: pure functions, so any thread. */
#ifndef HELLO_REQUEST_HEAD_H
#define HELLO_REQUEST_HEAD_H

#include <stddef.h>
#include <stdint.h>

/* A longer head is refused. */
#define REQUEST_HEAD_BYTES_MAX (16u << 10)

/* How far a client has come; zeroed at first. Private to request_head.c, except `bytes`. */
struct request_head {
    uint8_t part;
    uint8_t column;
    uint16_t bytes : 15; /* that have come */
    uint16_t is_head : 1;
};

enum request_head_end {
    REQUEST_HEAD_MORE,  /* it has not ended */
    REQUEST_HEAD_WHOLE, /* it is over, and right */
    REQUEST_HEAD_BARE,  /* the same, and the method is HEAD: the answer must have no content */
    REQUEST_HEAD_BAD,   /* this is no request of HTTP/1 */
    REQUEST_HEAD_LARGE, /* more than REQUEST_HEAD_BYTES_MAX bytes came, and it has not ended */
};

/* More has come. After any result but REQUEST_HEAD_MORE, nothing more may be given. */
enum request_head_end request_head_take(struct request_head *head, const void *data, size_t bytes);

#endif
