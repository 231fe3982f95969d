/* Lets calls of liburing fail, and operations in a ring: FAULT_FUNCTION=uring:accept.
 *
 * An operation is made to fail before the kernel sees it: it becomes one that does nothing, and the
 * result of that becomes the error. So it is not done, as if the kernel had refused it; one that
 * the kernel did must not be reported as failed, since its effects would be lost.
 *
 * liburing returns its errors, and reads the rings by inline functions. */
#include "fault.h"

#include <dlfcn.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 64

/* Operations that do nothing, until their results have come. */
struct pending {
    uint64_t user_data;
    int error;
};

/* The name by which a test knows an operation; NULL: it is not one that may fail. */
static const char *operation_name(unsigned opcode)
{
    switch (opcode) {
    case IORING_OP_ACCEPT:
        return "uring:accept";
    case IORING_OP_CONNECT:
        return "uring:connect";
    case IORING_OP_SEND:
        return "uring:send";
    case IORING_OP_RECV:
        return "uring:recv";
    case IORING_OP_CLOSE:
        return "uring:close";
    case IORING_OP_READ:
        return "uring:read";
    case IORING_OP_ASYNC_CANCEL:
        return "uring:cancel";
    default:
        return NULL;
    }
}

/* A ring belongs to a thread, and so do these. */
static _Thread_local struct pending pending[PENDING_MAX];
static _Thread_local unsigned pending_count;

/* Let operations that are about to be submitted fail. */
static void operations_change(struct io_uring *ring)
{
    for (unsigned i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++) {
        struct io_uring_sqe *sqe = &ring->sq.sqes[i & *ring->sq.kring_mask];
        const char *name = operation_name(sqe->opcode);
        uint64_t user_data = sqe->user_data;
        int error;

        fault_note(sqe->opcode);
        error = name && pending_count < PENDING_MAX ? fault_switched(name) : 0;
        if (error == 0)
            continue;
        memset(sqe, 0, sizeof(*sqe));
        sqe->opcode = IORING_OP_NOP;
        sqe->fd = -1;
        sqe->user_data = user_data;
        pending[pending_count++] = (struct pending){.user_data = user_data, .error = error};
    }
}

/* If this is the result of such an operation, make it the error. */
static void result_change(struct io_uring_cqe *cqe)
{
    for (unsigned i = 0; i < pending_count; i++) {
        if (pending[i].user_data != cqe->user_data || cqe->res != 0)
            continue;
        cqe->res = -pending[i].error;
        pending[i] = pending[--pending_count];
        return;
    }
}

static void results_change(struct io_uring *ring)
{
    struct io_uring_cqe *cqe;
    unsigned head;

    io_uring_for_each_cqe(ring, head, cqe) result_change(cqe);
}

static void *function_find(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (!function)
        abort();
    return function;
}

int io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **cqe,
                                     unsigned count, struct __kernel_timespec *timeout,
                                     sigset_t *signals)
{
    static int (*real)(struct io_uring *, struct io_uring_cqe **, unsigned,
                       struct __kernel_timespec *, sigset_t *);
    int error = fault_switched("io_uring_submit_and_wait_timeout"), result;

    if (error)
        return -error;
    if (!real)
        *(void **)&real = function_find("io_uring_submit_and_wait_timeout");
    operations_change(ring);
    result = real(ring, cqe, count, timeout, signals);
    results_change(ring);
    return result;
}

int io_uring_submit_and_get_events(struct io_uring *ring)
{
    static int (*real)(struct io_uring *);
    int error = fault_switched("io_uring_submit_and_get_events"), result;

    if (error)
        return -error;
    if (!real)
        *(void **)&real = function_find("io_uring_submit_and_get_events");
    operations_change(ring);
    result = real(ring);
    results_change(ring);
    return result;
}
