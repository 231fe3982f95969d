/* hello-server: answers TCP connections with a greeting. */
#include "base/exit_code.h"
#include "base/output.h"
#include "base/signals.h"
#include "base/stdio_line.h"
#include "host/program.h"
#include "server/config.h"
#include "server/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long the server's own messages may wait for their reader; it serves meanwhile. */
#define LINE_TIMEOUT_MS 1000

static int fail(int exit_code, const char *error)
{
    program_print(server_options.program, error);
    return exit_code;
}

/* Start to print what was requested. Returns 0 or the exit code. */
static int print_begin(struct output *out)
{
    if (output_begin(out, STDOUT_FILENO, OUTPUT_PATIENT) == 0)
        return 0;
    return fail(EXIT_CANNOT_RUN, "cannot allocate: out of memory; raise the memory limit");
}

/* Finish printing. Returns the exit code. */
static int print_end(struct output *out)
{
    char error[WORKERS_ERROR_BYTES], problem[OUTPUT_PROBLEM_BYTES];
    int result = output_end(out);

    if (result == 0)
        return EXIT_DONE;
    snprintf(error, sizeof(error), "cannot write: %s", output_problem(result, problem));
    return fail(EXIT_CANNOT_RUN, error);
}

/* Print the help or the version. Returns the exit code. */
static int describe(const struct server_config *config)
{
    struct output out;
    int exit_code = print_begin(&out);

    if (exit_code != EXIT_DONE)
        return exit_code;
    if (config->help)
        option_help(&server_options, out.stream);
    else
        fprintf(out.stream, "%s %s\n", server_options.program, HELLO_VERSION);
    return print_end(&out);
}

/* Report that it serves, and how. A reader that does not read cannot delay a stop. */
static void report_start(const struct server_config *config, struct server *server)
{
    char line[SERVER_START_BYTES];
    struct output out;

    if (config->verbose && output_begin(&out, STDERR_FILENO, LINE_TIMEOUT_MS) == 0) {
        server_print(server, out.stream);
        output_end(&out);
    }
    if (!config->quiet)
        stdio_line(STDOUT_FILENO, LINE_TIMEOUT_MS, server_options.program,
                   server_start_line(server, line));
}

static void report_totals(const struct outcome_counts *total)
{
    char text[OUTCOME_TEXT_BYTES], line[OUTCOME_TEXT_BYTES + 16];

    snprintf(line, sizeof(line), "stopped %s", outcome_counts_format(total, text));
    stdio_line(STDOUT_FILENO, signals_stops() > 1 ? 0 : LINE_TIMEOUT_MS, server_options.program,
               line);
}

/* Start, serve, stop. Returns the exit code. */
static int serve(const struct server_config *config, struct server *server)
{
    char error[WORKERS_ERROR_BYTES];
    struct outcome_counts total = {0};
    int result = server_start(server, error);
    bool is_early_stop = result == -EINTR && signals_stops() > 0;

    if (result < 0 && !is_early_stop)
        return fail(EXIT_CANNOT_RUN, error);
    if (is_early_stop) {
        result = 0;
    } else {
        report_start(config, server);
        result = server_run(server, &total, error);
    }
    if (!config->quiet)
        report_totals(&total);
    return result < 0 ? fail(EXIT_CANNOT_RUN, error) : EXIT_DONE;
}

/* Print what the server would do. Returns the exit code. */
static int print_config(struct server *server)
{
    struct output out;
    int exit_code = print_begin(&out);

    if (exit_code != EXIT_DONE)
        return exit_code;
    server_print(server, out.stream);
    return print_end(&out);
}

/* One line to stderr, without waiting for its reader. */
static void warn(void *context, const char *line)
{
    (void)context;
    stdio_line(STDERR_FILENO, 0, server_options.program, line);
}

/* Run as configured. Returns the exit code. */
static int run(struct server_config *config)
{
    char error[WORKERS_ERROR_BYTES];
    struct server *server;
    int exit_code;

    if (!config->quiet)
        option_strays_report(&server_options, config->sources, environ, warn, NULL);
    if (server_prepare(config, &server, error) < 0)
        return fail(EXIT_CANNOT_RUN, error);
    exit_code = config->print_config ? print_config(server) : serve(config, server);
    server_free(server);
    return exit_code;
}

/* Returns the exit code. */
static int start(int argc, char *argv[])
{
    struct server_config *config = calloc(1, sizeof(*config));
    char error[OPTION_ERROR_BYTES];
    int exit_code, result;

    if (!config)
        return fail(EXIT_CANNOT_RUN, "cannot allocate: out of memory; raise the memory limit");
    result = server_config_read(config, argc, argv, error);
    if (result < 0)
        exit_code = fail(result == -EINVAL ? EXIT_USAGE : EXIT_CANNOT_RUN, error);
    else if (config->help || config->version)
        exit_code = describe(config);
    else
        exit_code = run(config);
    free(config);
    return exit_code;
}

int main(int argc, char *argv[])
{
    if (!program_begin(server_options.program))
        return EXIT_CANNOT_RUN;
    return program_end(start(argc, argv));
}
