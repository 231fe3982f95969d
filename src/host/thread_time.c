#include "host/thread_time.h"

#include "base/fact.h"
#include "host/platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t thread_wait_parse(const char *text)
{
    uint64_t numbers[3]; /* run, wait, slices */

    for (int i = 0; i < 3; i++) {
        char *rest;

        errno = 0;
        numbers[i] = strtoull(text, &rest, 10);
        if (rest == text || errno != 0)
            return FACT_UNKNOWN;
        text = rest;
    }
    return numbers[2] > 0 ? numbers[1] : FACT_UNKNOWN; /* "0 0 0": it is switched off */
}

uint64_t thread_wait_ns(pid_t thread)
{
    char path[64], text[128];

    snprintf(path, sizeof(path), PLATFORM_SELF "/task/%d/schedstat", (int)thread);
    return thread_wait_parse(platform_text_read(path, text, sizeof(text)));
}
