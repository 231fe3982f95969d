/* The generator's connections, made by the calling thread, with a given concurrency, each from SYN
 * to EOF, every byte compared.
 *
 * Thread rule: a client belongs to one thread. */
#ifndef HELLO_BENCH_CLIENT_H
#define HELLO_BENCH_CLIENT_H

#include "engine/engine.h"
#include "net/address.h"

#include <stdint.h>

#define CLIENT_ERROR_BYTES 256

/* A connection that has not ended after this time counts as failed. */
#define CLIENT_TIMEOUT_NS UINT64_C(10000000000)

struct client;

struct client_args {
    const struct engine_class *class;
    const struct address *address;
    const void *greeting; /* the exact input expected; at most OPTION_BYTES_MAX. Copied. */
    uint32_t greeting_bytes;
    uint32_t concurrency; /* connections in flight */
    uint32_t sockets_max; /* the descriptor limit */
};

/* Make a client. The caller must give *ret_client to client_free. Returns 0, or -errno with one
 * line in error. */
int client_new(const struct client_args *args, struct client **ret_client,
               char error[CLIENT_ERROR_BYTES]);
void client_free(struct client *client);

/* Make `count` connections, and return when all have ended. Returns 0, or -errno with one line in
 * error: -EIO if one of them did not end as it should (then no more are begun). */
int client_run(struct client *client, uint64_t count, char error[CLIENT_ERROR_BYTES]);

/* The same for a given time: as many connections as can begin in it, at least one. */
int client_run_for(struct client *client, uint64_t time_ns, char error[CLIENT_ERROR_BYTES]);

/* How many have ended well so far. */
uint64_t client_ended(const struct client *client);

#endif
