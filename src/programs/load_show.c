#include "base/escape.h"
#include "base/exit_code.h"
#include "programs/load_print.h"
#include "programs/load_verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_BYTES 1024

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
    {.heading = "Other",
     .long_name = "help",
     .short_name = 'h',
     .kind = &option_switch,
     .offset = FIELD(help),
     .environment = "",
     .help = "print this help, and exit"},
    {.long_name = "version",
     .short_name = 'V',
     .kind = &option_switch,
     .offset = FIELD(version),
     .environment = "",
     .help = "print the version, and exit"},
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

/* Read a file into the document. Returns 0 or -errno, with one line in error. */
static int file_read(const char *path, struct document *document, char error[ERROR_BYTES])
{
    char problem[DOCUMENT_ERROR_BYTES], name[256];
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int result;

    escape_line(path, name, sizeof(name));
    if (!in) {
        result = -errno;
        snprintf(error, ERROR_BYTES, "cannot read '%s': %s; give a file that --json was sent to",
                 name, strerror(-result));
        return result == -EINVAL ? -EIO : result;
    }
    result = document_read(document, in, problem);
    if (in != stdin)
        fclose(in);
    if (result < 0)
        snprintf(error, ERROR_BYTES, "'%s' %s; %s", name, problem,
                 result == -EINVAL   ? "give what 'hello-load --json' of this version printed"
                 : result == -ENOMEM ? "raise the memory limit"
                 : result == -EFBIG  ? "read it with another program, such as jq"
                                     : "give a file that --json was sent to");
    return result;
}

static int show(const struct show_config *config)
{
    struct document *document = calloc(1, sizeof(*document));
    enum load_form form = config->json ? LOAD_JSON : config->csv ? LOAD_CSV : LOAD_TEXT;
    char error[ERROR_BYTES];
    int exit_code, result;

    if (!document)
        return load_fail(-ENOMEM, "cannot allocate: out of memory; raise the memory limit");
    result = file_read(config->file, document, error);
    exit_code = result < 0 ? load_fail(result, error) : load_print(document, form, config->quiet);
    document_release(document);
    free(document);
    return exit_code;
}

int load_show(int argc, char *argv[])
{
    struct show_config config = {0};
    char error[OPTION_ERROR_BYTES];
    int result = option_parse(&show_options, argc, argv, &config, config.sources, error);

    if (result < 0)
        return load_fail(result, error);
    if (config.help || config.version)
        return load_describe(&show_options, config.help);
    if (!config.file)
        return load_fail(-EINVAL, "no FILE given; give what 'hello-load --json' printed, or -");
    if (config.json && config.csv)
        return load_fail(-EINVAL, "--json and --csv exclude each other; give one");
    return show(&config);
}
