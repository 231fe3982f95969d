/* The users' choices in debug builds with tests: also engines that check their use. */
#include "engine/checked.h"
#include "engine/epoll.h"
#include "engine/uring.h"

#include <stddef.h>

const char *const engine_choices[] = {"auto",          "uring",         "epoll",
                                      "checked:uring", "checked:epoll", NULL};
const struct engine_class *const engine_chosen[] = {NULL, &engine_uring, &engine_epoll,
                                                    &engine_checked_uring, &engine_checked_epoll};
