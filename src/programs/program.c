#include "programs/program.h"

#include "base/exit_code.h"
#include "base/output.h"
#include "base/stdio_line.h"
#include "host/advice.h"
#include "programs/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_ERROR_BYTES 512

void program_print(const char *name, const char *line)
{
    stdio_line(STDERR_FILENO, PROGRAM_ERROR_MS, name, line);
}

int program_fail(const char *name, const struct failure *failure)
{
    program_print(name, failure->line);
    switch (failure->class) {
    case FAILURE_USAGE:
        return EXIT_USAGE;
    case FAILURE_SYSTEM:
    case FAILURE_STOPPED:
        break;
    }
    return EXIT_CANNOT_RUN;
}

int program_fail_memory(const char *name)
{
    struct failure failure;

    failure_set(&failure, FAILURE_SYSTEM, -ENOMEM,
                "cannot allocate: out of memory; raise the memory limit");
    return program_fail(name, &failure);
}

int program_fail_output(const char *name, const char *what, int result)
{
    struct failure failure;
    char problem[OUTPUT_PROBLEM_BYTES];

    if (result == -ENOMEM)
        return program_fail_memory(name);
    failure_set(&failure, FAILURE_SYSTEM, result, "cannot write%s: %s", what,
                output_problem(result, problem));
    return program_fail(name, &failure);
}

int program_describe(const struct option_table *table, bool is_help)
{
    struct output out;
    int result = output_begin(&out, STDOUT_FILENO, OUTPUT_PATIENT);

    if (result == 0) {
        if (is_help)
            option_help(table, out.stream);
        else
            version_write(table->program, out.stream);
        result = output_end(&out);
    }
    return result == 0 ? EXIT_DONE : program_fail_output(table->program, "", result);
}

/* Begin to read signals. Returns 0, or -errno after printing it. */
static int program_begin_signals(const char *name, enum signals_hangup hangup)
{
    struct signals_failure failure;
    char advice[ADVICE_BYTES], error[PROGRAM_ERROR_BYTES];
    int result = signals_begin(name, hangup, &failure);

    if (result == 0)
        return 0;
    snprintf(error, sizeof(error), "cannot wait for signals: %s: %s (%s); %s", failure.call,
             strerror(-result), strerrorname_np(-result),
             advice_find(failure.call, -result, failure.needed_bytes, advice));
    program_print(name, error);
    return result;
}

bool program_begin(const char *name, enum signals_hangup hangup)
{
    char error[PROGRAM_ERROR_BYTES];
    int result = stdio_guard();

    if (result == 0)
        return program_begin_signals(name, hangup) == 0;
    snprintf(error, sizeof(error),
             "cannot open / as a standard descriptor that is closed: %s; open it",
             strerror(-result));
    program_print(name, error);
    return false;
}

int program_end(int exit_code)
{
    signals_end();
    return exit_code;
}
