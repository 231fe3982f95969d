/* Kernel features that an engine uses and that change the cost of a connection. Part of
 * engine.h. */
#ifndef HELLO_ENGINE_FEATURE_H
#define HELLO_ENGINE_FEATURE_H

/* Bits of a set. */
enum engine_feature {
    ENGINE_SINGLE_ISSUER = 1,      /* uring: the kernel knows that one thread uses the ring */
    ENGINE_DEFER_TASKRUN = 2,      /* uring: requests complete only inside a wait */
    ENGINE_REGISTERED_RING = 4,    /* uring: entering it looks up no descriptor */
    ENGINE_ACCEPT_POLL_FIRST = 8,  /* uring: accepts wait before they are tried */
    ENGINE_NANOSECOND_TIMEOUT = 16 /* epoll: waits end to the nanosecond (epoll_pwait2) */
};
#define ENGINE_FEATURE_COUNT 5

/* The name of the feature of bit i: "single_issuer", ... */
const char *engine_feature_name(unsigned i);

#endif
