/* hello-load: measures how many TCP connections per second a service takes, and how long each phase
 * lasts. */
#include "base/escape.h"
#include "base/exit_code.h"
#include "base/stdio_line.h"
#include "report/terminal.h"
#include "run/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(int result, const char *error)
{
    char line[4 *
              OPTION_ERROR_BYTES]; /* what came from outside is shown, and commands no terminal */

    fprintf(stderr, "%s: %s\n", load_options.program, escape_line(error, line, sizeof(line)));
    return result == -EINVAL || result == -EHOSTUNREACH ? EXIT_USAGE : EXIT_CANNOT_RUN;
}

/* Print the report in the form that was asked for. Returns 0 or -errno. */
static int print_report(const struct load_config *config, const struct report *report)
{
    struct terminal terminal = terminal_of(STDOUT_FILENO);
    int result = 0, lost;

    errno = 0;
    if (config->json) {
        result = report_json(report, stdout);
    } else if (config->csv) {
        report_csv(report, stdout);
    } else {
        if (!config->quiet)
            report_text(report, stdout, &terminal);
        report_line(report, stdout);
    }
    lost = stdio_flush();
    return lost < 0 ? lost : result;
}

/* Print what describes the program. Returns the exit code. */
static int describe(const struct load_config *config)
{
    char error[CREW_ERROR_BYTES];
    int result;

    if (config->help)
        option_help(&load_options, stdout);
    else
        printf("%s %s\n", load_options.program, HELLO_VERSION);
    result = stdio_flush();
    if (result == 0)
        return EXIT_DONE;
    snprintf(error, sizeof(error), "cannot write: %s; look at where it goes to", strerror(-result));
    return fail(-EIO, error);
}

/* True if all that is asserted holds. What does not is told here if the report does not tell. */
static bool report_is_met(const struct load_config *config, const struct report *report)
{
    char shown[4 * ASSERTION_TEXT_BYTES];
    bool is_met = true;

    for (uint32_t i = 0; i < report->assertion_count; i++) {
        const struct report_assertion *assertion = &report->assertions[i];

        if (assertion->holds)
            continue;
        is_met = false;
        if (config->csv || config->quiet)
            fprintf(stderr, "%s: '%s' does not hold: %s\n", load_options.program,
                    escape_line(assertion->text, shown, sizeof(shown)), assertion->value);
    }
    return is_met;
}

/* Do what the configuration says. Returns the exit code. */
static int measure(const struct load_config *config)
{
    char error[CREW_ERROR_BYTES];
    struct run *run;
    int result = run_perform(config, &run, error);
    int exit_code;

    if (result < 0)
        return fail(result, error);
    exit_code = report_is_met(config, run_report(run)) ? EXIT_DONE : EXIT_MISSED;
    result = print_report(config, run_report(run));
    if (result < 0) {
        snprintf(error, sizeof(error), "cannot write the report: %s; look at where it goes to",
                 strerror(-result));
        exit_code = fail(result == -EINVAL ? -EIO : result, error);
    }
    if (run_log_error(run) < 0) {
        snprintf(error, sizeof(error), "--hlog '%s': cannot write: %s; the file is not complete",
                 config->hlog, strerror(-run_log_error(run)));
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
static int start(const struct load_config *config)
{
    if (!config->quiet) {
        option_strays_tell(&load_options, config->sources, environ, warn, NULL);
        warn_of_targets(&config->targets);
    }
    return measure(config);
}

int main(int argc, char *argv[])
{
    struct load_config *config = calloc(1, sizeof(*config));
    char error[OPTION_ERROR_BYTES];
    int exit_code, result;

    stdio_guard();
    signal(SIGXFSZ, SIG_IGN); /* a file beyond the limit of its size is an error to be told */
    if (!config)
        return fail(-ENOMEM, "cannot allocate: out of memory; raise the memory limit");
    result = load_config_read(config, argc, argv, error);
    if (result < 0)
        exit_code = fail(result, error);
    else if (config->help || config->version)
        exit_code = describe(config);
    else
        exit_code = start(config);
    free(config);
    return exit_code;
}
