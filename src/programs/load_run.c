#include "base/exit_code.h"
#include "base/output.h"
#include "base/stdio_line.h"
#include "host/program.h"
#include "programs/load_print.h"
#include "programs/load_verbs.h"
#include "session/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True if all assertions hold. Prints those that fail, unless the report does. */
static bool report_is_met(const struct load_config *config, const struct document *document)
{
    char line[WORKERS_ERROR_BYTES];
    bool is_met = true;

    for (uint32_t i = 0; i < document->assertion_count; i++) {
        const struct document_assertion *assertion = &document->assertions[i];

        if (assertion->holds)
            continue;
        is_met = false;
        if (config->csv || config->quiet) {
            snprintf(line, sizeof(line), "'%s' does not hold: %s", assertion->text,
                     assertion->value);
            program_print(load_options.program, line);
        }
    }
    return is_met;
}

/* Run as configured. Returns the exit code. */
static int measure(const struct load_config *config)
{
    char error[WORKERS_ERROR_BYTES], problem[OUTPUT_PROBLEM_BYTES];
    struct session *session;
    bool is_met;
    int result = session_perform(config, &session, error);
    enum load_form form = config->json ? LOAD_JSON : config->csv ? LOAD_CSV : LOAD_TEXT;
    int exit_code;

    if (result < 0)
        return load_fail(result, error);
    is_met = report_is_met(config, session_document(session));
    exit_code = load_print(session_document(session), form, config->quiet);
    if (exit_code == EXIT_DONE && !is_met)
        exit_code = EXIT_MISSED;
    if (session_log_error(session) < 0) {
        snprintf(error, sizeof(error), "--hlog '%s': cannot write: %s; the file is not complete",
                 config->hlog, output_problem(session_log_error(session), problem));
        exit_code = load_fail(-EIO, error);
    }
    session_free(session);
    return exit_code;
}

/* One line to stderr, without waiting for its reader. */
static void warn(void *context, const char *line)
{
    (void)context;
    stdio_line(STDERR_FILENO, 0, load_options.program, line);
}

/* Targets that are valid addresses, but whose end may have been meant as a port. */
static void warn_of_targets(const struct option_texts *targets)
{
    char meant[ADDRESS_MEANT_BYTES], line[256];

    for (uint32_t i = 0; i < targets->count; i++) {
        if (address_doubt(targets->items[i], meant) != ADDRESS_MAY_END_IN_PORT)
            continue;
        snprintf(line, sizeof(line),
                 "warning: '%s' is taken as an address without a port; if you meant one, write "
                 "'%s'",
                 targets->items[i], meant);
        warn(NULL, line);
    }
}

/* Warn about variables and targets that may be mistyped, then measure. Returns the exit code. */
static int check_and_measure(const struct load_config *config)
{
    if (!config->quiet) {
        option_strays_report(&load_options, config->sources, environ, warn, NULL);
        warn_of_targets(&config->options.targets);
    }
    return measure(config);
}

int load_run(int argc, char *argv[])
{
    struct load_config *config = calloc(1, sizeof(*config));
    char error[OPTION_ERROR_BYTES];
    int exit_code, result;

    if (!config)
        return load_fail(-ENOMEM, "cannot allocate: out of memory; raise the memory limit");
    result = load_config_read(config, argc, argv, error);
    if (result < 0)
        exit_code = load_fail(result, error);
    else if (config->help || config->version)
        exit_code = load_describe(&load_options, config->help);
    else
        exit_code = check_and_measure(config);
    free(config);
    return exit_code;
}
