#include "result/member.h"

#include "base/escape.h"
#include "base/time_utc.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void member_put(json_t **object, const char *name, json_t *value)
{
    if (json_object_set_new(*object, name, value) == 0)
        return;
    json_decref(*object);
    *object = NULL;
}

void element_put(json_t **array, json_t *value)
{
    if (json_array_append_new(*array, value) == 0)
        return;
    json_decref(*array);
    *array = NULL;
}

void member_put_number(json_t **object, const char *name, uint64_t number)
{
    member_put(object, name, json_integer(number < INT64_MAX ? (json_int_t)number : INT64_MAX));
}

void member_put_number_if(bool is_known, json_t **object, const char *name, uint64_t number)
{
    if (is_known)
        member_put_number(object, name, number);
    else
        member_put(object, name, json_null());
}

void member_put_real(json_t **object, const char *name, double number)
{
    member_put(object, name, isfinite(number) ? json_real(number) : json_null());
}

void member_put_text(json_t **object, const char *name, const char *text)
{
    member_put(object, name, member_of_text(text));
}

void member_put_fact(json_t **object, const char *name, const char *text)
{
    member_put_text(object, name, *text != '\0' ? text : NULL);
}

void member_put_time(json_t **object, const char *name, uint64_t unix_ns)
{
    char text[TIME_UTC_BYTES];

    member_put_text(object, name, time_utc_format(unix_ns, text));
}

json_t *member_of_text(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *json = json_string(text);
    return json != NULL ? json : member_of_bytes(text, strlen(text));
}

json_t *member_of_bytes(const void *data, size_t bytes)
{
    size_t room = 4 * bytes + 1; /* each byte needs at most four characters */
    char *text = malloc(room);
    json_t *json = text != NULL ? json_string(escape_encode(data, bytes, text, room)) : NULL;

    free(text);
    return json;
}
