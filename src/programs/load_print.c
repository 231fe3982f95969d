#include "programs/load_print.h"

#include "base/exit_code.h"
#include "base/output.h"
#include "host/program.h"
#include "report/report.h"
#include "report/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define ERROR_BYTES 512

int load_fail(int result, const char *error)
{
    program_print("hello-load", error);
    return result == -EINVAL || result == -EHOSTUNREACH ? EXIT_USAGE : EXIT_CANNOT_RUN;
}

/* The output could not be written. Returns the exit code. */
static int fail_output(const char *what, int result)
{
    char error[ERROR_BYTES], problem[OUTPUT_PROBLEM_BYTES];

    snprintf(error, sizeof(error), "cannot write%s: %s", what, output_problem(result, problem));
    return load_fail(-EIO, error);
}

int load_describe(const struct option_table *table, bool is_help)
{
    struct output out;
    int result = output_begin(&out, STDOUT_FILENO, OUTPUT_PATIENT);

    if (result == 0) {
        if (is_help)
            option_help(table, out.stream);
        else
            fprintf(out.stream, "hello-load %s\n", HELLO_VERSION);
        result = output_end(&out);
    }
    return result == 0 ? EXIT_DONE : fail_output("", result);
}

/* Returns 0 or -errno. */
static int document_print(const struct document *document, enum load_form form, bool is_brief,
                          FILE *out)
{
    struct terminal terminal = terminal_of(STDOUT_FILENO);

    if (form == LOAD_JSON)
        return document_write(document, out);
    if (form == LOAD_CSV) {
        report_csv(document, out);
        return 0;
    }
    if (!is_brief)
        report_text(document, out, &terminal);
    report_line(document, out, is_brief || !terminal.is_terminal);
    return 0;
}

int load_print(const struct document *document, enum load_form form, bool is_brief)
{
    struct output out;
    int result = output_begin(&out, STDOUT_FILENO, OUTPUT_PATIENT);
    int lost;

    if (result == 0) {
        result = document_print(document, form, is_brief, out.stream);
        lost = output_end(&out);
        result = lost < 0 ? lost : result;
    }
    return result == 0 ? EXIT_DONE : fail_output(" the report", result);
}
