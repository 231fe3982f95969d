/* The users' choices in shipped programs. */
#include "engine/epoll.h"
#include "engine/uring.h"

#include <stddef.h>

const char *const engine_choices[] = {"auto", "uring", "epoll", NULL};
const struct engine_class *const engine_chosen[] = {NULL, &engine_uring, &engine_epoll};
