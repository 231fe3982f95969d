/* The kinds of values, except bytes and addresses (option_bytes.c, option_address.c): how each is
 * read, its error text, and how it is written. */
#include "base/escape.h"
#include "base/units.h"
#include "option/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "auto, uring or epoll". */
static void choices_write(const char *const *choices, char *text, size_t text_bytes)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; choices[i] != NULL && used < text_bytes; i++) {
        const char *joint = i == 0 ? "" : choices[i + 1] != NULL ? ", " : " or ";
        int length = snprintf(text + used, text_bytes - used, "%s%s", joint, choices[i]);

        used += length > 0 ? (size_t)length : 0;
    }
}

/* Returns the index of text in the choices, or -1. */
static int choice_find(const char *const *choices, const char *text)
{
    for (int i = 0; choices != NULL && choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0)
            return i;
    }
    return -1;
}

static bool in_range(const struct option_row *row, uint64_t value)
{
    return value >= row->min && (row->max == 0 || value <= row->max);
}

/* Switches: on if on the command line (the text is then "1"), explicit in the environment. */

static const char *const switch_words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};

static int switch_parse(const struct option_row *row, const char *text, void *field, char *problem,
                        size_t problem_bytes)
{
    (void)row;
    for (size_t i = 0; i < sizeof(switch_words) / sizeof(switch_words[0]); i++) {
        if (strcasecmp(text, switch_words[i]) == 0) {
            *(bool *)field = i % 2 == 1;
            return 0;
        }
    }
    snprintf(problem, problem_bytes, "must be 1 or 0, yes or no, true or false, on or off");
    return -EINVAL;
}

static void switch_format(const struct option_row *row, const void *field, FILE *out)
{
    (void)row;
    fputc(*(const bool *)field ? '1' : '0', out);
}

/* Counts. */

static int count_kind_parse(const struct option_row *row, const char *text, void *field,
                            char *problem, size_t problem_bytes)
{
    const char *orelse = choice_find(row->choices, "auto") >= 0 ? ", or auto" : "";
    uint64_t count = 0;
    int result = 0;

    /* A row's min is above 0 when it knows "auto", so 0 can stand for it. */
    if (*orelse == '\0' || strcmp(text, "auto") != 0) {
        result = count_parse(text, &count);
        if (result == 0 && !in_range(row, count))
            result = -ERANGE;
    }
    if (result == 0) {
        *(uint64_t *)field = count;
        return 0;
    }
    const char *what = result == -EINVAL ? "not a whole number (k, M, G allowed); " : "";
    if (row->max == 0)
        snprintf(problem, problem_bytes, "%smust be at least %" PRIu64 "%s", what, row->min,
                 orelse);
    else
        snprintf(problem, problem_bytes, "%smust be %" PRIu64 " to %" PRIu64 "%s", what, row->min,
                 row->max, orelse);
    return result;
}

static void count_kind_format(const struct option_row *row, const void *field, FILE *out)
{
    uint64_t count = *(const uint64_t *)field;

    if (count == 0 && choice_find(row->choices, "auto") >= 0)
        fputs("auto", out);
    else
        fprintf(out, "%" PRIu64, count);
}

/* Durations. */

static int duration_kind_parse(const struct option_row *row, const char *text, void *field,
                               char *problem, size_t problem_bytes)
{
    char min[UNITS_TEXT_BYTES];
    char max[UNITS_TEXT_BYTES];
    uint64_t duration_ns;
    int result = duration_parse(text, &duration_ns);

    if (result == 0 && in_range(row, duration_ns)) {
        *(uint64_t *)field = duration_ns;
        return 0;
    }
    if (result == -EINVAL && *text != '\0' && text[strspn(text, "0123456789.")] == '\0') {
        snprintf(problem, problem_bytes, "needs a unit, such as 500ms or 2s");
        return -EINVAL;
    }
    const char *what = result == -EINVAL ? "not a duration, such as 500ms or 2s; " : "";
    duration_format(row->min, min);
    duration_format(row->max, max);
    if (row->max == 0)
        snprintf(problem, problem_bytes, "%smust be at least %s", what, min);
    else
        snprintf(problem, problem_bytes, "%smust be %s to %s", what, min, max);
    return result == 0 ? -ERANGE : result;
}

static void duration_kind_format(const struct option_row *row, const void *field, FILE *out)
{
    char text[UNITS_TEXT_BYTES];

    (void)row;
    fputs(duration_format(*(const uint64_t *)field, text), out);
}

/* Choices. */

static int choice_parse(const struct option_row *row, const char *text, void *field, char *problem,
                        size_t problem_bytes)
{
    char choices[160];
    int index = choice_find(row->choices, text);

    if (index >= 0) {
        *(unsigned *)field = (unsigned)index;
        return 0;
    }
    choices_write(row->choices, choices, sizeof(choices));
    snprintf(problem, problem_bytes, "must be %s", choices);
    return -EINVAL;
}

static void choice_format(const struct option_row *row, const void *field, FILE *out)
{
    fputs(row->choices[*(const unsigned *)field], out);
}

/* Text. */

static int text_parse(const struct option_row *row, const char *text, void *field, char *problem,
                      size_t problem_bytes)
{
    (void)row;
    (void)problem;
    (void)problem_bytes;
    *(const char **)field = text;
    return 0;
}

static void text_format(const struct option_row *row, const void *field, FILE *out)
{
    const char *text = *(const char *const *)field;

    (void)row;
    if (text != NULL)
        escape_put(text, out);
}

/* Texts. */

static int texts_parse(const struct option_row *row, const char *text, void *field, char *problem,
                       size_t problem_bytes)
{
    struct option_texts *value = field;

    (void)row;
    if (value->count == OPTION_TEXTS_MAX) {
        snprintf(problem, problem_bytes, "is one too many; give at most %d", OPTION_TEXTS_MAX);
        return -E2BIG;
    }
    value->items[value->count++] = text;
    return 0;
}

static void texts_format(const struct option_row *row, const void *field, FILE *out)
{
    const struct option_texts *value = field;

    (void)row;
    for (uint32_t i = 0; i < value->count; i++) {
        if (i > 0)
            fputc(' ', out);
        escape_put(value->items[i], out);
    }
}

/* Rates. */

static int rate_kind_parse(const struct option_row *row, const char *text, void *field,
                           char *problem, size_t problem_bytes)
{
    struct option_rate value = {0};
    char max[UNITS_TEXT_BYTES];
    uint64_t starts_max;
    int result = rate_parse(text, &value.starts, &value.period_ns);

    if (row->max == 0 || __builtin_mul_overflow(row->max, value.period_ns / NS_PER_S, &starts_max))
        starts_max = UINT64_MAX;
    if (result == 0 && value.starts >= 1 && value.starts <= starts_max) {
        *(struct option_rate *)field = value;
        return 0;
    }
    const char *what = result == -EINVAL ? "not a rate, such as 500, 20k/s, 100/m or 7/h; " : "";
    if (row->max == 0)
        snprintf(problem, problem_bytes, "%smust be at least 1/h", what);
    else
        snprintf(problem, problem_bytes, "%smust be 1/h to %s", what,
                 rate_format(row->max, NS_PER_S, max));
    return result == 0 ? -ERANGE : result;
}

static void rate_kind_format(const struct option_row *row, const void *field, FILE *out)
{
    const struct option_rate *value = field;
    char text[UNITS_TEXT_BYTES];

    (void)row;
    if (value->starts != 0)
        fputs(rate_format(value->starts, value->period_ns, text), out);
}

/* Ports. */

static int ports_parse(const struct option_row *row, const char *text, void *field, char *problem,
                       size_t problem_bytes)
{
    char *rest;
    unsigned long low = 0, high = 0;

    (void)row;
    if (isdigit((unsigned char)*text)) {
        low = high = strtoul(text, &rest, 10);
        if (*rest == '-' && isdigit((unsigned char)rest[1]))
            high = strtoul(rest + 1, &rest, 10);
        if (*rest != '\0')
            low = 0;
    }
    if (low == 0 || low > high || high > UINT16_MAX) {
        snprintf(problem, problem_bytes,
                 "must be LOW-HIGH or one port, 1 to 65535, such as 20000-29999");
        return -EINVAL;
    }
    *(struct option_ports *)field = (struct option_ports){(uint16_t)low, (uint16_t)high};
    return 0;
}

static void ports_format(const struct option_row *row, const void *field, FILE *out)
{
    const struct option_ports *value = field;

    (void)row;
    if (value->low != 0)
        fprintf(out, value->low == value->high ? "%u" : "%u-%u", value->low, value->high);
}

const struct option_kind option_switch = {
    .value_bytes = sizeof(bool), .parse = switch_parse, .format = switch_format};

const struct option_kind option_count = {.takes_value = true,
                                         .value_bytes = sizeof(uint64_t),
                                         .parse = count_kind_parse,
                                         .format = count_kind_format};

const struct option_kind option_duration = {.takes_value = true,
                                            .value_bytes = sizeof(uint64_t),
                                            .parse = duration_kind_parse,
                                            .format = duration_kind_format};

const struct option_kind option_choice = {.takes_value = true,
                                          .value_bytes = sizeof(unsigned),
                                          .parse = choice_parse,
                                          .format = choice_format};

const struct option_kind option_text = {.takes_value = true,
                                        .value_bytes = sizeof(const char *),
                                        .parse = text_parse,
                                        .format = text_format};

const struct option_kind option_texts = {.takes_value = true,
                                         .repeats = true,
                                         .value_bytes = sizeof(struct option_texts),
                                         .parse = texts_parse,
                                         .format = texts_format};

const struct option_kind option_rate = {.takes_value = true,
                                        .value_bytes = sizeof(struct option_rate),
                                        .parse = rate_kind_parse,
                                        .format = rate_kind_format};

const struct option_kind option_ports = {.takes_value = true,
                                         .value_bytes = sizeof(struct option_ports),
                                         .parse = ports_parse,
                                         .format = ports_format};
