/* Helpers to add members to JSON objects with jansson.
 *
 * If memory runs out, the object is freed and becomes NULL, and so does every object that it is put
 * into. So the caller checks only the finished document: it is NULL if anything is missing. */
#ifndef HELLO_MEMBER_H
#define HELLO_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Add a member to *object, or an element to *array; it takes ownership of the value. */
void member_put(json_t **object, const char *name, json_t *value);
void element_put(json_t **array, json_t *value);

/* A number, at most 2^63 - 1 (larger ones become that). _if: null if it is not known. */
void member_put_number(json_t **object, const char *name, uint64_t number);
void member_put_number_if(bool is_known, json_t **object, const char *name, uint64_t number);

/* A number with decimals; null if it is not finite, because JSON has no such numbers. */
void member_put_real(json_t **object, const char *name, double number);

/* Text; NULL becomes null. JSON is UTF-8: other text is written with C escapes. */
void member_put_text(json_t **object, const char *name, const char *text);

/* Text that is empty if unknown; written as null then. */
void member_put_fact(json_t **object, const char *name, const char *text);

/* A time of day, UTC: "2026-01-31T12:00:00.000000Z" (RFC 3339). */
void member_put_time(json_t **object, const char *name, uint64_t unix_ns);

/* Values: text as above, and any bytes as printable ASCII with C escapes. NULL: out of memory. */
json_t *member_of_text(const char *text);
json_t *member_of_bytes(const void *data, size_t bytes);

#endif
