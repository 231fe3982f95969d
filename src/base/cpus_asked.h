/* Which CPUs a user asks for: "auto" (the program decides), "none" (its threads stay on no CPU), or
 * a list such as "0,2-5".
 *
 * Thread rule: as base/cpus.h. */
#ifndef HELLO_CPUS_ASKED_H
#define HELLO_CPUS_ASKED_H

#include "base/cpus.h"

enum cpus_how { CPUS_AUTO, CPUS_NONE, CPUS_LISTED };

struct cpus_asked {
    enum cpus_how how;
    struct cpus list; /* of CPUS_LISTED */
};

/* Read it. Each CPU of a list must be one that the calling thread may run on. Returns 0, or -EINVAL
 * with one line in error, of error_bytes. */
int cpus_asked_parse(const char *text, struct cpus_asked *ret_asked, char *error,
                     size_t error_bytes);

/* Keep the calling thread, and so what it starts, to the list, if there is one. Returns 0 or
 * -errno.
 */
int cpus_asked_keep(const struct cpus_asked *asked);

#endif
