#include "programs/load_print.h"

#include "base/exit_code.h"
#include "base/output.h"
#include "programs/program.h"
#include "report/report.h"
#include "report/terminal.h"

#include <stdio.h>
#include <unistd.h>

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
    return result == 0 ? EXIT_DONE : program_fail_output("hello-load", " the report", result);
}
