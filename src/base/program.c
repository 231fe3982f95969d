#include "base/program.h"

#include "base/signals.h"
#include "base/stdio_line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void program_tell(const char *name, const char *line)
{
    stdio_line(STDERR_FILENO, PROGRAM_ERROR_MS, name, line);
}

bool program_begin(const char *name)
{
    char error[SIGNALS_ERROR_BYTES];
    int result = stdio_guard();

    if (result < 0)
        snprintf(error, sizeof(error),
                 "cannot open /dev/null or / as a standard descriptor that is closed: %s; open it",
                 strerror(-result));
    else
        result = signals_begin(name, error);
    if (result < 0)
        program_tell(name, error);
    return result == 0;
}

int program_end(int exit_code)
{
    signals_end();
    return exit_code;
}
