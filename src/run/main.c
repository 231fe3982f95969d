/* hello-load: measures how many TCP connections per second a service takes, and how long each phase
 * lasts. */
#include "base/exit_code.h"
#include "base/output.h"
#include "base/program.h"
#include "base/stdio_line.h"
#include "report/terminal.h"
#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(int result, const char *error)
{
    program_tell(load_options.program, error);
    return result == -EINVAL || result == -EHOSTUNREACH ? EXIT_USAGE : EXIT_CANNOT_RUN;
}

/* Print the report in the form that was asked for. Returns 0 or as output_end. */
static int print_report(const struct load_config *config, const struct report *report)
{
    struct terminal terminal = terminal_of(STDOUT_FILENO);
    struct output out;
    int result = output_begin(&out, STDOUT_FILENO, OUTPUT_PATIENT);
    int lost;

    if (result < 0)
        return result;
    if (config->json) {
        result = report_json(report, out.stream);
    } else if (config->csv) {
        report_csv(report, out.stream);
    } else {
        if (!config->quiet)
            report_text(report, out.stream, &terminal);
        report_line(report, out.stream, config->quiet || !terminal.is_terminal);
    }
    lost = output_end(&out);
    return lost < 0 ? lost : result;
}

/* Print what describes the program. Returns the exit code. */
static int describe(const struct load_config *config)
{
    char error[CREW_ERROR_BYTES], problem[OUTPUT_PROBLEM_BYTES];
    struct output out;
    int result = output_begin(&out, STDOUT_FILENO, OUTPUT_PATIENT);

    if (result == 0) {
        if (config->help)
            option_help(&load_options, out.stream);
        else
            fprintf(out.stream, "%s %s\n", load_options.program, HELLO_VERSION);
        result = output_end(&out);
    }
    if (result == 0)
        return EXIT_DONE;
    snprintf(error, sizeof(error), "cannot write: %s", output_problem(result, problem));
    return fail(-EIO, error);
}

/* True if all that is asserted holds. What does not is told here if the report does not tell. */
static bool report_is_met(const struct load_config *config, const struct report *report)
{
    char line[CREW_ERROR_BYTES];
    bool is_met = true;

    for (uint32_t i = 0; i < report->assertion_count; i++) {
        const struct report_assertion *assertion = &report->assertions[i];

        if (assertion->holds)
            continue;
        is_met = false;
        if (config->csv || config->quiet) {
            snprintf(line, sizeof(line), "'%s' does not hold: %s", assertion->text,
                     assertion->value);
            program_tell(load_options.program, line);
        }
    }
    return is_met;
}

/* Do what the configuration says. Returns the exit code. */
static int measure(const struct load_config *config)
{
    char error[CREW_ERROR_BYTES], problem[OUTPUT_PROBLEM_BYTES];
    struct run *run;
    int result = run_perform(config, &run, error);
    int exit_code;

    if (result < 0)
        return fail(result, error);
    exit_code = report_is_met(config, run_report(run)) ? EXIT_DONE : EXIT_MISSED;
    result = print_report(config, run_report(run));
    if (result < 0) {
        snprintf(error, sizeof(error), "cannot write the report: %s",
                 output_problem(result, problem));
        exit_code = fail(-EIO, error);
    }
    if (run_log_error(run) < 0) {
        snprintf(error, sizeof(error), "--hlog '%s': cannot write: %s; the file is not complete",
                 config->hlog, output_problem(run_log_error(run), problem));
        exit_code = fail(-EIO, error);
    }
    run_free(run);
    return exit_code;
}

/* One line to stderr, which nobody is waited for to read. */
static void warn(void *context, const char *line)
{
    (void)context;
    stdio_line(STDERR_FILENO, 0, load_options.program, line);
}

/* Targets that are addresses as they stand, though their end may have been meant as a port. */
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

/* Look at what may have been meant otherwise, then measure. Returns the exit code. */
static int look_and_measure(const struct load_config *config)
{
    if (!config->quiet) {
        option_strays_tell(&load_options, config->sources, environ, warn, NULL);
        warn_of_targets(&config->targets);
    }
    return measure(config);
}

/* Returns the exit code. */
static int start(int argc, char *argv[])
{
    struct load_config *config = calloc(1, sizeof(*config));
    char error[OPTION_ERROR_BYTES];
    int exit_code, result;

    if (!config)
        return fail(-ENOMEM, "cannot allocate: out of memory; raise the memory limit");
    result = load_config_read(config, argc, argv, error);
    if (result < 0)
        exit_code = fail(result, error);
    else if (config->help || config->version)
        exit_code = describe(config);
    else
        exit_code = look_and_measure(config);
    free(config);
    return exit_code;
}

int main(int argc, char *argv[])
{
    if (!program_begin(load_options.program))
        return EXIT_CANNOT_RUN;
    return program_end(start(argc, argv));
}
