/* Integer arithmetic only, and exact: a value is used exactly as typed, or refused. */
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS    "0123456789"
#define VALUE_MAX (UINT64_C(1) << 63)

/* The largest unit, the hour, is 2^13 * 3^2 * 5^11 ns, and a fraction that does not end in 0 adds
 * factors of 2 or of 5, never of both: so with more digits than this it cannot be whole. */
#define FRACTION_DIGITS_MAX 13

struct unit {
    const char *name;
    uint64_t scale;
};

/* Largest first: duration_format takes the first that fits. */
static const struct unit duration_units[] = {
    {"h", 3600 * NS_PER_S}, {"m", 60 * NS_PER_S}, {"s", NS_PER_S},
    {"ms", NS_PER_MS},      {"us", NS_PER_US},    {"ns", 1},
};

static const struct unit count_units[] = {
    {"", 1},
    {"k", UINT64_C(1000)},
    {"M", UINT64_C(1000000)},
    {"G", UINT64_C(1000000000)},
};

/* What a rate may be "per". */
static const struct unit period_units[] = {
    {"s", NS_PER_S},
    {"m", 60 * NS_PER_S},
    {"h", 3600 * NS_PER_S},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The parts of "12.50ms"; its digits do not include trailing zeros of the fraction. */
struct decimal {
    const char *whole;
    size_t whole_digits;
    const char *fraction;
    size_t fraction_digits;
    const char *unit;
};

static int decimal_split(const char *text, struct decimal *ret_decimal)
{
    struct decimal decimal = {.whole = text, .whole_digits = strspn(text, DIGITS)};
    if (decimal.whole_digits == 0)
        return -EINVAL;

    decimal.unit = text + decimal.whole_digits;
    decimal.fraction = decimal.unit;
    if (*decimal.unit == '.') {
        decimal.fraction = decimal.unit + 1;
        decimal.fraction_digits = strspn(decimal.fraction, DIGITS);
        if (decimal.fraction_digits == 0)
            return -EINVAL;
        decimal.unit = decimal.fraction + decimal.fraction_digits;
    }
    while (decimal.fraction_digits > 0 && decimal.fraction[decimal.fraction_digits - 1] == '0')
        decimal.fraction_digits--;
    *ret_decimal = decimal;
    return 0;
}

static int digits_value(const char *digits, size_t count, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value))
            return -ERANGE;
    }
    *ret_value = value;
    return 0;
}

/* The value of the fraction in units of 1/scale; -EINVAL if it is not a whole number. */
static int fraction_value(const struct decimal *decimal, uint64_t scale, uint64_t *ret_value)
{
    uint64_t digits = 0;
    if (decimal->fraction_digits > FRACTION_DIGITS_MAX ||
        digits_value(decimal->fraction, decimal->fraction_digits, &digits) < 0)
        return -EINVAL;

    /* digits * scale / 10^fraction_digits, the powers of ten cancelled first: cannot overflow. */
    uint64_t divisor = 1;
    for (size_t i = 0; i < decimal->fraction_digits; i++) {
        if (scale % 10 == 0)
            scale /= 10;
        else
            divisor *= 10;
    }
    if (digits * scale % divisor != 0)
        return -EINVAL;
    *ret_value = digits * scale / divisor;
    return 0;
}

static int decimal_value(const struct decimal *decimal, uint64_t scale, uint64_t *ret_value)
{
    uint64_t fraction;
    int result = fraction_value(decimal, scale, &fraction);
    if (result < 0)
        return result;

    uint64_t value;
    result = digits_value(decimal->whole, decimal->whole_digits, &value);
    if (result < 0)
        return result;
    if (__builtin_mul_overflow(value, scale, &value) ||
        __builtin_add_overflow(value, fraction, &value) || value > VALUE_MAX)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

static const struct unit *unit_find(const struct unit *units, size_t count, const char *name,
                                    size_t name_bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(units[i].name) == name_bytes && memcmp(units[i].name, name, name_bytes) == 0)
            return &units[i];
    }
    return NULL;
}

int duration_parse(const char *text, uint64_t *ret_ns)
{
    struct decimal decimal;
    int result = decimal_split(text, &decimal);
    if (result < 0)
        return result;

    /* Zero needs no unit. */
    if (*decimal.unit == '\0' && decimal.fraction_digits == 0 &&
        strspn(text, "0") == decimal.whole_digits) {
        *ret_ns = 0;
        return 0;
    }
    const struct unit *unit =
        unit_find(duration_units, COUNT_OF(duration_units), decimal.unit, strlen(decimal.unit));
    if (unit == NULL)
        return -EINVAL;
    return decimal_value(&decimal, unit->scale, ret_ns);
}

/* A count that ends with the text, or before the character `end`. */
static int count_parse_until(const char *text, char end, uint64_t *ret_count)
{
    const char ends[] = {end, '\0'};
    struct decimal decimal;
    int result = decimal_split(text, &decimal);
    if (result < 0)
        return result;

    const struct unit *unit =
        unit_find(count_units, COUNT_OF(count_units), decimal.unit, strcspn(decimal.unit, ends));
    if (unit == NULL)
        return -EINVAL;
    return decimal_value(&decimal, unit->scale, ret_count);
}

int count_parse(const char *text, uint64_t *ret_count)
{
    return count_parse_until(text, '\0', ret_count);
}

int rate_parse(const char *text, uint64_t *ret_count, uint64_t *ret_period_ns)
{
    const char *slash = strchr(text, '/');
    const char *name = slash != NULL ? slash + 1 : "s";
    const struct unit *period = unit_find(period_units, COUNT_OF(period_units), name, strlen(name));
    if (period == NULL)
        return -EINVAL;

    int result = count_parse_until(text, '/', ret_count);
    if (result == 0)
        *ret_period_ns = period->scale;
    return result;
}

char *duration_format(uint64_t ns, char text[UNITS_TEXT_BYTES])
{
    /* 0 is whole in hours too, but nobody writes 0h. */
    const struct unit *unit = unit_find(duration_units, COUNT_OF(duration_units), "s", 1);
    if (ns != 0) {
        unit = duration_units;
        while (ns % unit->scale != 0)
            unit++;
    }
    snprintf(text, UNITS_TEXT_BYTES, "%" PRIu64 "%s", ns / unit->scale, unit->name);
    return text;
}

char *rate_format(uint64_t count, uint64_t period_ns, char text[UNITS_TEXT_BYTES])
{
    const struct unit *period = period_units;
    while (period < period_units + COUNT_OF(period_units) - 1 && period->scale != period_ns)
        period++;

    const struct unit *unit = count_units;
    if (count != 0) {
        unit += COUNT_OF(count_units) - 1;
        while (count % unit->scale != 0)
            unit--;
    }
    snprintf(text, UNITS_TEXT_BYTES, "%" PRIu64 "%s/%s", count / unit->scale, unit->name,
             period->name);
    return text;
}
