#include "programs/show_config.h"

#include <errno.h>

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

const struct option_table show_options = {
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

int show_config_read(struct show_config *config, int argc, char *const argv[],
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
