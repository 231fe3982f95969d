/* Variables that were meant for this program, but set nothing. */
#include "base/escape.h"
#include "option/option.h"
#include "option/option_environment.h"
#include "option/option_nearest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES 96

/* A variable, split: NAME, and VALUE or "". */
struct variable {
    char name[OPTION_NAME_BYTES]; /* cut if it is longer; no row's name is */
    const char *text;
};

static struct variable variable_split(const char *entry)
{
    struct variable variable;
    size_t bytes = strcspn(entry, "=");

    snprintf(variable.name, sizeof(variable.name), "%.*s", (int)bytes, entry);
    variable.text = entry[bytes] == '=' ? entry + bytes + 1 : "";
    return variable;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Does one of the rows read this variable? */
static bool is_read(const struct option_table *table, const char *name)
{
    char known[OPTION_NAME_BYTES];

    for (size_t i = 0; i < table->row_count; i++) {
        if (strcmp(option_environment_name(table, &table->rows[i], known), name) == 0 ||
            strcmp(option_short_name(&table->rows[i], known), name) == 0)
            return true;
    }
    return false;
}

/* Would the row understand this value? */
static bool row_understands(const struct option_row *row, const char *text)
{
    void *field = calloc(1, row->kind->value_bytes);
    char problem[256];
    bool understands = field && row->kind->parse(row, text, field, problem, sizeof(problem)) == 0;

    free(field);
    return understands;
}

/* The row whose short name this is, if it is ambiguous with the other program; row_count if none.
 */
static size_t ambiguous_find(const struct option_table *table, const char *name)
{
    char known[OPTION_NAME_BYTES];
    size_t i = 0;

    while (i < table->row_count &&
           !(table->rows[i].own_environment &&
             strcmp(option_environment_short(&table->rows[i], known), name) == 0))
        i++;
    return i;
}

/* The variable that was most likely meant, with its prefix. */
static bool find_nearest(const struct option_table *table, const char *name, size_t prefix_bytes,
                         char meant[OPTION_NAME_BYTES])
{
    size_t bytes = strlen(name) - prefix_bytes;
    char names[OPTION_ROWS_MAX][OPTION_NAME_BYTES];
    struct option_nearest nearest =
        option_nearest_start(name + prefix_bytes, bytes, bytes < 8 ? 1 : bytes / 4);

    for (size_t i = 0; i < table->row_count; i++) {
        option_environment_name(table, &table->rows[i], names[i]);
        if (*names[i] != '\0')
            option_nearest_offer(&nearest, names[i] + strlen(table->prefix));
    }
    if (nearest.found)
        snprintf(meant, OPTION_NAME_BYTES, "%s%s", table->prefix, nearest.found);
    return nearest.found != NULL;
}

/* Its name in other programs: HELLO_LOAD_RPS is looked up as --rps. */
static const char *find_hint(const struct option_table *table, const char *word)
{
    char name[OPTION_NAME_BYTES + 2] = "--";

    for (size_t i = 0; word[i] != '\0' && i < OPTION_NAME_BYTES - 1; i++)
        name[i + 2] = word[i] == '_' ? '-' : (char)tolower((unsigned char)word[i]);
    return option_hint_find(table, name, strlen(name));
}

/* Write about a likely typing mistake. Returns false if it is not. */
static bool slip_write(const struct option_table *table, const char *name,
                       char line[OPTION_ERROR_BYTES])
{
    char meant[OPTION_NAME_BYTES], shown[SHOWN_BYTES];
    bool is_own = begins_with(name, table->prefix);
    size_t prefix_bytes = strlen(is_own ? table->prefix : OPTION_SHORT_PREFIX);
    const char *hint = is_own ? find_hint(table, name + prefix_bytes) : NULL;
    bool is_near = find_nearest(table, name, prefix_bytes, meant);

    escape_encode(name, strlen(name), shown, sizeof(shown));
    if (is_near)
        snprintf(line, OPTION_ERROR_BYTES, "warning: %s sets nothing; did you mean %s? see --help",
                 shown, meant);
    else
        snprintf(line, OPTION_ERROR_BYTES, "warning: %s sets nothing; %s", shown,
                 hint ? hint : "see --help");
    return is_near || is_own;
}

/* Write the warning about a variable. Returns false if there is none. */
static bool stray_write(const struct option_table *table, const enum option_source *sources,
                        const struct variable *variable, char line[OPTION_ERROR_BYTES])
{
    char meant[OPTION_NAME_BYTES];
    size_t index;

    if (!begins_with(variable->name, OPTION_SHORT_PREFIX) || *variable->text == '\0' ||
        begins_with(variable->name, table->other_prefix) || is_read(table, variable->name) ||
        option_environment_is_of_service(variable->name, variable->text))
        return false;
    index = ambiguous_find(table, variable->name);
    if (index == table->row_count)
        return slip_write(table, variable->name, line);

    /* No warning if the row rejects the value (not meant for us) or is set anyway (no effect). */
    snprintf(line, OPTION_ERROR_BYTES,
             "warning: %s sets nothing, since it could be meant for %s too; name it %s",
             variable->name, table->other_program,
             option_environment_name(table, &table->rows[index], meant));
    return sources[index] == OPTION_FROM_DEFAULT &&
           row_understands(&table->rows[index], variable->text);
}

void option_strays_report(const struct option_table *table, const enum option_source *sources,
                          char *const environment[],
                          void (*report)(void *context, const char *line), void *context)
{
    char line[OPTION_ERROR_BYTES];
    size_t count = 0;

    for (; environment && *environment; environment++) {
        struct variable variable = variable_split(*environment);

        if (stray_write(table, sources, &variable, line) && count++ < OPTION_STRAYS_MAX)
            report(context, line);
    }
    if (count > OPTION_STRAYS_MAX) {
        snprintf(line, sizeof(line), "warning: %zu more variables set nothing",
                 count - OPTION_STRAYS_MAX);
        report(context, line);
    }
}
