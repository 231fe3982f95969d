/* Output shared by the verbs of hello-load: help and results.
 *
 * Thread rule: for the main thread. */
#ifndef HELLO_LOAD_PRINT_H
#define HELLO_LOAD_PRINT_H

#include "option/option.h"
#include "result/document.h"

#include <stdbool.h>

enum load_form { LOAD_TEXT, LOAD_JSON, LOAD_CSV };

/* Print the help of a table or, if not is_help, the version. Returns the exit code. */
int load_describe(const struct option_table *table, bool is_help);

/* Print a result. is_brief: only the last line of the text. Returns the exit code. */
int load_print(const struct document *document, enum load_form form, bool is_brief);

#endif
