#include "host/usage_text.h"

#include "base/fact.h"
#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A part of the text between blanks; length 0 at the end of a line. */
struct word {
    const char *start;
    size_t length;
};

/* Take the next word of the line. */
static struct word word_next(const char **cursor)
{
    struct word word = {.start = *cursor + strspn(*cursor, " \t")};

    word.length = strcspn(word.start, " \t\n");
    *cursor = word.start + word.length;
    return word;
}

static bool word_is(struct word word, const char *name)
{
    return strlen(name) == word.length && memcmp(word.start, name, word.length) == 0;
}

/* The number in a word, as a fact. */
static uint64_t word_number(struct word word)
{
    uint64_t number = 0;

    for (size_t i = 0; i < word.length; i++) {
        if (word.start[i] < '0' || word.start[i] > '9')
            return FACT_UNKNOWN;
        number = number * 10 + (uint64_t)(word.start[i] - '0');
    }
    return word.length > 0 ? number : FACT_UNKNOWN;
}

/* The line after this one; the end of the text after the last. */
static const char *line_next(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : line;
}

/* Which column of which line goes where. */
struct column {
    const char *line, *name; /* without a name it ends the list */
    size_t offset;           /* in struct usage or usage_more */
};

static const struct column usage_columns[] = {
    {"Tcp:", "ActiveOpens", offsetof(struct usage, active_opens)},
    {"Tcp:", "PassiveOpens", offsetof(struct usage, passive_opens)},
    {"Tcp:", "RetransSegs", offsetof(struct usage, retransmits)},
    {"TcpExt:", "TCPSynRetrans", offsetof(struct usage, syn_retransmits)},
    {"TcpExt:", "ListenOverflows", offsetof(struct usage, listen_overflows)},
    {"TcpExt:", "ListenDrops", offsetof(struct usage, listen_drops)},
    {NULL, NULL, 0},
};
static const struct column more_columns[] = {
    {"TcpExt:", "SyncookiesSent", offsetof(struct usage_more, syncookies_sent)},
    {NULL, NULL, 0},
};

/* Read a line of names and its line of values, both after their first word. */
static void pair_read(struct word line, const char *names, const char *values,
                      const struct column *columns, void *totals)
{
    for (;;) {
        struct word name = word_next(&names);
        struct word value = word_next(&values);

        if (name.length == 0 || value.length == 0)
            return;
        for (const struct column *column = columns; column->name; column++) {
            if (word_is(name, column->name) && word_is(line, column->line))
                *(uint64_t *)(void *)((char *)totals + column->offset) = word_number(value);
        }
    }
}

static bool line_is_wanted(struct word line, const struct column *columns)
{
    for (const struct column *column = columns; column->name; column++) {
        if (word_is(line, column->line))
            return true;
    }
    return false;
}

static void columns_read(const char *text, const struct column *columns, void *totals)
{
    while (*text) {
        const char *names = text;
        const char *values = line_next(text);
        struct word line = word_next(&names);
        const char *after_names = values;

        text = values;
        if (!line_is_wanted(line, columns) || *after_names == '\0')
            continue;
        if (word_next(&values).length == line.length &&
            memcmp(after_names, line.start, line.length) == 0) {
            pair_read(line, names, values, columns, totals);
            text = line_next(after_names);
        }
    }
}

void usage_text_tcp(const char *text, struct usage *usage)
{
    columns_read(text, usage_columns, usage);
}

void usage_text_tcp_more(const char *text, struct usage_more *more)
{
    columns_read(text, more_columns, more);
}

static void fact_add(uint64_t *sum, uint64_t value, uint64_t unit)
{
    *sum = fact_is_number(*sum) && fact_is_number(value) ? *sum + value * unit : FACT_UNKNOWN;
}

void usage_text_throttling(const char *text, struct usage *usage)
{
    for (; *text; text = line_next(text)) {
        const char *cursor = text;
        struct word name = word_next(&cursor);
        uint64_t value = word_number(word_next(&cursor));

        if (word_is(name, "nr_throttled"))
            fact_add(&usage->throttled_count, value, 1);
        else if (word_is(name, "throttled_time")) /* v1 */
            fact_add(&usage->throttled_ns, value, 1);
        else if (word_is(name, "throttled_usec")) /* v2 */
            fact_add(&usage->throttled_ns, value, NS_PER_US);
    }
}

void usage_text_periods(const char *text, struct usage_more *more)
{
    for (; *text; text = line_next(text)) {
        const char *cursor = text;
        struct word name = word_next(&cursor);

        if (word_is(name, "nr_periods"))
            fact_add(&more->period_count, word_number(word_next(&cursor)), 1);
    }
}
