/* Facts that the system may not report. A fact is a number or one of two special values; nothing
 * may be derived from a special value. An unknown share (double) is NAN. */
#ifndef HELLO_FACT_H
#define HELLO_FACT_H

#include <stdbool.h>
#include <stdint.h>

#define FACT_UNKNOWN UINT64_MAX       /* it cannot be read here */
#define FACT_NONE    (UINT64_MAX - 1) /* for a limit: it was read, and there is none */

/* True if a fact is a number. */
static inline bool fact_is_number(uint64_t fact)
{
    return fact < FACT_NONE;
}

/* How much a total has grown: unknown unless both are known; 0 if it went backwards (steal has been
 * seen to do that, after a virtual machine was moved). */
static inline uint64_t fact_since(uint64_t now, uint64_t before)
{
    if (!fact_is_number(now) || !fact_is_number(before))
        return FACT_UNKNOWN;
    return now > before ? now - before : 0;
}

#endif
