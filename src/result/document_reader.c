#include "result/document_reader.h"

#include "base/escape.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void reader_fail(struct document_reader *reader, const char *name, const char *problem)
{
    if (reader->error < 0)
        return;
    reader->error = -EINVAL;
    snprintf(reader->text, DOCUMENT_ERROR_BYTES, "'%s' in '%s' %s", name, reader->where, problem);
}

/* A required member. */
static json_t *reader_member(struct document_reader *reader, json_t *object, const char *name)
{
    json_t *member = json_object_get(object, name);

    if (!member)
        reader_fail(reader, name, "is missing");
    return member;
}

json_t *reader_object(struct document_reader *reader, json_t *object, const char *name)
{
    json_t *member = reader_member(reader, object, name);

    if (member && !json_is_object(member))
        reader_fail(reader, name, "is not an object");
    return json_is_object(member) ? member : NULL;
}

json_t *reader_object_or_null(struct document_reader *reader, json_t *object, const char *name)
{
    if (json_is_null(json_object_get(object, name)))
        return NULL;
    return reader_object(reader, object, name);
}

json_t *reader_array(struct document_reader *reader, json_t *object, const char *name)
{
    json_t *member = reader_member(reader, object, name);

    if (member && !json_is_array(member))
        reader_fail(reader, name, "is not an array");
    return json_is_array(member) ? member : NULL;
}

/* The value of a member as a number that is not negative. */
static uint64_t number_of(struct document_reader *reader, const json_t *member, const char *name)
{
    if (member && (!json_is_integer(member) || json_integer_value(member) < 0))
        reader_fail(reader, name, "is not a whole number of 0 or more");
    return reader->error < 0 ? 0 : (uint64_t)json_integer_value(member);
}

uint64_t reader_number(struct document_reader *reader, json_t *object, const char *name)
{
    return number_of(reader, reader_member(reader, object, name), name);
}

uint64_t reader_number_or(struct document_reader *reader, json_t *object, const char *name,
                          uint64_t instead)
{
    const json_t *member = reader_member(reader, object, name);

    return json_is_null(member) ? instead : number_of(reader, member, name);
}

double reader_real(struct document_reader *reader, json_t *object, const char *name)
{
    const json_t *member = reader_member(reader, object, name);

    if (json_is_null(member))
        return (double)NAN;
    if (member && !json_is_number(member))
        reader_fail(reader, name, "is not a number");
    return json_number_value(member);
}

bool reader_truth(struct document_reader *reader, json_t *object, const char *name)
{
    const json_t *member = reader_member(reader, object, name);

    if (member && !json_is_boolean(member))
        reader_fail(reader, name, "is not true or false");
    return json_is_true(member);
}

const char *reader_text(struct document_reader *reader, json_t *object, const char *name)
{
    const json_t *member = reader_member(reader, object, name);

    if (member && !json_is_null(member) && !json_is_string(member))
        reader_fail(reader, name, "is not text");
    return json_string_value(member);
}

void reader_copy(struct document_reader *reader, json_t *object, const char *name, char *text,
                 size_t text_bytes)
{
    const char *value = reader_text(reader, object, name);

    if (value && strlen(value) >= text_bytes)
        reader_fail(reader, name, "is too long");
    snprintf(text, text_bytes, "%s", value ? value : "");
}

size_t reader_bytes(struct document_reader *reader, json_t *object, const char *name, void *data,
                    size_t data_bytes)
{
    const char *value = reader_text(reader, object, name);
    size_t bytes = 0;
    int result;

    if (!value)
        return 0;
    result = escape_decode(value, data, data_bytes, &bytes);
    if (result < 0)
        reader_fail(reader, name, result == -ENOSPC ? "is too long" : "has an invalid escape");
    return result < 0 ? 0 : bytes;
}

unsigned reader_choice(struct document_reader *reader, json_t *object, const char *name,
                       const char *const *choices)
{
    const char *value = reader_text(reader, object, name);

    for (unsigned i = 0; choices[i]; i++) {
        if (value && strcmp(choices[i], value) == 0)
            return i;
    }
    reader_fail(reader, name, "is not one of the allowed words");
    return 0;
}
