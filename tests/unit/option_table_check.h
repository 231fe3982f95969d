/* What every option table must hold to, whichever program it belongs to. */
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

#endif
