/* The results that the verbs of hello-load print.
 *
 * Thread rule: for the main thread. */
#ifndef HELLO_LOAD_PRINT_H
#define HELLO_LOAD_PRINT_H

#include "result/document.h"

#include <stdbool.h>

enum load_form { LOAD_TEXT, LOAD_JSON, LOAD_CSV };

/* Print a result. is_brief: only the last line of the text. Returns the exit code. */
int load_print(const struct document *document, enum load_form form, bool is_brief);

#endif
