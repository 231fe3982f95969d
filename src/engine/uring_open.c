/* Starting the io_uring engine: the ring, and its features. */
#include "base/pages.h"
#include "engine/uring.h"

#include <errno.h>
#include <stdlib.h>

/* Find out whether accepts can poll first: an accept without a socket fails, but not because of the
 * flag (Linux 6.10). Returns 0, or -errno if the ring cannot be entered. */
static int uring_find_accept_later(struct uring *uring)
{
    struct __kernel_timespec second = {.tv_sec = 1};
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
    struct io_uring_cqe *cqe;
    int result;

    io_uring_prep_accept(sqe, -1, NULL, NULL, SOCK_CLOEXEC);
    sqe->ioprio |= IORING_ACCEPT_POLL_FIRST;
    result = io_uring_submit_and_wait_timeout(&uring->ring, &cqe, 1, &second, NULL);
    if (result < 0)
        return result;
    if (cqe->res == -EBADF)
        uring->accept_later = IORING_ACCEPT_POLL_FIRST;
    io_uring_cqe_seen(&uring->ring, cqe);
    return 0;
}

/* Memory of a ring and its requests, as the kernel counts it, in whole pages. */
#define RING_BYTES                                                         \
    (URING_SQ_ENTRIES * (sizeof(struct io_uring_sqe) + sizeof(uint32_t)) + \
     URING_CQ_ENTRIES * sizeof(struct io_uring_cqe) + 4096)

int uring_open(const struct engine_args *args, struct engine **ret_engine,
               struct engine_failure *ret_failure)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE,
        .cq_entries = URING_CQ_ENTRIES,
    };
    struct uring *uring = calloc(1, sizeof(*uring));
    void *discard = pages_map(ENGINE_DISCARD_BYTES);
    const char *step = "allocation";
    int result = -ENOMEM;

    if (uring && discard) {
        step = "io_uring_setup";
        *uring = (struct uring){.engine = {.class = &engine_uring,
                                           .listener_fd = args->listener_fd,
                                           .discard = discard},
                                .wake_fd = args->wake_fd,
                                .sockets_max = args->sockets_max};
        result = io_uring_queue_init_params(URING_SQ_ENTRIES, &uring->ring, &params);
    }
    if (result < 0) {
        engine_fail(ret_failure, step, result,
                    discard ? RING_BYTES : RING_BYTES + ENGINE_DISCARD_BYTES);
        pages_unmap(discard, ENGINE_DISCARD_BYTES);
        free(uring);
        return result;
    }
    uring->engine.features = ENGINE_SINGLE_ISSUER | ENGINE_DEFER_TASKRUN;
    /* Saves looking up the ring's descriptor at each entry; optional (Linux 5.18). */
    if (io_uring_register_ring_fd(&uring->ring) == 1)
        uring->engine.features |= ENGINE_REGISTERED_RING;
    result = uring_find_accept_later(uring);
    if (result < 0) {
        engine_fail(ret_failure, "io_uring_enter", result, 0);
        engine_destroy(&uring->engine);
        return result;
    }
    if (uring->accept_later)
        uring->engine.features |= ENGINE_ACCEPT_POLL_FIRST;
    *ret_engine = &uring->engine;
    return 0;
}
