/* The first byte: how long the text is, that follows. The second: how large the pieces are in which
 * the rest comes. */
#include "fuzz_target.h"
#include "server/request_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct request_text text;
    size_t text_bytes, piece, input_bytes, end;
    const uint8_t *input, *found;
    uint8_t matched = 0;
    bool is_there = false;

    if (bytes < 3 || data[0] == 0 || bytes < 2u + data[0])
        return 0;
    text_bytes = data[0];
    piece = 1u + data[1];
    input = data + 2 + text_bytes;
    input_bytes = bytes - 2 - text_bytes;
    request_text_make(&text, data + 2, text_bytes);
    found = memmem(input, input_bytes, data + 2, text_bytes);
    for (end = 0; end < input_bytes && !is_there; end += piece) {
        if (input_bytes - end < piece)
            piece = input_bytes - end;
        is_there = request_text_take(&text, &matched, input + end, piece);
    }
    /* It is there exactly if memmem(3) finds it, and in the piece where that finds its end. */
    REQUIRE(is_there == (found != NULL));
    if (found) {
        size_t found_end = (size_t)(found - input) + text_bytes;

        REQUIRE(found_end <= end && end - piece < found_end);
    } else {
        REQUIRE(matched < text_bytes && matched <= input_bytes);
        REQUIRE(matched == 0 || memcmp(input + input_bytes - matched, data + 2, matched) == 0);
    }
    return 0;
}
