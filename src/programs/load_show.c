#include "base/escape.h"
#include "programs/load_print.h"
#include "programs/load_verbs.h"
#include "programs/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct show_config {
    const char *file;
    bool json, csv, quiet, help, version;
    enum option_source sources[OPTION_ROWS_MAX];
};

#define FIELD(name) offsetof(struct show_config, name)

static const struct option_row show_rows[] = {
    {.argument = "FILE",
     .kind = &option_text,
     .offset = FIELD(file),
     .environment = "",
     .help = "the result, as --json printed it; -: standard input"},
    {.heading = "Result",
     .long_name = "json",
     .kind = &option_switch,
     .offset = FIELD(json),
     .environment = "",
     .help = "print it as one JSON document"},
    {.long_name = "csv",
     .kind = &option_switch,
     .offset = FIELD(csv),
     .environment = "",
     .help = "print what happened in each second as CSV"},
    {.long_name = "quiet",
     .short_name = 'q',
     .kind = &option_switch,
     .offset = FIELD(quiet),
     .environment = "",
     .help = "print the final line and errors only"},
    OPTION_ROWS_LAST("Other", struct show_config),
};

static const struct option_table show_options = {
    .program = "hello-load",
    .summary = "Prints a result of hello-load that was kept, as the run printed it",
    .usage = "show [OPTIONS] FILE",
    .prefix = "HELLO_LOAD_",
    .rows = show_rows,
    .row_count = sizeof(show_rows) / sizeof(show_rows[0]),
    .footer =
        "Exit codes: 0 done, 1 it could not be read or written, 2 wrong usage, or no result.\n"
        "\n"
        "Example:\n"
        "  hello-load --json localhost >result.json; hello-load show result.json\n",
};

/* Read a file into the document. Returns 0, or -errno with a failure. */
static int file_read(const char *path, struct document *document, struct failure *failure)
{
    char problem[DOCUMENT_ERROR_BYTES], name[256];
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int result = in ? document_read(document, in, problem) : -errno;

    if (!in)
        snprintf(problem, sizeof(problem), "cannot be read: %s", strerror(-result));
    else if (in != stdin)
        fclose(in);
    escape_line(path, name, sizeof(name));
    if (result == -EINVAL)
        failure_set(failure, FAILURE_USAGE, result,
                    "'%s' %s; give what 'hello-load --json' of this version printed", name,
                    problem);
    else if (result < 0)
        failure_set(failure, FAILURE_SYSTEM, result, "'%s' %s; %s", name, problem,
                    result == -ENOMEM  ? "raise the memory limit"
                    : result == -EFBIG ? "read it with another program, such as jq"
                                       : "give a file that --json was sent to");
    return result;
}

static int show(const struct show_config *config)
{
    struct document *document = calloc(1, sizeof(*document));
    enum load_form form = config->json ? LOAD_JSON : config->csv ? LOAD_CSV : LOAD_TEXT;
    struct failure failure;
    int exit_code;

    if (!document)
        return program_fail_memory(show_options.program);
    exit_code = file_read(config->file, document, &failure) < 0
                    ? program_fail(show_options.program, &failure)
                    : load_print(document, form, config->quiet);
    document_release(document);
    free(document);
    return exit_code;
}

/* Read the options, and check them against each other. Returns 0, or -EINVAL with a failure, which
 * is always of usage. */
static int show_config_read(struct show_config *config, int argc, char *const argv[],
                            struct failure *failure)
{
    int result = option_parse(&show_options, argc, argv, config, config->sources, failure->line);

    if (result < 0)
        return failure_classify(failure, FAILURE_USAGE, result);
    if (config->help || config->version)
        return 0;
    if (!config->file)
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "no FILE given; give what 'hello-load --json' printed, or -");
    if (config->json && config->csv)
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "--json and --csv exclude each other; give one");
    return 0;
}

int load_show(int argc, char *argv[])
{
    struct show_config config = {0};
    struct failure failure;

    if (show_config_read(&config, argc, argv, &failure) < 0)
        return program_fail(show_options.program, &failure);
    if (config.help || config.version)
        return program_describe(&show_options, config.help);
    return show(&config);
}
