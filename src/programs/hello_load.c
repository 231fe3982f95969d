/* hello-load: measures how many TCP connections per second a service can handle, and how long each
 * phase lasts. */
#include "base/exit_code.h"
#include "generator/config.h"
#include "programs/load_verbs.h"
#include "programs/program.h"

/* Run the verb in the first argument; without a verb, it is an option or a target of a run. */
static int start(int argc, char *argv[])
{
    switch (option_verb_find(load_options.verbs, argc, argv)) {
    case LOAD_SHOW:
        return load_show(argc - 1, argv + 1);
    case LOAD_RUN:
        return load_run(argc - 1, argv + 1);
    default:
        return load_run(argc, argv);
    }
}

int main(int argc, char *argv[])
{
    if (!program_begin(load_options.program, SIGNALS_HANGUP_STOPS))
        return EXIT_CANNOT_RUN;
    return program_end(start(argc, argv));
}
