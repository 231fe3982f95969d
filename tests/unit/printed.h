/* What is printed to a stream, as a text. */
#ifndef HELLO_PRINTED_H
#define HELLO_PRINTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct printed {
    FILE *out;
    char *text;
    size_t bytes;
};

/* Returns the stream to print to. End it with printed_end. */
static inline FILE *printed_begin(struct printed *printed)
{
    printed->out = open_memstream(&printed->text, &printed->bytes);
    assert_non_null(printed->out);
    return printed->out;
}

/* Returns all that was printed, to be freed. */
static inline char *printed_end(struct printed *printed)
{
    assert_int_equal(0, fclose(printed->out));
    return printed->text;
}

#endif
