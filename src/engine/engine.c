#include "engine/engine.h"

#include "engine/epoll.h"
#include "engine/self_test.h"
#include "engine/uring.h"

#include <stddef.h>
#include <string.h>

/* A new engine needs its files, an entry here and one in each engine_choices*.c. */
const struct engine_class *const engine_classes[] = {&engine_uring, &engine_epoll, NULL};

void engine_destroy(struct engine *engine)
{
    if (engine)
        engine->class->destroy(engine);
}

int engine_fail(struct engine_failure *ret_failure, const char *step, int error,
                uint64_t needed_bytes)
{
    const char *call = strcmp(step, "allocation") == 0 ? "mmap" : step;

    *ret_failure = (struct engine_failure){.step = step, .error = -error};
    advice_find(call, -error, needed_bytes, ret_failure->advice);
    return error;
}

int engine_open(const struct engine_class *class, const struct engine_args *args,
                struct engine **ret_engine, struct engine_failure *ret_failure)
{
    struct engine *engine;
    struct self_test test;
    int result = class->open(args, &engine, ret_failure);

    if (result < 0)
        return result;
    result = engine->is_tested ? 0 : self_test_run(&test, engine, args);
    if (result < 0) {
        engine_fail(ret_failure, test.step, result, 0);
        engine_destroy(engine);
        return result;
    }
    *ret_engine = engine;
    return 0;
}
