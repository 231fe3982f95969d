/* What every program does first and last, with any options.
 *
 * Thread rule: the main thread. */
#ifndef HELLO_PROGRAM_H
#define HELLO_PROGRAM_H

#include "base/failure.h"
#include "base/signals.h"
#include "option/option.h"

#include <stdbool.h>

/* How long an error line waits for its reader: limited, because it delays the exit. */
#define PROGRAM_ERROR_MS 1000

/* The first statement of main: guard the standard descriptors and begin to read signals. If this
 * fails, print the error and return false: the exit code is EXIT_CANNOT_RUN. */
bool program_begin(const char *name, enum signals_hangup hangup);

/* Print a line on standard error: "name: line". */
void program_print(const char *name, const char *line);

/* Print why the program cannot go on. Returns the exit code, which only the failure's class
 * decides: the one place where the two meet. */
int program_fail(const char *name, const struct failure *failure);

/* The same for memory that a program needs first of all. */
int program_fail_memory(const char *name);

/* The same for output that could not be written: `what`, such as " the report", or "". `result` is
 * of base/output.h. */
int program_fail_output(const char *name, const char *what, int result);

/* Print the help of a table or, if not is_help, the version. Returns the exit code. */
int program_describe(const struct option_table *table, bool is_help);

/* The last statement: no signal changes the exit any more. Returns exit_code, for main. */
int program_end(int exit_code);

#endif
