#include "base/thread_time.h"

#include "base/fact.h"
#include "base/platform.h"

#include <inttypes.h>
#include <stdio.h>

uint64_t thread_wait_parse(const char *text)
{
    uint64_t run_ns, wait_ns, turns;

    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &run_ns, &wait_ns, &turns) != 3)
        return FACT_UNKNOWN;
    return turns > 0 ? wait_ns : FACT_UNKNOWN; /* "0 0 0": it is switched off */
}

uint64_t thread_wait_ns(pid_t thread)
{
    char path[64], text[128];

    snprintf(path, sizeof(path), PLATFORM_SELF "/task/%d/schedstat", (int)thread);
    return thread_wait_parse(platform_text_read(path, text, sizeof(text)));
}
