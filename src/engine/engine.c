#include "engine/engine.h"

#include "engine/epoll.h"
#include "engine/uring.h"

#include <stddef.h>

/* A new engine is its files and a row in both lists. */
const struct engine_class *const engine_classes[] = {&engine_uring, &engine_epoll, NULL};
const char *const engine_choices[] = {"auto", "uring", "epoll", NULL};
