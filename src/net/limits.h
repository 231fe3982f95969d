/* The descriptor limit of this process. */
#ifndef HELLO_LIMITS_H
#define HELLO_LIMITS_H

#include <stdint.h>

/* At most this many descriptors are used, even if more are allowed: it sets table sizes. */
#define LIMITS_DESCRIPTORS_MAX (1u << 20)

/* Descriptors that are not connections: the standard ones and some to spare, and those of each
 * worker (its engine, its eventfd, its listener). */
#define LIMITS_DESCRIPTORS_BASE       24
#define LIMITS_DESCRIPTORS_PER_WORKER 4

/* How many descriptors connections must not use when there are this many workers. */
uint64_t limits_descriptors_reserved(uint64_t workers);

/* Raise the soft limit on descriptors (RLIMIT_NOFILE, getrlimit(2)) to the hard one.
 * Returns the new limit, at most LIMITS_DESCRIPTORS_MAX, or -errno. */
int64_t limits_raise_descriptors(void);

#endif
