/* The descriptor limit of this process. */
#ifndef HELLO_LIMITS_H
#define HELLO_LIMITS_H

#include <stdint.h>

/* No more descriptors than this are made use of, however many are allowed: tables are sized by it.
 */
#define LIMITS_DESCRIPTORS_MAX (1u << 20)

/* Descriptors that are not connections: the standard ones and some to spare, and those of each
 * worker (its engine, its eventfd, its listener). */
#define LIMITS_DESCRIPTORS_BASE       24
#define LIMITS_DESCRIPTORS_PER_WORKER 4

/* How many descriptors are to be kept from connections when there are this many workers. */
uint64_t limits_descriptors_reserved(uint64_t workers);

/* Raise the soft limit on descriptors (RLIMIT_NOFILE, getrlimit(2)) to the hard one.
 * Returns the limit that then holds, LIMITS_DESCRIPTORS_MAX at the most, or -errno. */
int64_t limits_raise_descriptors(void);

#endif
