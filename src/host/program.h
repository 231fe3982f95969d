/* What every program does first and last, with any options.
 *
 * Thread rule: the main thread. */
#ifndef HELLO_PROGRAM_H
#define HELLO_PROGRAM_H

#include <stdbool.h>

/* How long an error line waits for its reader: limited, because it delays the exit. */
#define PROGRAM_ERROR_MS 1000

/* The first statement of main: guard the standard descriptors and begin to read signals. If this
 * fails, print the error and return false: the exit code is EXIT_CANNOT_RUN. */
bool program_begin(const char *name);

/* Print a line on standard error: "name: line". */
void program_print(const char *name, const char *line);

/* The last statement: no signal changes the exit any more. Returns exit_code, for main. */
int program_end(int exit_code);

#endif
