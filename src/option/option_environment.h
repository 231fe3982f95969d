/* Which variables of the environment belong to a row, and which of them holds. */
#ifndef HELLO_OPTION_ENVIRONMENT_H
#define HELLO_OPTION_ENVIRONMENT_H

#include "option/option.h"

/* Find what the environment says of a row: the program's own name first, then the short one; an
 * empty variable counts as not set. Returns which of the two was taken and sets *ret_text to its
 * value (which is the environment's), or returns OPTION_FROM_DEFAULT. */
enum option_source option_environment_get(const struct option_table *table,
                                          const struct option_row *row, const char **ret_text);

/* The name that this source, one of the two of the environment, stands for. Returns name. */
char *option_source_name(const struct option_table *table, const struct option_row *row,
                         enum option_source source, char name[OPTION_NAME_BYTES]);

#endif
