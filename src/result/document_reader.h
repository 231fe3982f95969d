/* Reads members of JSON objects, for document_read.c. The first that is missing or has the wrong
 * type is an error; all later reads return 0, so the caller checks for errors once, at the end.
 *
 * Thread rule: for one thread. */
#ifndef HELLO_DOCUMENT_READER_H
#define HELLO_DOCUMENT_READER_H

#include "result/document.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct document_reader {
    int error;         /* 0, or the first error, -errno */
    const char *where; /* what is being read: "run", "result" */
    char *text;        /* DOCUMENT_ERROR_BYTES: what is wrong */
    struct histogram_codec *codec;
};

/* Record what is wrong with this member, unless there is an earlier error. */
void reader_fail(struct document_reader *reader, const char *name, const char *problem);

/* The object or array with this name; NULL if it is missing. */
json_t *reader_object(struct document_reader *reader, json_t *object, const char *name);
json_t *reader_object_or_null(struct document_reader *reader, json_t *object, const char *name);
json_t *reader_array(struct document_reader *reader, json_t *object, const char *name);

/* A number that is not negative. _or: returns `instead` for null. */
uint64_t reader_number(struct document_reader *reader, json_t *object, const char *name);
uint64_t reader_number_or(struct document_reader *reader, json_t *object, const char *name,
                          uint64_t instead);

/* A number with decimals; NAN for null. */
double reader_real(struct document_reader *reader, json_t *object, const char *name);

bool reader_truth(struct document_reader *reader, json_t *object, const char *name);

/* Text, owned by the object; NULL for null. */
const char *reader_text(struct document_reader *reader, json_t *object, const char *name);

/* The same, copied; "" for null. A text that does not fit is an error. */
void reader_copy(struct document_reader *reader, json_t *object, const char *name, char *text,
                 size_t text_bytes);

/* Bytes that were written with escapes. Returns their number. */
size_t reader_bytes(struct document_reader *reader, json_t *object, const char *name, void *data,
                    size_t data_bytes);

/* A word, as its index in a list that ends with NULL. */
unsigned reader_choice(struct document_reader *reader, json_t *object, const char *name,
                       const char *const *choices);

#endif
