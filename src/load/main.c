/* hello-load: drives connections at a greeting service and checks every byte. */
#include "base/exit_code.h"
#include "base/stdio_line.h"
#include "load/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(int result, const char *error)
{
    fprintf(stderr, "%s: %s\n", load_options.program, error);
    return result == -EINVAL ? EXIT_USAGE : EXIT_CANNOT_RUN;
}

/* Do what the configuration says. Returns the exit code. */
static int run(struct load_config *config)
{
    char error[CREW_ERROR_BYTES];
    struct load_report report;
    int result = load_run(config, &report, error);

    if (result < 0)
        return fail(result, error);
    load_report_print(&report, config->quiet);
    return result_counts_failed(&report.counts) ? EXIT_MISSED : EXIT_DONE;
}

int main(int argc, char *argv[])
{
    struct load_config *config = calloc(1, sizeof(*config));
    char error[OPTION_ERROR_BYTES];
    int exit_code = EXIT_DONE;
    int result;

    stdio_guard();
    if (!config)
        return fail(-ENOMEM, "cannot allocate: out of memory; raise the memory limit");
    result = load_config_read(config, argc, argv, error);
    if (result < 0)
        exit_code = fail(result, error);
    else if (config->help)
        option_help(&load_options, stdout);
    else if (config->version)
        printf("%s %s\n", load_options.program, HELLO_VERSION);
    else
        exit_code = run(config);
    free(config);
    return exit_code;
}
