#include "programs/version.h"

void version_write(const char *program, FILE *out)
{
    if (version_revision[0] == '\0')
        fprintf(out, "%s %s\n", program, HELLO_VERSION);
    else
        fprintf(out, "%s %s (%s)\n", program, HELLO_VERSION, version_revision);
}
