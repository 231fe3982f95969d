/* Starting the io_uring engine: the ring, a test that it does what it will be asked for, and advice
 * for where it does not. */
#include "base/pages.h"
#include "engine/uring.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/un.h>

/* Wait for one completion of the self-test. Returns its result, or -errno; *ret_step is another if
 * the wait itself failed. */
static int uring_test_result(struct uring *uring, const char **ret_step)
{
    struct __kernel_timespec second = {.tv_sec = 1};
    struct io_uring_cqe *cqe;
    int result = io_uring_submit_and_wait_timeout(&uring->ring, &cqe, 1, &second, NULL);

    if (result < 0) {
        *ret_step = "io_uring_enter";
        return result;
    }
    result = cqe->res;
    io_uring_cqe_seen(&uring->ring, cqe);
    return result;
}

static int uring_test_one_accept(struct uring *uring, const char **ret_step)
{
    int result;

    engine_accept_start(&uring->engine, 1);
    result = uring_test_result(uring, ret_step);
    uring->accepts_armed = 0;
    return result;
}

static int uring_test_close(struct uring *uring, int sock, const char **ret_step)
{
    int result;

    io_uring_prep_close(io_uring_get_sqe(&uring->ring), sock); /* all before it has been taken */
    result = uring_test_result(uring, ret_step);
    if (result < 0 && io_uring_sq_ready(&uring->ring) == 0) /* else the engine's end closes it */
        close(sock);
    return result;
}

/* Accept one connection on a private local socket and close it by the requests that the worker will
 * use. A sandbox may let a ring be made and then refuse what is asked of it. Returns 0, or -errno
 * and the step that failed. */
static int uring_test_connection(struct uring *uring, int listener_fd, int client_fd,
                                 const char **ret_step)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX}; /* bind picks a name: unix(7) autobind */
    socklen_t bytes = sizeof(address);
    int result;

    if (bind(listener_fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
        listen(listener_fd, 1) < 0 ||
        getsockname(listener_fd, (struct sockaddr *)&address, &bytes) < 0 ||
        connect(client_fd, (struct sockaddr *)&address, bytes) < 0)
        return 0; /* cannot be tried here, which says nothing about io_uring */
    *ret_step = "accept";
    uring->listener_fd = listener_fd;
    uring->accept_later = IORING_ACCEPT_POLL_FIRST;
    result = uring_test_one_accept(uring, ret_step);
    if (result == -EINVAL) { /* before Linux 6.10 */
        uring->accept_later = 0;
        result = uring_test_one_accept(uring, ret_step);
    }
    if (result < 0)
        return result;
    *ret_step = "close";
    return uring_test_close(uring, result, ret_step);
}

static int uring_test(struct uring *uring, const char **ret_step)
{
    int listener_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = 0;

    if (listener_fd >= 0 && client_fd >= 0)
        result = uring_test_connection(uring, listener_fd, client_fd, ret_step);
    if (client_fd >= 0)
        close(client_fd);
    if (listener_fd >= 0)
        close(listener_fd);
    return result;
}

/* What a ring and its requests take: the kernel's own count of it, in whole pages. */
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
        *uring = (struct uring){.engine = {.class = &engine_uring, .discard = discard},
                                .wake_fd = args->wake_fd};
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
    /* Saves looking up the ring's descriptor at each entry; works without (Linux 5.18). */
    if (io_uring_register_ring_fd(&uring->ring) == 1)
        uring->engine.features |= ENGINE_REGISTERED_RING;
    result = uring_test(uring, &step);
    if (result < 0) {
        engine_fail(ret_failure, step, result, 0);
        engine_destroy(&uring->engine);
        return result;
    }
    if (uring->accept_later)
        uring->engine.features |= ENGINE_ACCEPT_POLL_FIRST;
    uring->listener_fd = args->listener_fd;
    *ret_engine = &uring->engine;
    return 0;
}
