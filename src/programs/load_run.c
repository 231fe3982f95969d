#include "base/exit_code.h"
#include "base/output.h"
#include "base/stdio_line.h"
#include "programs/load_print.h"
#include "programs/load_verbs.h"
#include "programs/program.h"
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>
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

/* A line of the run, which may wait for its reader. */
static void notice(void *context, const char *line)
{
    const struct load_config *config = context;

    if (!config->quiet)
        program_print(load_options.program, line);
}

/* The histogram log is not complete. Returns the exit code. */
static int fail_log(const struct load_config *config, int result)
{
    struct failure failure;
    char problem[OUTPUT_PROBLEM_BYTES];

    failure_set(&failure, FAILURE_SYSTEM, result,
                "--hlog '%s': cannot write: %s; the file is not complete", config->hlog,
                output_problem(result, problem));
    return program_fail(load_options.program, &failure);
}

/* Run as configured. Returns the exit code. */
static int measure(struct load_config *config)
{
    const struct session_args args = {
        .config = config,
        .live_fd = config->no_live || config->quiet ? -1 : STDERR_FILENO,
        .notice = notice,
        .context = config,
    };
    struct failure failure;
    struct session *session;
    bool is_met;
    enum load_form form = config->json ? LOAD_JSON : config->csv ? LOAD_CSV : LOAD_TEXT;
    int exit_code;

    if (session_perform(&args, &session, &failure) < 0)
        return program_fail(load_options.program, &failure);
    is_met = report_is_met(config, session_document(session));
    exit_code = load_print(session_document(session), form, config->quiet);
    if (exit_code == EXIT_DONE && !is_met)
        exit_code = EXIT_MISSED;
    if (session_log_error(session) < 0)
        exit_code = fail_log(config, session_log_error(session));
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
static int check_and_measure(struct load_config *config)
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
    struct failure failure;
    int exit_code;

    if (!config)
        return program_fail_memory(load_options.program);
    if (load_config_read(config, argc, argv, &failure) < 0)
        exit_code = program_fail(load_options.program, &failure);
    else if (config->help || config->version)
        exit_code = program_describe(&load_options, config->help);
    else
        exit_code = check_and_measure(config);
    free(config);
    return exit_code;
}
