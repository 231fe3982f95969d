/* What every fuzz target here has in common.
 *
 * A target checks properties, not examples: REQUIRE what must hold for any input. */
#ifndef HELLO_FUZZ_TARGET_H
#define HELLO_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one entry, as libFuzzer and replay.c call it. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Longer inputs find nothing new in these parsers. */
#define FUZZ_TEXT_BYTES 512

/* Stop, so that the fuzzer keeps the input, unless the condition holds. */
#define REQUIRE(condition)                                                                 \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/* The input as a string of its own, exactly as long as it must be, so that a sanitizer sees any
 * read beyond its end. To be freed. Returns NULL if it is too long. */
static inline char *fuzz_text(const uint8_t *data, size_t bytes)
{
    if (bytes > FUZZ_TEXT_BYTES)
        return NULL;
    char *text = malloc(bytes + 1);
    REQUIRE(text != NULL);
    if (bytes > 0)
        memcpy(text, data, bytes);
    text[bytes] = '\0';
    return text;
}

#endif
