#include "host/program.h"

#include "base/signals.h"
#include "base/stdio_line.h"
#include "host/advice.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_ERROR_BYTES 512

void program_print(const char *name, const char *line)
{
    stdio_line(STDERR_FILENO, PROGRAM_ERROR_MS, name, line);
}

/* Begin to read signals. Returns 0, or -errno after printing it. */
static int program_begin_signals(const char *name)
{
    struct signals_failure failure;
    char advice[ADVICE_BYTES], error[PROGRAM_ERROR_BYTES];
    int result = signals_begin(name, &failure);

    if (result == 0)
        return 0;
    snprintf(error, sizeof(error), "cannot wait for signals: %s: %s (%s); %s", failure.call,
             strerror(-result), strerrorname_np(-result),
             advice_find(failure.call, -result, failure.needed_bytes, advice));
    program_print(name, error);
    return result;
}

bool program_begin(const char *name)
{
    char error[PROGRAM_ERROR_BYTES];
    int result = stdio_guard();

    if (result == 0)
        return program_begin_signals(name) == 0;
    snprintf(error, sizeof(error),
             "cannot open /dev/null or / as a standard descriptor that is closed: %s; open it",
             strerror(-result));
    program_print(name, error);
    return false;
}

int program_end(int exit_code)
{
    signals_end();
    return exit_code;
}
