/* Facts that the system may not tell. A fact is a number, or one of two words that no number is;
 * nothing may be derived from either word. A share (double) that is not known is NAN. */
#ifndef HELLO_FACT_H
#define HELLO_FACT_H

#include <stdbool.h>
#include <stdint.h>

#define FACT_UNKNOWN UINT64_MAX       /* it cannot be read here */
#define FACT_NONE    (UINT64_MAX - 1) /* of a limit: it was read, and there is none */

/* True if a fact is a number. */
static inline bool fact_is_number(uint64_t fact)
{
    return fact < FACT_NONE;
}

#endif
