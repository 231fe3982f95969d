/* What every option table must hold to, and what it prints, whichever program it belongs to. */
#ifndef HELLO_OPTION_TABLE_CHECK_H
#define HELLO_OPTION_TABLE_CHECK_H

#include "option/option.h"

#include <stddef.h>

#define OPTION_TABLE_PROBLEM_BYTES 256

/* Look for a slip in a table: names, short names or environment names that clash or are badly
 * formed; a default that is not understood, out of range, or reads back differently; a field
 * outside of the configuration or over another one; a row that the help leaves out or a line of it
 * that is too long; --help or --version settable by environment. Returns true if there is none;
 * else false, and problem names the row and what is wrong. */
bool option_table_is_sound(const struct option_table *table, size_t configuration_bytes,
                           char problem[OPTION_TABLE_PROBLEM_BYTES]);

/* The same as one line of a cmocka test: fails and prints the problem. */
void option_table_check(const struct option_table *table, size_t configuration_bytes);

/* What option_help or option_print writes, to be freed. */
char *option_table_help(const struct option_table *table);
char *option_table_settings(const struct option_table *table, const void *configuration);

/* Returns the line of option_print that begins like `expected` does up to its '='. */
#define OPTION_TABLE_LINE_BYTES 256
const char *option_table_setting(const struct option_table *table, const void *configuration,
                                 const char *expected, char line[OPTION_TABLE_LINE_BYTES]);

#endif
