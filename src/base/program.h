/* What every program does first and last, whatever it is asked for.
 *
 * Thread rule: for the main thread. */
#ifndef HELLO_PROGRAM_H
#define HELLO_PROGRAM_H

#include <stdbool.h>

/* How long an error may wait for whoever reads it: not for ever, since the end waits for it. */
#define PROGRAM_ERROR_MS 1000

/* The first statement of main: guard the standard descriptors and begin to read signals. False if
 * that cannot be; the line is told then, and the exit code is EXIT_CANNOT_RUN. */
bool program_begin(const char *name);

/* Tell a line on standard error: "name: line". */
void program_tell(const char *name, const char *line);

/* The last one: the end is here, and no signal changes it. Returns exit_code, for main. */
int program_end(int exit_code);

#endif
