/* Output of a table: --help, and the settings as name=value. */
#include "option/option.h"
#include "option/option_environment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX    100
#define LEFT_BYTES     64
#define LEFT_COLUMNS   34 /* a longer left side gets a line to itself */
#define RIGHT_BYTES    512
#define LEFT_SEPARATOR 2

/* "  -l, --listen ADDR", "      --close HOW" or "  PORT". Returns its length. */
static size_t left_write(const struct option_row *row, char left[LEFT_BYTES])
{
    char initial[8] = "    ";

    if (row->long_name == NULL) {
        snprintf(left, LEFT_BYTES, "  %s", row->argument);
        return strlen(left);
    }
    if (row->short_name != 0)
        snprintf(initial, sizeof(initial), "-%c, ", row->short_name);
    snprintf(left, LEFT_BYTES, "  %s--%s%s%s", initial, row->long_name,
             row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
    return strlen(left);
}

/* "port to answer on (default 1848; $HELLO_SERVER_PORT, $PORT)". */
static void right_write(const struct option_table *table, const struct option_row *row,
                        char right[RIGHT_BYTES])
{
    char name[OPTION_NAME_BYTES];
    const char *value = row->default_help != NULL ? row->default_help : row->default_text;
    bool has_name = *option_environment_name(table, row, name) != '\0';
    bool has_other_name = has_name && row->environment != NULL;

    if (value == NULL && !has_name) {
        snprintf(right, RIGHT_BYTES, "%s", row->help);
        return;
    }
    snprintf(right, RIGHT_BYTES, "%s (%s%s%s%s%s%s%s)", row->help, value != NULL ? "default " : "",
             value != NULL ? value : "", value != NULL && has_name ? "; " : "", has_name ? "$" : "",
             name, has_other_name ? ", $" : "", has_other_name ? row->environment : "");
}

/* Write text word by word, in lines from column `indent` (the first one is already there) to before
 * COLUMNS_MAX. */
static void wrapped_write(const char *text, size_t indent, FILE *out)
{
    size_t column = indent;

    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column > indent && column + 1 + word > COLUMNS_MAX) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        }
        column += word + (column > indent);
        fprintf(out, "%s%.*s", column > indent + word ? " " : "", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static size_t left_columns(const struct option_table *table)
{
    size_t columns = 0;
    char left[LEFT_BYTES];

    for (size_t i = 0; i < table->row_count; i++) {
        size_t length = left_write(&table->rows[i], left);
        if (length > columns && length <= LEFT_COLUMNS)
            columns = length;
    }
    return columns + LEFT_SEPARATOR;
}

/* Which variables have a short name: all except options that have another meaning in the other
 * program. */
static void short_names_write(const struct option_table *table, FILE *out)
{
    char text[RIGHT_BYTES], name[OPTION_NAME_BYTES];
    size_t used, own = 0;

    if (table->prefix == NULL || table->other_program == NULL)
        return;
    used = (size_t)snprintf(
        text, sizeof(text),
        "Environment: the short $HELLO_... is read too, where $%s... is not set", table->prefix);
    for (size_t i = 0; i < table->row_count && used < sizeof(text); i++) {
        if (table->rows[i].own_environment)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s $%s",
                                     own++ == 0 ? "; but not" : " or",
                                     option_environment_short(&table->rows[i], name));
    }
    if (own > 0 && used < sizeof(text))
        snprintf(text + used, sizeof(text) - used, ", which could be meant for %s too",
                 table->other_program);
    fputc('\n', out);
    wrapped_write(text, 0, out);
}

/* The additional paragraph of the table, wrapped. */
static void more_help_write(const struct option_table *table, FILE *out)
{
    char *text = NULL;
    size_t bytes;
    FILE *memory = table->more_help != NULL ? open_memstream(&text, &bytes) : NULL;

    if (memory == NULL)
        return;
    table->more_help(memory);
    if (fclose(memory) == 0) {
        fputc('\n', out);
        wrapped_write(text, 0, out);
    }
    free(text);
}

/* The program's verbs. */
static void verbs_write(const struct option_table *table, FILE *out)
{
    char left[LEFT_BYTES];

    if (!table->verbs)
        return;
    fputs("\nVerbs:\n", out);
    for (const struct option_verb *verb = table->verbs; verb->name; verb++) {
        snprintf(left, sizeof(left), "  %s %s", verb->name, verb->usage);
        fprintf(out, "%s\n%*s", left, (int)left_columns(table), "");
        wrapped_write(verb->summary, left_columns(table), out);
    }
}

void option_help(const struct option_table *table, FILE *out)
{
    size_t columns = left_columns(table);
    char left[LEFT_BYTES];
    char right[RIGHT_BYTES];

    wrapped_write(table->summary, 0, out);
    fprintf(out, "Usage: %s %s\n\n", table->program, table->usage);
    for (size_t i = 0; i < table->row_count; i++) {
        size_t length = left_write(&table->rows[i], left);
        right_write(table, &table->rows[i], right);
        if (table->rows[i].heading != NULL)
            fprintf(out, "%s%s:\n", i == 0 ? "" : "\n", table->rows[i].heading);
        if (length + LEFT_SEPARATOR > columns)
            fprintf(out, "%s\n%*s", left, (int)columns, "");
        else
            fprintf(out, "%-*s", (int)columns, left);
        wrapped_write(right, columns, out);
    }
    verbs_write(table, out);
    more_help_write(table, out);
    short_names_write(table, out);
    if (table->footer != NULL)
        fprintf(out, "\n%s", table->footer);
}

/* True for switches that only request output. */
static bool asks_for_output(const struct option_row *row)
{
    static const char *const names[] = {"help", "version", "print-config"};

    for (size_t i = 0; row->long_name != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(row->long_name, names[i]) == 0)
            return true;
    }
    return false;
}

static void key_write(const struct option_row *row, FILE *out)
{
    if (row->long_name != NULL) {
        fputs(row->long_name, out);
        return;
    }
    for (const char *at = row->argument; isalnum((unsigned char)*at) || *at == '-'; at++)
        fputc(tolower((unsigned char)*at), out);
}

static void note_write(const struct option_table *table, const struct option_row *row,
                       enum option_source source, const char *note, FILE *out)
{
    char name[OPTION_NAME_BYTES];

    fputs("  # ", out);
    if (note)
        fputs(note, out);
    else if (source == OPTION_FROM_DEFAULT)
        fputs("default", out);
    else if (source == OPTION_FROM_COMMAND_LINE)
        fputs("command line", out);
    else
        fprintf(out, "$%s", option_source_name(table, row, source, name));
}

void option_print(const struct option_table *table, const void *configuration,
                  const enum option_source *sources, const char *const *notes, FILE *out)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];

        if (asks_for_output(row))
            continue;
        key_write(row, out);
        fputc('=', out);
        row->kind->format(row, (const char *)configuration + row->offset, out);
        if (sources)
            note_write(table, row, sources[i], notes ? notes[i] : NULL, out);
        fputc('\n', out);
    }
}
