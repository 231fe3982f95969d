#include "base/escape.h"
#include "programs/load_print.h"
#include "programs/load_verbs.h"
#include "programs/program.h"
#include "programs/show_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
