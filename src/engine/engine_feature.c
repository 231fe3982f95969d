#include "engine/engine_feature.h"

const char *engine_feature_name(unsigned i)
{
    static const char *const names[ENGINE_FEATURE_COUNT] = {
        "single_issuer",     "defer_taskrun",      "registered_ring",
        "accept_poll_first", "nanosecond_timeout",
    };

    return names[i];
}
