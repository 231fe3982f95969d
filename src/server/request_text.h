/* Finds a text in what a client sends, however it comes in pieces, and remembers of each client one
 * number only: how much of the text its last bytes are (the algorithm of Knuth, Morris and Pratt).
 *
 * Thread rule: a text is read-only once it is made, so any thread. */
#ifndef HELLO_REQUEST_TEXT_H
#define HELLO_REQUEST_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_TEXT_BYTES_MAX 255u

struct request_text {
    uint32_t bytes;
    unsigned char data[REQUEST_TEXT_BYTES_MAX];
    /* Of the first i bytes of the text: how many of its first bytes are also its last ones, though
     * not all. */
    uint8_t borders[REQUEST_TEXT_BYTES_MAX];
};

/* Make a text of 1 to REQUEST_TEXT_BYTES_MAX bytes. */
void request_text_make(struct request_text *text, const void *data, size_t bytes);

/* More has come. *matched is the client's number: 0 at first. Returns true if the whole text has
 * come; then nothing more may be given. The time that this takes grows with `bytes` only. */
bool request_text_take(const struct request_text *text, uint8_t *matched, const void *data,
                       size_t bytes);

#endif
