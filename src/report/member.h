/* Members of JSON objects, made by jansson, in the few ways that a report needs.
 *
 * Without memory for a member its object is freed and becomes NULL, and so does then all that the
 * object is put into. So a document may be built without a look at any part of it, and is NULL in
 * the end if anything is missing. */
#ifndef HELLO_MEMBER_H
#define HELLO_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Give *object one more member, or *array one more element; the value is taken over. */
void member_put(json_t **object, const char *name, json_t *value);
void element_put(json_t **array, json_t *value);

/* A number; those beyond 2^63 - 1 become that. _if: null unless it is known. */
void member_put_number(json_t **object, const char *name, uint64_t number);
void member_put_number_if(bool is_known, json_t **object, const char *name, uint64_t number);

/* A number with decimals; null if it is not finite, since JSON has no such numbers. */
void member_put_real(json_t **object, const char *name, double number);

/* Text; NULL becomes null. JSON is UTF-8: text that is not is written with C escapes. */
void member_put_text(json_t **object, const char *name, const char *text);

/* Text that is empty if it is unknown: null then. */
void member_put_fact(json_t **object, const char *name, const char *text);

/* A time of day, UTC: "2026-01-31T12:00:00.000000Z" (RFC 3339). */
void member_put_time(json_t **object, const char *name, uint64_t unix_ns);

/* Values: text as above, and any bytes as printable ASCII with C escapes. NULL without memory. */
json_t *member_of_text(const char *text);
json_t *member_of_bytes(const void *data, size_t bytes);

#endif
