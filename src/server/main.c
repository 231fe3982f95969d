/* hello-server: answers TCP connections with a greeting. */
#include "base/escape.h"
#include "base/exit_code.h"
#include "base/stdio_line.h"
#include "server/config.h"
#include "server/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long the totals may wait for whoever reads them. */
#define TOTALS_TIMEOUT_MS 1000

static int fail(int exit_code, const char *error)
{
    char line[4 *
              OPTION_ERROR_BYTES]; /* what came from outside is shown, and commands no terminal */

    fprintf(stderr, "%s: %s\n", server_options.program, escape_line(error, line, sizeof(line)));
    return exit_code;
}

/* What was asked for is printed. Returns the exit code. */
static int end_print(void)
{
    char error[CREW_ERROR_BYTES];
    int result = stdio_flush();

    if (result == 0)
        return EXIT_DONE;
    snprintf(error, sizeof(error), "cannot write: %s; look at where it goes to", strerror(-result));
    return fail(EXIT_CANNOT_RUN, error);
}

/* Start, serve, stop. Returns the exit code. */
static int serve(const struct server_config *config, struct server *server)
{
    char error[CREW_ERROR_BYTES];
    char text[OUTCOME_TEXT_BYTES], line[OUTCOME_TEXT_BYTES + 16];
    struct outcome_counts total;
    int result;

    if (server_start(server, error) < 0)
        return fail(EXIT_CANNOT_RUN, error);
    if (config->verbose)
        server_print(server, stderr);
    if (!config->quiet)
        server_print_start(server, stdout);
    result = server_run(server, &total, error);
    snprintf(line, sizeof(line), "stopped %s", outcome_counts_format(&total, text));
    if (!config->quiet)
        stdio_line(STDOUT_FILENO, TOTALS_TIMEOUT_MS, server_options.program, line);
    return result < 0 ? fail(EXIT_CANNOT_RUN, error) : EXIT_DONE;
}

/* Do what the configuration says. Returns the exit code. */
static int run(struct server_config *config)
{
    char error[CREW_ERROR_BYTES];
    struct server *server;
    int exit_code;

    if (server_prepare(config, &server, error) < 0)
        return fail(EXIT_CANNOT_RUN, error);
    if (config->print_config) {
        server_print(server, stdout);
        exit_code = end_print();
    } else {
        exit_code = serve(config, server);
    }
    server_free(server);
    return exit_code;
}

/* One line to stderr, which nobody is waited for to read. */
static void warn(void *context, const char *line)
{
    (void)context;
    stdio_line(STDERR_FILENO, 0, server_options.program, line);
}

int main(int argc, char *argv[])
{
    struct server_config *config = calloc(1, sizeof(*config));
    char error[OPTION_ERROR_BYTES];
    int exit_code, result;

    stdio_guard();
    if (!config)
        return fail(EXIT_CANNOT_RUN, "cannot allocate: out of memory; raise the memory limit");
    result = server_config_read(config, argc, argv, error);
    if (result < 0) {
        exit_code = fail(result == -EINVAL ? EXIT_USAGE : EXIT_CANNOT_RUN, error);
    } else if (config->help) {
        option_help(&server_options, stdout);
        exit_code = end_print();
    } else if (config->version) {
        printf("%s %s\n", server_options.program, HELLO_VERSION);
        exit_code = end_print();
    } else {
        if (!config->quiet)
            option_strays_tell(&server_options, config->sources, environ, warn, NULL);
        exit_code = run(config);
    }
    free(config);
    return exit_code;
}
