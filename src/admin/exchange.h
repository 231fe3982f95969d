/* One connection of the admin port: a request, its answer, and the end.
 *
 * The client may be slow, wrong, gone or hostile, so all of it together has a time limit, and input
 * and output have a size limit. A client that does not take its answer is reset, so that the kernel
 * holds nothing for it; what the kernel already has of one, it gives up after as long again.
 *
 * Thread rule: for the admin thread. */
#ifndef HELLO_EXCHANGE_H
#define HELLO_EXCHANGE_H

#include "admin/http_request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* From the accept to the close. */
#define EXCHANGE_NS UINT64_C(2000000000)

/* The longest head of a request. */
#define EXCHANGE_HEAD_BYTES 4096

/* The longest body of an answer. Metrics have two lines for each worker, of which there may be
 * CPUS_MAX. */
#define EXCHANGE_BODY_BYTES (256u << 10)

/* What a client sends after its head is read and dropped, because a close with unread input would
 * reset the client (RFC 2525 2.17), but not more than this. */
#define EXCHANGE_DRAIN_BYTES (1u << 20)

/* What is at a path. */
struct admin_route {
    const char *path;         /* "/metrics" */
    const char *content_type; /* "text/plain; charset=utf-8" */

    /* Write the body. Returns the status. */
    enum http_status (*render)(void *context, FILE *body);
};

struct exchange_args {
    const struct admin_route *routes;
    size_t route_count;
    void *context; /* of the routes */
    char *body;    /* EXCHANGE_BODY_BYTES of room */
    int end_fd;    /* readable once the thread must end: then an exchange ends at once ... */
    bool (*is_ending)(const void *end); /* ... and so it does once this says so, if poll(2) fails */
    const void *end;
};

/* Read a request from `sock`, answer it, and close the socket, which must not block. */
void exchange_run(const struct exchange_args *args, int sock);

#endif
