/* hello-complete PROGRAM SHELL: writes the completions of a program for a shell. A tool of the
 * build, which is not installed. */
#include "base/exit_code.h"
#include "base/output.h"
#include "generator/config.h"
#include "option/completion.h"
#include "programs/program.h"
#include "programs/show_config.h"
#include "server/config.h"

#include <string.h>
#include <unistd.h>

#define NAME "hello-complete"

/* In the order of the verbs of load_options. */
static const struct option_table *const load_verb_tables[] = {&load_options, &show_options};

static const struct completion programs[] = {
    {.table = &server_options},
    {.table = &load_options, .verb_tables = load_verb_tables},
};

static const struct {
    const char *name;
    void (*write)(const struct completion *completion, FILE *out);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

/* Returns the exit code. */
static int print(const struct completion *completion,
                 void (*write)(const struct completion *completion, FILE *out))
{
    struct output out;
    int result = output_begin(&out, STDOUT_FILENO, OUTPUT_PATIENT);

    if (result == 0) {
        write(completion, out.stream);
        result = output_end(&out);
    }
    return result == 0 ? EXIT_DONE : program_fail_output(NAME, "", result);
}

int main(int argc, char *argv[])
{
    for (size_t i = 0; argc == 3 && i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (strcmp(programs[i].table->program, argv[1]) != 0)
            continue;
        for (size_t j = 0; j < sizeof(shells) / sizeof(shells[0]); j++) {
            if (strcmp(shells[j].name, argv[2]) == 0)
                return print(&programs[i], shells[j].write);
        }
    }
    program_print(NAME, "usage: hello-complete hello-server|hello-load bash|zsh|fish");
    return EXIT_USAGE;
}
