/* The descriptor limit of this process. */
#ifndef HELLO_LIMITS_H
#define HELLO_LIMITS_H

#include <stdint.h>

/* Raise the soft limit on descriptors (RLIMIT_NOFILE, getrlimit(2)) to the hard one.
 * Returns the limit that then holds, clamped to UINT32_MAX, or -errno. */
int64_t limits_raise_descriptors(void);

#endif
