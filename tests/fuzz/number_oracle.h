/* What a number with a unit is worth, worked out by another way than the parsers take: digit by
 * digit as on paper, so that nothing can overflow. */
#ifndef HELLO_FUZZ_NUMBER_ORACLE_H
#define HELLO_FUZZ_NUMBER_ORACLE_H

#include "fuzz_target.h"

#include <errno.h>

#define NUMBER_UNTOUCHED UINT64_C(0xfeedfacecafebeef)
#define NUMBER_MAX       (UINT64_C(1) << 63)

/* scale 0: only nothing may have this unit. The last row has no name. */
struct number_unit {
    const char *name;
    uint64_t scale;
};

/* Digits of a product of FUZZ_TEXT_BYTES digits and a 64-bit scale, the last one last. */
struct number_product {
    unsigned char digits[FUZZ_TEXT_BYTES + 20];
};

static inline struct number_product number_multiply(const char *digits, size_t count,
                                                    uint64_t scale)
{
    struct number_product product = {{0}};
    uint64_t carry = 0;

    for (size_t i = 0; i < sizeof(product.digits); i++) {
        carry += i < count ? (uint64_t)(digits[count - 1 - i] - '0') * scale : 0;
        product.digits[sizeof(product.digits) - 1 - i] = (unsigned char)(carry % 10);
        carry /= 10;
    }
    return product;
}

/* What the parser must return for this text, and give. */
static inline int number_expected(const char *text, const struct number_unit *unit,
                                  uint64_t *ret_number)
{
    char digits[FUZZ_TEXT_BYTES + 1];
    size_t whole = strspn(text, "0123456789");
    size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    const char *name = text + whole + (text[whole] == '.' ? 1 + fraction : 0);

    if (whole == 0 || (text[whole] == '.' && fraction == 0))
        return -EINVAL;
    snprintf(digits, sizeof(digits), "%.*s%.*s", (int)whole, text, (int)fraction, text + whole + 1);
    while (unit->name != NULL && strcmp(unit->name, name) != 0)
        unit++;
    if (unit->name == NULL || (unit->scale == 0 && strspn(digits, "0") != whole + fraction))
        return -EINVAL;

    struct number_product product = number_multiply(digits, whole + fraction, unit->scale);
    size_t point = sizeof(product.digits) - fraction;
    for (size_t i = point; i < sizeof(product.digits); i++) {
        if (product.digits[i] != 0)
            return -EINVAL;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < point; i++) {
        if (number > (NUMBER_MAX - product.digits[i]) / 10)
            return -ERANGE;
        number = number * 10 + product.digits[i];
    }
    *ret_number = number;
    return 0;
}

typedef int number_parser(const char *text, uint64_t *ret_number);

/* Parse text and compare with what is expected. Returns true, and the number, if it is one. */
static inline bool number_check(number_parser *parse, const char *text,
                                const struct number_unit *units, uint64_t *ret_number)
{
    uint64_t expected = NUMBER_UNTOUCHED;
    int expected_result = number_expected(text, units, &expected);

    *ret_number = NUMBER_UNTOUCHED;
    REQUIRE(parse(text, ret_number) == expected_result);
    REQUIRE(*ret_number == expected);
    return expected_result == 0;
}

#endif
