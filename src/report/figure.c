#include "report/figure.h"

#include "base/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_HOUR (3600 * NS_PER_S)

/* Units, smallest first, and the limit from which the next unit is used: numbers that would round
 * to 1,000 use the next unit. Seconds have a high limit, since "3600s" is as short as "1.00h". */
static const struct {
    const char *name;
    uint64_t scale;
    double end;
} duration_units[] = {
    {"ns", 1, 999.5},        {"us", NS_PER_US, 999.5},  {"ms", NS_PER_MS, 999.5},
    {"s", NS_PER_S, 9999.5}, {"h", NS_PER_HOUR, 1e300},
};

/* How many digits after the point give three in total. */
static int decimals_of(double value)
{
    if (value < 9.995)
        return 2;
    return value < 99.95 ? 1 : 0;
}

char *figure_duration(uint64_t ns, char text[FIGURE_TEXT_BYTES])
{
    size_t unit = 0;
    double value = (double)ns;

    while (value >= duration_units[unit].end) {
        unit++;
        value = (double)ns / (double)duration_units[unit].scale;
    }
    snprintf(text, FIGURE_TEXT_BYTES, "%.*f%s", unit == 0 ? 0 : decimals_of(value), value,
             duration_units[unit].name);
    return text;
}

char *figure_count(uint64_t count, char text[FIGURE_TEXT_BYTES])
{
    char digits[FIGURE_TEXT_BYTES];
    size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count);
    char *to = text;

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

/* How many digits after the point give three significant ones, however small the value is. */
static int decimals_of_small(double value, int least)
{
    int decimals = least;

    for (double scale = value * 10; value > 0 && scale < 99.95 && decimals < 12; scale *= 10)
        decimals++;
    return decimals;
}

char *figure_rate(double per_s, char text[FIGURE_TEXT_BYTES])
{
    if (per_s >= 99.95 && per_s < 1e15)
        return figure_count((uint64_t)(per_s + 0.5), text);
    snprintf(text, FIGURE_TEXT_BYTES, "%.*f",
             per_s >= 9.995 ? decimals_of(per_s) : decimals_of_small(per_s, per_s > 0), per_s);
    return text;
}

char *figure_plain_rate(double per_s, char text[FIGURE_TEXT_BYTES])
{
    snprintf(text, FIGURE_TEXT_BYTES, "%.*f", decimals_of_small(per_s, 1), per_s);
    return text;
}

char *figure_percent(double share, char text[FIGURE_TEXT_BYTES])
{
    double percent = 100 * share;
    bool is_small = percent > 0 && percent < 9.95;

    snprintf(text, FIGURE_TEXT_BYTES, "%.*f %%", is_small ? 1 : 0, percent);
    return text;
}
