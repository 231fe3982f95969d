/* hello-server: answers TCP connections with a greeting. */
#include "base/exit_code.h"
#include "base/output.h"
#include "base/signals.h"
#include "base/stdio_line.h"
#include "programs/program.h"
#include "programs/version.h"
#include "server/config.h"
#include "server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* How long the server's own messages may wait for their reader; it serves meanwhile. */
#define LINE_TIMEOUT_MS 1000

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

static void report_totals(const struct server_config *config, const struct outcome_counts *total)
{
    char text[OUTCOME_TEXT_BYTES], line[OUTCOME_TEXT_BYTES + 16];

    snprintf(line, sizeof(line), "stopped %s",
             outcome_counts_format(total, server_config_asks(config), text));
    stdio_line(STDOUT_FILENO, signals_stops() > 1 ? 0 : LINE_TIMEOUT_MS, server_options.program,
               line);
}

/* Start, serve, stop. Returns the exit code. */
static int serve(const struct server_config *config, struct server *server)
{
    struct failure failure;
    struct outcome_counts total = {0};
    int result = server_start(server, &failure);

    if (result == 0) {
        report_start(config, server);
        result = server_run(server, &total, &failure);
    } else if (failure.class == FAILURE_STOPPED) {
        result = 0; /* as asked, and there was nothing to finish */
    } else {
        return program_fail(server_options.program, &failure);
    }
    if (!config->quiet)
        report_totals(config, &total);
    return result < 0 ? program_fail(server_options.program, &failure) : EXIT_DONE;
}

/* Print what the server would do. Returns the exit code. */
static int print_config(struct server *server)
{
    struct output out;
    int result = output_begin(&out, STDOUT_FILENO, OUTPUT_PATIENT);

    if (result == 0) {
        server_print(server, out.stream);
        result = output_end(&out);
    }
    return result == 0 ? EXIT_DONE : program_fail_output(server_options.program, "", result);
}

/* One line to stderr, without waiting for its reader. */
static void warn(void *context, const char *line)
{
    (void)context;
    stdio_line(STDERR_FILENO, 0, server_options.program, line);
}

/* Print a line of the server. Only before it serves may a line wait for its reader. */
static void server_says(void *context, enum server_line about, const char *line)
{
    const struct server_config *config = context;

    if (config->quiet && about != SERVER_TOTALS && about != SERVER_REFUSED)
        return;
    if (about == SERVER_TUNED)
        program_print(server_options.program, line);
    else
        warn(NULL, line);
}

/* Run as configured. Returns the exit code. */
static int run(struct server_config *config)
{
    const struct server_args args = {
        .config = config, .revision = version_revision, .line = server_says, .context = config};
    struct failure failure;
    struct server *server;
    int exit_code;

    if (!config->quiet)
        option_strays_report(&server_options, config->sources, environ, warn, NULL);
    if (server_prepare(&args, &server, &failure) < 0)
        return program_fail(server_options.program, &failure);
    exit_code = config->print_config ? print_config(server) : serve(config, server);
    server_free(server);
    return exit_code;
}

/* Returns the exit code. */
static int start(int argc, char *argv[])
{
    struct server_config *config = calloc(1, sizeof(*config));
    struct failure failure;
    int exit_code;

    if (!config)
        return program_fail_memory(server_options.program);
    if (server_config_read(config, argc, argv, &failure) < 0)
        exit_code = program_fail(server_options.program, &failure);
    else if (config->help || config->version)
        exit_code = program_describe(&server_options, config->help);
    else
        exit_code = run(config);
    free(config);
    return exit_code;
}

int main(int argc, char *argv[])
{
    if (!program_begin(server_options.program, SIGNALS_HANGUP_READS_AGAIN))
        return EXIT_CANNOT_RUN;
    return program_end(start(argc, argv));
}
