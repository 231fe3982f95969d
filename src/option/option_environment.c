#include "option/option_environment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool has_environment(const struct option_row *row)
{
    if (row->environment != NULL)
        return *row->environment != '\0';
    return row->long_name != NULL;
}

/* The prefix and a row's long name, or the first word of a positional's argument name, in upper
 * case with underscores. */
static char *name_write(const char *prefix, const struct option_row *row,
                        char name[OPTION_NAME_BYTES])
{
    const char *from = row->long_name != NULL ? row->long_name : row->argument;
    char *to = stpncpy(name, prefix, OPTION_NAME_BYTES - 1);

    for (; (isalnum((unsigned char)*from) || *from == '-') && to < name + OPTION_NAME_BYTES - 1;
         from++)
        *to++ = *from == '-' ? '_' : (char)toupper((unsigned char)*from);
    *to = '\0';
    return name;
}

char *option_environment_name(const struct option_table *table, const struct option_row *row,
                              char name[OPTION_NAME_BYTES])
{
    name[0] = '\0';
    return has_environment(row) ? name_write(table->prefix, row, name) : name;
}

char *option_short_name(const struct option_row *row, char name[OPTION_NAME_BYTES])
{
    name[0] = '\0';
    if (!has_environment(row) || row->own_environment)
        return name;
    if (row->environment == NULL)
        return option_environment_short(row, name);
    snprintf(name, OPTION_NAME_BYTES, "%s", row->environment);
    return name;
}

char *option_environment_short(const struct option_row *row, char name[OPTION_NAME_BYTES])
{
    return name_write(OPTION_SHORT_PREFIX, row, name);
}

static bool ends_with(const char *text, const char *end)
{
    size_t bytes = strlen(text), end_bytes = strlen(end);

    return bytes >= end_bytes && strcmp(text + bytes - end_bytes, end) == 0;
}

static bool is_url(const char *text)
{
    static const char *const schemes[] = {"tcp://", "udp://", "sctp://"};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return true;
    }
    return false;
}

bool option_environment_is_of_service(const char *name, const char *text)
{
    const char *port = strstr(name, "_PORT_");

    return (port != NULL && isdigit((unsigned char)port[6])) || strstr(name, "_SERVICE_PORT") ||
           ends_with(name, "_SERVICE_HOST") || (ends_with(name, "_PORT") && is_url(text));
}

/* The value of a variable, or NULL if it is not set or not for us. */
static const char *variable_get(const char *name)
{
    const char *text = *name != '\0' ? getenv(name) : NULL;

    return text == NULL || *text == '\0' || option_environment_is_of_service(name, text) ? NULL
                                                                                         : text;
}

enum option_source option_environment_get(const struct option_table *table,
                                          const struct option_row *row, const char **ret_text)
{
    static const enum option_source sources[] = {OPTION_FROM_ENVIRONMENT,
                                                 OPTION_FROM_SHORT_ENVIRONMENT};
    char name[OPTION_NAME_BYTES];

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        const char *text = variable_get(option_source_name(table, row, sources[i], name));

        if (text != NULL) {
            *ret_text = text;
            return sources[i];
        }
    }
    return OPTION_FROM_DEFAULT;
}

char *option_source_name(const struct option_table *table, const struct option_row *row,
                         enum option_source source, char name[OPTION_NAME_BYTES])
{
    return source == OPTION_FROM_ENVIRONMENT ? option_environment_name(table, row, name)
                                             : option_short_name(row, name);
}
