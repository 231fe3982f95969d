#include "server/request_text.h"

#include "base/check.h"

#include <string.h>

/* One byte after `matched` bytes of the text: how much of the text the last bytes are now. */
static uint32_t request_text_step(const struct request_text *text, uint32_t matched,
                                  unsigned char byte)
{
    while (matched > 0 && text->data[matched] != byte)
        matched = text->borders[matched];
    return matched + (text->data[matched] == byte);
}

void request_text_make(struct request_text *text, const void *data, size_t bytes)
{
    CHECK(bytes > 0 && bytes <= REQUEST_TEXT_BYTES_MAX, "bytes=%zu", bytes);
    memset(text, 0, sizeof(*text));
    text->bytes = (uint32_t)bytes;
    memcpy(text->data, data, bytes);
    for (uint32_t i = 1; i + 1 < text->bytes; i++)
        text->borders[i + 1] = (uint8_t)request_text_step(text, text->borders[i], text->data[i]);
}

bool request_text_take(const struct request_text *text, uint8_t *matched, const void *data,
                       size_t bytes)
{
    const unsigned char *at = data, *end = at + bytes;
    uint32_t now = *matched;

    CHECK(now < text->bytes, "matched=%u of %u", now, text->bytes);
    while (at < end && now < text->bytes)
        now = request_text_step(text, now, *at++);
    *matched = (uint8_t)now;
    return now == text->bytes;
}
