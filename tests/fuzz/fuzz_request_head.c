/* The first byte: how large the pieces are in which the rest comes. */
#include "fuzz_target.h"
#include "request_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct request_head head = {0};
    enum request_head_end result = REQUEST_HEAD_MORE;
    const char *text = (const char *)data + 1;
    size_t piece, end = 0;

    if (bytes < 2)
        return 0;
    piece = 1u + data[0];
    bytes--;
    for (size_t at = 0; at < bytes && result == REQUEST_HEAD_MORE; at += piece)
        result = request_head_take(&head, text + at, bytes - at < piece ? bytes - at : piece);
    REQUIRE(result == oracle_head(text, bytes, &end));
    REQUIRE(head.bytes <= bytes && head.bytes <= REQUEST_HEAD_BYTES_MAX);
    if (result == REQUEST_HEAD_WHOLE || result == REQUEST_HEAD_BARE)
        REQUIRE(head.bytes == end);
    return 0;
}
