/* Which CPUs a user asks for: "auto" (the program decides), "none" (threads are not pinned), or a
 * list such as "0,2-5".
 *
 * Thread rule: see host/cpus.h. */
#ifndef HELLO_CPUS_REQUEST_H
#define HELLO_CPUS_REQUEST_H

#include "host/cpus.h"

enum cpus_how { CPUS_AUTO, CPUS_NONE, CPUS_LISTED };

struct cpus_request {
    enum cpus_how how;
    struct cpus list; /* of CPUS_LISTED */
};

/* Parse it. The calling thread must be allowed to run on each CPU of a list. Returns 0, or -EINVAL
 * and writes to problem what is wrong and what to do, without the option or the text. */
int cpus_request_parse(const char *text, struct cpus_request *ret_request, char *problem,
                       size_t problem_bytes);

/* Bind the calling thread, and the threads it starts, to the list, if any. Returns 0 or -errno. */
int cpus_request_keep(const struct cpus_request *request);

#endif
