#include "engine/engine.h"

#include <stddef.h>
#include <string.h>

const struct engine_class *const engine_classes[] = {&engine_uring, &engine_epoll, NULL};

const struct engine_class *engine_class_find(const char *name)
{
    for (size_t i = 0; engine_classes[i]; i++) {
        if (strcmp(engine_classes[i]->name, name) == 0)
            return engine_classes[i];
    }
    return NULL;
}
