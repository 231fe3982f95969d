/* hello-server and hello-load as one static program, which runs the one it is named after. Both
 * together are hardly larger than one, because most of a static program is the C library. */
#include "base/exit_code.h"
#include "programs/program.h"

#include <errno.h>
#include <string.h>

/* The main functions of the programs, renamed by src/CMakeLists.txt. */
int hello_server_main(int argc, char *argv[]);
int hello_load_main(int argc, char *argv[]);

static const struct {
    const char *name; /* or the start of the name: hello-server-0.1 */
    int (*main)(int argc, char *argv[]);
} programs[] = {{"hello-server", hello_server_main}, {"hello-load", hello_load_main}};

int main(int argc, char *argv[])
{
    const char *path = argc > 0 ? argv[0] : "";
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct failure failure;

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (strncmp(name, programs[i].name, strlen(programs[i].name)) == 0)
            return programs[i].main(argc, argv);
    }
    if (!program_begin("hello", SIGNALS_HANGUP_STOPS))
        return EXIT_CANNOT_RUN;
    failure_set(&failure, FAILURE_USAGE, -EINVAL,
                "'%s' is not one of these programs; call it hello-server or hello-load", name);
    return program_end(program_fail("hello", &failure));
}
