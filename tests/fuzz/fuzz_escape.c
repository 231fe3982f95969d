#include "base/escape.h"
#include "fuzz_target.h"

#include <errno.h>

#define UNTOUCHED SIZE_MAX

/* Decode into a block of exactly this capacity, so that a sanitizer sees a byte too many. */
static int decode_checked(const char *text, size_t capacity, unsigned char **ret_out,
                          size_t *ret_bytes)
{
    unsigned char *out = malloc(capacity + 1);
    size_t bytes = UNTOUCHED;

    REQUIRE(out != NULL);
    memset(out, 0x5a, capacity + 1);
    int result = escape_decode(text, out, capacity, &bytes);
    REQUIRE(result == 0 || result == -EINVAL || result == -ENOSPC);
    REQUIRE(result != 0 || bytes <= capacity);
    REQUIRE(result != -ENOSPC || bytes == UNTOUCHED);
    REQUIRE(result != -EINVAL || text[bytes] == '\\');
    /* Nothing is written beyond the result, and nothing at all without one. */
    for (size_t i = result == 0 ? bytes : 0; i < capacity + 1; i++)
        REQUIRE(out[i] == 0x5a);
    *ret_out = out;
    *ret_bytes = bytes;
    return result;
}

static void encoded_bytes_are_read_back(const uint8_t *data, size_t bytes)
{
    size_t text_bytes = 4 * bytes + 1;
    char *text = malloc(text_bytes);
    unsigned char *out;
    size_t again;

    REQUIRE(text != NULL);
    REQUIRE(escape_encode(data, bytes, text, text_bytes) == text);
    for (const char *at = text; *at != '\0'; at++)
        REQUIRE(*at >= ' ' && *at <= '~');
    REQUIRE(decode_checked(text, bytes, &out, &again) == 0);
    REQUIRE(again == bytes && (bytes == 0 || memcmp(out, data, bytes) == 0));
    free(out);
    if (bytes > 0) {
        REQUIRE(decode_checked(text, bytes - 1, &out, &again) == -ENOSPC);
        free(out);
    }
    free(text);
}

/* Cut or not, the text fits, and but for the dots it is a beginning of the data. */
static void cut_text_is_a_beginning(const uint8_t *data, size_t bytes, size_t text_bytes)
{
    char *text = malloc(text_bytes + 1);
    unsigned char *out;
    size_t again;

    REQUIRE(text != NULL);
    memset(text, 0x5a, text_bytes + 1);
    escape_encode(data, bytes, text, text_bytes);
    REQUIRE(text[text_bytes] == 0x5a);
    if (text_bytes > 3) {
        REQUIRE(memchr(text, '\0', text_bytes) != NULL);
        REQUIRE(decode_checked(text, bytes + 3, &out, &again) == 0);
        if (again != bytes || memcmp(out, data, bytes) != 0) {
            REQUIRE(again >= 3 && memcmp(out + again - 3, "...", 3) == 0);
            REQUIRE(again - 3 < bytes && memcmp(out, data, again - 3) == 0);
        }
        free(out);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    unsigned char *out;
    size_t decoded;

    if (text == NULL)
        return 0;
    int result = decode_checked(text, bytes, &out, &decoded);
    REQUIRE(result != -ENOSPC); /* decoding never makes it longer */
    if (result == 0)
        encoded_bytes_are_read_back(out, decoded);
    free(out);
    encoded_bytes_are_read_back(data, bytes);
    cut_text_is_a_beginning(data, bytes, bytes > 0 ? data[0] : 0);
    free(text);
    return 0;
}
