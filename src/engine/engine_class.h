/* What each engine must provide: a table of functions. Part of engine.h, which documents them. */
#ifndef HELLO_ENGINE_CLASS_H
#define HELLO_ENGINE_CLASS_H

#include "engine/engine_feature.h"
#include "host/advice.h"

#include <stdint.h>

#include <sys/socket.h>

/* Why an engine or its worker could not start: the failed step (a system call or "allocation"), its
 * errno, and what would enable it. */
struct engine_failure {
    const char *step;
    int error; /* positive */
    char advice[ADVICE_BYTES];
};

struct engine;
struct engine_args;
struct engine_delivery;
struct engine_event;

enum engine_op {
    ENGINE_OP_NONE,
    ENGINE_OP_ACCEPT,
    ENGINE_OP_CONNECT,
    ENGINE_OP_SEND,
    ENGINE_OP_RECV,
    ENGINE_OP_WAKE, /* wake_fd, an eventfd, was written; the engine has reset it */
};

/* One row per engine: what a new engine must implement. engine.h documents the functions. */
struct engine_class {
    const char *name;
    const char *watch_call;  /* for messages: the system call by which accept_start can fail ... */
    const char *accept_call; /* ... and the one of an accept */
    int (*open)(const struct engine_args *args, struct engine **ret_engine,
                struct engine_failure *ret_failure);
    void (*destroy)(struct engine *engine);
    int (*accept_start)(struct engine *engine, uint32_t capacity);
    void (*accept_stop)(struct engine *engine);
    int (*socket)(struct engine *engine, int family);
    int (*connect)(struct engine *engine, uint64_t token, int sock, const struct sockaddr *address,
                   socklen_t address_bytes);
    int (*send)(struct engine *engine, uint64_t token, int sock, const void *data, uint32_t bytes,
                unsigned flags);
    int (*recv)(struct engine *engine, uint64_t token, int sock, void *data, uint32_t bytes,
                unsigned flags);
    int (*connect_error)(struct engine *engine, int sock);
    int (*send_now)(struct engine *engine, int sock, const void *data, uint32_t bytes,
                    unsigned flags);
    int (*recv_now)(struct engine *engine, int sock, void *data, uint32_t bytes);
    int (*discard)(struct engine *engine, int sock);
    int (*half_close)(struct engine *engine, int sock);
    int (*cancel)(struct engine *engine, enum engine_op op, uint64_t token, int sock);
    int (*delivery)(struct engine *engine, int sock, struct engine_delivery *ret_delivery);
    int (*hand_over)(struct engine *engine, int sock, const void *data, uint32_t bytes,
                     uint64_t timeout_ns);
    int (*disconnect)(struct engine *engine, int sock);
    void (*close)(struct engine *engine, int sock, unsigned flags);
    int (*wait)(struct engine *engine, int64_t timeout_ns, struct engine_event *events);
};

#endif
