#include "server/engines_print.h"

#include "engine/engine.h"

#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

void engines_print(uint32_t sockets_max, FILE *out)
{
    struct engine_args args = {
        .listener_fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC), .sockets_max = sockets_max};

    for (size_t i = 0; engine_classes[i]; i++) {
        struct engine_failure failure;
        struct engine *engine;

        if (engine_open(engine_classes[i], &args, &engine, &failure) == 0) {
            engine_destroy(engine);
            fprintf(out, "engine.%s=works  # tried\n", engine_classes[i]->name);
        } else {
            fprintf(out, "engine.%s=%s: %s; %s  # tried\n", engine_classes[i]->name, failure.step,
                    strerror(failure.error), failure.advice);
        }
    }
    if (args.wake_fd >= 0)
        close(args.wake_fd);
}
