#include "option_table_check.h"

#include "printed.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HELP_COLUMNS_MAX 100
#define LOWER            "abcdefghijklmnopqrstuvwxyz"
#define UPPER            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS           "0123456789"

/* One look at one table. */
struct check {
    const struct option_table *table;
    size_t configuration_bytes;
    char *problem;
};

static const char *row_name(const struct option_row *row)
{
    if (row->long_name != NULL)
        return row->long_name;
    return row->argument != NULL ? row->argument : "(no name)";
}

static bool unsound(struct check *check, const char *name, const char *what)
{
    snprintf(check->problem, OPTION_TABLE_PROBLEM_BYTES, "%s: %s", name, what);
    return false;
}

static bool only(const char *text, const char *allowed)
{
    return *text != '\0' && text[strspn(text, allowed)] == '\0';
}

static bool form_is_sound(struct check *check, const struct option_row *row)
{
    const char *name = row_name(row);
    char environment[OPTION_NAME_BYTES], other[OPTION_NAME_BYTES];

    if (row->kind == NULL)
        return unsound(check, name, "has no kind");
    if (row->long_name == NULL && (row->argument == NULL || row->short_name != 0))
        return unsound(check, name, "a positional has an argument name and no short name");
    if (row->long_name != NULL &&
        (!only(row->long_name, LOWER DIGITS "-") || strlen(row->long_name) > 40))
        return unsound(check, name, "the long name must be lower case, digits and dashes, <= 40");
    if (row->short_name != 0 && !isalnum((unsigned char)row->short_name))
        return unsound(check, name, "the short name must be a letter or a digit");
    if (row->kind->takes_value != (row->argument != NULL))
        return unsound(check, name, "an argument name goes with a value, and a value with it");
    if (row->help == NULL || !(islower((unsigned char)row->help[0]) || row->help[0] == '-') ||
        strchr(row->help, '\n') != NULL || row->help[strlen(row->help) - 1] == '.')
        return unsound(check, name, "the help must be one line, lower case, no full stop");

    option_environment_name(check->table, row, environment);
    option_short_name(row, other);
    if ((*environment != '\0' && !only(environment, UPPER DIGITS "_")) ||
        (*other != '\0' && !only(other, UPPER DIGITS "_")))
        return unsound(check, name, "the environment name must be upper case, digits and _");
    if (*environment != '\0' && (strcmp(name, "help") == 0 || strcmp(name, "version") == 0))
        return unsound(check, name, "must not be settable by environment");
    return true;
}

/* Do two rows share a name in the environment? */
static bool environment_is_shared(const struct option_table *table, const struct option_row *one,
                                  const struct option_row *other)
{
    char names[4][OPTION_NAME_BYTES];

    option_environment_name(table, one, names[0]);
    option_short_name(one, names[1]);
    option_environment_name(table, other, names[2]);
    option_short_name(other, names[3]);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 2; j < 4; j++) {
            if (*names[i] != '\0' && strcmp(names[i], names[j]) == 0)
                return true;
        }
    }
    return false;
}

/* Does this row get into the way of one before it? */
static bool row_is_apart(struct check *check, const struct option_row *row)
{
    for (const struct option_row *other = check->table->rows; other < row; other++) {
        if (strcmp(row_name(row), row_name(other)) == 0)
            return unsound(check, row_name(row), "the name is taken by another row");
        if (row->short_name != 0 && row->short_name == other->short_name)
            return unsound(check, row_name(row), "the short name is taken by another row");
        if (environment_is_shared(check->table, row, other))
            return unsound(check, row_name(row), "the environment name is taken by another row");
        if (row->offset < other->offset + other->kind->value_bytes &&
            other->offset < row->offset + row->kind->value_bytes)
            return unsound(check, row_name(row), "the field lies over that of another row");
    }
    return true;
}

static bool range_is_sound(struct check *check, const struct option_row *row)
{
    bool has_auto = false;

    if (row->offset + row->kind->value_bytes > check->configuration_bytes)
        return unsound(check, row_name(row), "the field lies outside of the configuration");
    if (row->kind == &option_choice && (row->choices == NULL || row->choices[0] == NULL))
        return unsound(check, row_name(row), "has no choices");
    if (row->max != 0 && row->min > row->max)
        return unsound(check, row_name(row), "min is above max");
    for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++)
        has_auto = has_auto || strcmp(row->choices[i], "auto") == 0;
    if (row->kind == &option_count && has_auto && row->min == 0)
        return unsound(check, row_name(row), "0 stands for auto, so min must be above 0");
    return true;
}

char *option_table_help(const struct option_table *table)
{
    struct printed printed;

    option_help(table, printed_begin(&printed));
    return printed_end(&printed);
}

char *option_table_settings(const struct option_table *table, const void *configuration)
{
    struct printed printed;

    option_print(table, configuration, NULL, NULL, printed_begin(&printed));
    return printed_end(&printed);
}

const char *option_table_setting(const struct option_table *table, const void *configuration,
                                 const char *expected, char line[OPTION_TABLE_LINE_BYTES])
{
    size_t name_bytes = strcspn(expected, "=") + 1;
    char *text = option_table_settings(table, configuration);

    line[0] = '\0';
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, expected, name_bytes) == 0)
            snprintf(line, OPTION_TABLE_LINE_BYTES, "%.*s", (int)strcspn(at, "\n"), at);
    }
    free(text);
    return line;
}

/* What the field holds, as text to be freed. */
static char *formatted(const struct option_row *row, const void *field)
{
    struct printed printed;

    row->kind->format(row, field, printed_begin(&printed));
    return printed_end(&printed);
}

static bool default_is_sound(struct check *check, const struct option_row *row)
{
    char what[160];
    char *field = calloc(1, row->kind->value_bytes);
    bool sound = true;

    assert_non_null(field);
    if (row->default_text != NULL &&
        row->kind->parse(row, row->default_text, field, what, sizeof(what)) != 0)
        sound = unsound(check, row_name(row), what);
    if (sound && row->default_text != NULL) {
        char *text = formatted(row, field);
        char *again = calloc(1, row->kind->value_bytes);
        char *text_again = NULL;
        assert_non_null(again);
        if (row->kind->parse(row, text, again, what, sizeof(what)) == 0)
            text_again = formatted(row, again);
        if (text_again == NULL || strcmp(text, text_again) != 0)
            sound = unsound(check, row_name(row), "the default is not read back as it is written");
        free(text_again);
        free(again);
        free(text);
    }
    free(field);
    return sound;
}

static bool help_is_sound(struct check *check)
{
    const struct option_table *table = check->table;
    char *help = option_table_help(table);
    bool sound = true;

    for (const char *line = help; sound && *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (strcspn(line, "\n") > HELP_COLUMNS_MAX)
            sound = unsound(check, table->program, "a line of the help is too long");
        if (line[strcspn(line, "\n")] == '\0')
            sound = unsound(check, table->program, "the help does not end its last line");
        if (!sound)
            break;
    }
    for (size_t i = 0; sound && i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];
        char left[64];
        snprintf(left, sizeof(left), "%s%s ", row->long_name != NULL ? " --" : "\n  ",
                 row_name(row));
        if (strstr(help, left) == NULL && row->help != NULL)
            sound = unsound(check, row_name(row), "is not in the help");
    }
    free(help);
    return sound;
}

bool option_table_is_sound(const struct option_table *table, size_t configuration_bytes,
                           char problem[OPTION_TABLE_PROBLEM_BYTES])
{
    struct check check = {
        .table = table, .configuration_bytes = configuration_bytes, .problem = problem};

    if (table->row_count == 0 || table->row_count > OPTION_ROWS_MAX)
        return unsound(&check, table->program, "must have 1 to OPTION_ROWS_MAX rows");
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];
        if (!form_is_sound(&check, row) || !range_is_sound(&check, row) ||
            !row_is_apart(&check, row) || !default_is_sound(&check, row))
            return false;
    }
    return help_is_sound(&check);
}

void option_table_check(const struct option_table *table, size_t configuration_bytes)
{
    char problem[OPTION_TABLE_PROBLEM_BYTES];

    if (!option_table_is_sound(table, configuration_bytes, problem))
        fail_msg("%s: %s", table->program, problem);
}
