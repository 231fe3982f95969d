#include "option/option.h"

#include "base/check.h"
#include "base/escape.h"
#include "option/option_environment.h"
#include "option/option_nearest.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEM_BYTES 256
#define SHOWN_BYTES   96 /* how much of a user's text an error shows */

/* getopt_long returns a character for a short option, and this plus the row for a long one. */
#define LONG_CODE 256

/* One run of option_parse. */
struct parse {
    const struct option_table *table;
    char *configuration;
    enum option_source *sources;
    char *error;
    size_t positionals;  /* how many were found */
    bool help_requested; /* --help or --version: stop checking */
};

static bool is_positional(const struct option_row *row)
{
    return row->long_name == NULL;
}

char *option_title(const struct option_table *table, const struct option_row *row,
                   enum option_source source, char title[OPTION_TITLE_BYTES])
{
    char name[OPTION_NAME_BYTES];

    if (source == OPTION_FROM_ENVIRONMENT || source == OPTION_FROM_SHORT_ENVIRONMENT)
        snprintf(title, OPTION_TITLE_BYTES, "%s=", option_source_name(table, row, source, name));
    else if (is_positional(row))
        snprintf(title, OPTION_TITLE_BYTES, "%s ", row->argument);
    else
        snprintf(title, OPTION_TITLE_BYTES, "--%s ", row->long_name);
    return title;
}

/* Returns the row whose long name is the first `bytes` of name, or row_count. */
static size_t long_find(const struct option_table *table, const char *name, size_t bytes)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const char *known = table->rows[i].long_name;
        if (known != NULL && strlen(known) == bytes && memcmp(known, name, bytes) == 0)
            return i;
    }
    return table->row_count;
}

size_t option_row_find(const struct option_table *table, const char *name)
{
    size_t row = long_find(table, name, strlen(name));

    for (size_t i = 0; row == table->row_count && i < table->row_count; i++) {
        if (is_positional(&table->rows[i]) && strcmp(table->rows[i].argument, name) == 0)
            row = i;
    }
    CHECK(row < table->row_count, "%s has no option '%s'", table->program, name);
    return row;
}

/* Returns the long name that was most likely meant, or NULL if none is near. */
static const char *nearest_name(const struct option_table *table, const char *name, size_t bytes)
{
    struct option_nearest nearest = option_nearest_start(name, bytes, bytes / 3 + 1);

    for (size_t i = 0; i < table->row_count; i++) {
        if (!is_positional(&table->rows[i]))
            option_nearest_offer(&nearest, table->rows[i].long_name);
    }
    return nearest.found;
}

/* Reject an option, and suggest another: names from other programs come first. */
static int unknown_option(struct parse *parse, const char *argument, size_t bytes)
{
    char shown[SHOWN_BYTES];
    const char *hint = option_hint_find(parse->table, argument, bytes);
    const char *nearest =
        argument[1] == '-' ? nearest_name(parse->table, argument + 2, bytes - 2) : NULL;

    escape_encode(argument, bytes, shown, sizeof(shown));
    if (hint != NULL)
        snprintf(parse->error, OPTION_ERROR_BYTES, "unknown option '%s'; %s", shown, hint);
    else if (nearest != NULL)
        snprintf(parse->error, OPTION_ERROR_BYTES,
                 "unknown option '%s'; did you mean '--%s'? see --help", shown, nearest);
    else
        snprintf(parse->error, OPTION_ERROR_BYTES, "unknown option '%s'; see --help", shown);
    return -EINVAL;
}

/* "-rate=5", the form of Go programs, would be read as -r with the value "ate=5". */
static int single_dash_check(struct parse *parse, const char *argument)
{
    size_t bytes = strcspn(argument + 1, "=");
    size_t row = long_find(parse->table, argument + 1, bytes);

    if (argument[0] != '-' || bytes < 2 || row == parse->table->row_count)
        return 0;
    snprintf(parse->error, OPTION_ERROR_BYTES, "unknown option '-%s'; did you mean '--%s'?",
             parse->table->rows[row].long_name, parse->table->rows[row].long_name);
    return -EINVAL;
}

/* getopt_long accepts abbreviations, so a new option could change what a script means. So compare a
 * long name here first. */
static int long_check(struct parse *parse, const char *argument)
{
    size_t bytes = strcspn(argument, "=");
    size_t row = long_find(parse->table, argument + 2, bytes - 2);

    if (row == parse->table->row_count)
        return unknown_option(parse, argument, bytes);
    if (argument[bytes] == '=' && !parse->table->rows[row].kind->takes_value) {
        snprintf(parse->error, OPTION_ERROR_BYTES, "--%s takes no value; leave out '='",
                 parse->table->rows[row].long_name);
        return -EINVAL;
    }
    return 0;
}

/* Set one row's field, or write which value is wrong and why. */
static int value_take(struct parse *parse, size_t index, enum option_source source,
                      const char *text)
{
    const struct option_row *row = &parse->table->rows[index];
    char title[OPTION_TITLE_BYTES];
    char shown[SHOWN_BYTES];
    char problem[PROBLEM_BYTES] = "is not understood";

    int result =
        row->kind->parse(row, text, parse->configuration + row->offset, problem, sizeof(problem));
    if (result == 0) {
        parse->sources[index] = source;
        return 0;
    }
    bool has_advice = result == -EINVAL && row->advice != NULL;
    option_title(parse->table, row, source, title);
    if (row->kind->hides_value)
        snprintf(parse->error, OPTION_ERROR_BYTES, "%.*s: %s", (int)strlen(title) - 1, title,
                 problem);
    else
        snprintf(parse->error, OPTION_ERROR_BYTES, "%s'%s': %s%s%s", title,
                 escape_encode(text, strlen(text), shown, sizeof(shown)), problem,
                 has_advice ? "; " : "", has_advice ? row->advice : "");
    return -EINVAL;
}

/* Tables for getopt_long, made from ours. */
struct getopt_tables {
    char shorts[2 * OPTION_ROWS_MAX + 3];
    struct option longs[OPTION_ROWS_MAX + 1];
};

static void getopt_tables_fill(struct getopt_tables *tables, const struct option_table *table)
{
    /* "-": return positionals in place, without reordering; ":": report a missing value as ':'. */
    char *to = stpcpy(tables->shorts, "-:");
    struct option *longs = tables->longs;

    for (size_t i = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];
        if (is_positional(row))
            continue;
        *longs++ = (struct option){
            .name = row->long_name,
            .has_arg = row->kind->takes_value ? required_argument : no_argument,
            .val = LONG_CODE + (int)i,
        };
        if (row->short_name != 0) {
            *to++ = row->short_name;
            if (row->kind->takes_value)
                *to++ = ':';
        }
    }
    *to = '\0';
    *longs = (struct option){0};
}

/* Returns the row that getopt_long's code stands for, or row_count. */
static size_t code_find(const struct option_table *table, int code)
{
    if (code >= LONG_CODE)
        return (size_t)(code - LONG_CODE);
    for (size_t i = 0; i < table->row_count; i++) {
        if (code > 0 && table->rows[i].short_name == code)
            return i;
    }
    return table->row_count;
}

static int positional_take(struct parse *parse, const char *text)
{
    char shown[SHOWN_BYTES];
    size_t left = parse->positionals;

    for (size_t i = 0; i < parse->table->row_count; i++) {
        const struct option_row *row = &parse->table->rows[i];
        if (is_positional(row) && (left-- == 0 || row->kind->repeats)) {
            parse->positionals++;
            return value_take(parse, i, OPTION_FROM_COMMAND_LINE, text);
        }
    }
    snprintf(parse->error, OPTION_ERROR_BYTES, "unexpected argument '%s'; usage: %s %s",
             escape_encode(text, strlen(text), shown, sizeof(shown)), parse->table->program,
             parse->table->usage);
    return -EINVAL;
}

/* Handle one result of getopt_long. */
static int code_take(struct parse *parse, int code)
{
    if (code == 1)
        return positional_take(parse, optarg);

    size_t index = code_find(parse->table, code == ':' || code == '?' ? optopt : code);
    if (index == parse->table->row_count) {
        const char argument[] = {'-', (char)optopt};

        return unknown_option(parse, argument, sizeof(argument));
    }
    const struct option_row *row = &parse->table->rows[index];
    if (code == ':') {
        snprintf(parse->error, OPTION_ERROR_BYTES, "--%s needs a value %s", row->long_name,
                 row->argument);
        return -EINVAL;
    }
    parse->help_requested =
        strcmp(row->long_name, "help") == 0 || strcmp(row->long_name, "version") == 0;
    return value_take(parse, index, OPTION_FROM_COMMAND_LINE,
                      row->kind->takes_value ? optarg : "1");
}

static int command_line_read(struct parse *parse, int argc, char *const argv[])
{
    struct getopt_tables tables;
    int result = 0;

    getopt_tables_fill(&tables, parse->table);
    optind = 0; /* glibc: forget any earlier run */
    opterr = 0;
    while (result == 0 && !parse->help_requested) {
        int next = optind == 0 ? 1 : optind;
        if (next < argc && strncmp(argv[next], "--", 2) == 0 && argv[next][2] != '\0')
            result = long_check(parse, argv[next]);
        else if (next < argc && argv[next][0] == '-')
            result = single_dash_check(parse, argv[next]);
        if (result < 0)
            break;
        int code = getopt_long(argc, argv, tables.shorts, tables.longs, NULL);
        if (code == -1)
            break;
        result = code_take(parse, code);
    }
    /* The rest after "--". */
    while (result == 0 && !parse->help_requested && optind < argc)
        result = positional_take(parse, argv[optind++]);
    return result;
}

static int environment_read(struct parse *parse)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < parse->table->row_count; i++) {
        const char *text = NULL;
        enum option_source source = OPTION_FROM_DEFAULT;

        if (parse->sources[i] == OPTION_FROM_DEFAULT)
            source = option_environment_get(parse->table, &parse->table->rows[i], &text);
        if (source != OPTION_FROM_DEFAULT)
            result = value_take(parse, i, source, text);
    }
    return result;
}

static int defaults_read(struct parse *parse)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < parse->table->row_count; i++) {
        const char *text = parse->table->rows[i].default_text;
        if (parse->sources[i] == OPTION_FROM_DEFAULT && text != NULL)
            result = value_take(parse, i, OPTION_FROM_DEFAULT, text);
    }
    return result;
}

int option_parse(const struct option_table *table, int argc, char *const argv[],
                 void *configuration, enum option_source sources[OPTION_ROWS_MAX],
                 char error[OPTION_ERROR_BYTES])
{
    struct parse parse = {
        .table = table, .configuration = configuration, .sources = sources, .error = error};

    CHECK(table->row_count <= OPTION_ROWS_MAX, "%zu of %d", table->row_count, OPTION_ROWS_MAX);
    for (size_t i = 0; i < table->row_count; i++) {
        memset(parse.configuration + table->rows[i].offset, 0, table->rows[i].kind->value_bytes);
        sources[i] = OPTION_FROM_DEFAULT;
    }
    /* In order of precedence, so that an overridden value causes no error. */
    int result = command_line_read(&parse, argc, argv);
    if (result == 0 && !parse.help_requested)
        result = environment_read(&parse);
    if (result == 0)
        result = defaults_read(&parse);
    return result;
}
