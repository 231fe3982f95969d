#include "option/option.h"

#include <string.h>

int option_verb_find(const struct option_verb *verbs, int argc, char *const argv[])
{
    for (int i = 0; verbs[i].name && argc > 1; i++) {
        if (strcmp(verbs[i].name, argv[1]) == 0)
            return i;
    }
    return -1;
}
