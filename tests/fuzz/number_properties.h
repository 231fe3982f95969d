/* Properties that durations and counts share. */
#ifndef HELLO_FUZZ_NUMBER_PROPERTIES_H
#define HELLO_FUZZ_NUMBER_PROPERTIES_H

#include "fuzz_target.h"

#include <errno.h>

#define NUMBER_UNTOUCHED UINT64_C(0xfeedfacecafebeef)
#define NUMBER_MAX       (UINT64_C(1) << 63)

typedef int number_parser(const char *text, uint64_t *ret_number);

/* Parse text; the outcome must be one of those that the header names. Returns the parser's result.
 */
static inline int number_parse_checked(number_parser *parse, const char *text, uint64_t *ret_number)
{
    uint64_t number = NUMBER_UNTOUCHED;
    int result = parse(text, &number);

    REQUIRE(result == 0 || result == -EINVAL || result == -ERANGE);
    REQUIRE(result == 0 ? number <= NUMBER_MAX : number == NUMBER_UNTOUCHED);
    *ret_number = number;
    return result;
}

/* A zero in front changes nothing, unless it makes a number of what was none (".5s"). */
static inline void number_ignores_leading_zero(number_parser *parse, const char *text, int result,
                                               uint64_t number)
{
    char longer[FUZZ_TEXT_BYTES + 2];
    uint64_t again;

    if (text[0] < '0' || text[0] > '9')
        return;
    snprintf(longer, sizeof(longer), "0%s", text);
    REQUIRE(number_parse_checked(parse, longer, &again) == result);
    REQUIRE(again == number);
}

/* So does one that ends the fraction. */
static inline void number_ignores_trailing_zero(number_parser *parse, const char *text, int result,
                                                uint64_t number)
{
    char longer[FUZZ_TEXT_BYTES + 2];
    uint64_t again;
    const char *point = strchr(text, '.');
    size_t end = point == NULL ? 0 : (size_t)(point - text) + 1;

    if (point == NULL || strspn(point + 1, "0123456789") == 0)
        return;
    end += strspn(point + 1, "0123456789");
    snprintf(longer, sizeof(longer), "%.*s0%s", (int)end, text, text + end);
    REQUIRE(number_parse_checked(parse, longer, &again) == result);
    REQUIRE(again == number);
}

#endif
