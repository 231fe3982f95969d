#include "programs/version.h"

#include <stdbool.h>

void version_write(const char *program, FILE *out)
{
    bool is_known = version_revision[0] != '\0';

    fprintf(out, "%s %s%s%s%s\n", program, HELLO_VERSION, is_known ? " (" : "", version_revision,
            is_known ? ")" : "");
}
