/* The io_uring engine: one ring per worker, entered once per iteration.
 *
 * The ring is for operations that must or may wait: accepts, connects, receives, sends that do not
 * fit, closes of ended connections. They are queued without a system call and submitted together in
 * engine_wait. What can be done at once (a send to a new socket, a close that the client waits for)
 * is a plain system call on a socket that is in the CPU's caches: cheaper than returning to each of
 * many. Sockets are ordinary descriptors: before Linux 6.13 one idle direct descriptor delays the
 * close of all later ones (kernel commit 7029acd8a950). */
#include "engine/uring.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/pages.h"
#include "base/units.h"
#include "engine/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>

/* At most this many accepts are queued, so that each connection is greeted while it is in the CPU's
 * caches. A multishot accept would take all waiting ones, and could exceed its owner's capacity. */
#define ACCEPTS_MAX 16u

/* How long to pause when the kernel has no memory for requests, and how often in a row: what lasts
 * longer does not pass, and another engine may need less. */
#define NO_MEMORY_PAUSE_NS  (10 * NS_PER_MS)
#define NO_MEMORY_WAITS_MAX 200

/* How long ending a ring may take. */
#define LET_GO_NS (100 * NS_PER_MS)

/* user_data: the operation above the owner's token. OP_SILENT completions are ignored; a close
 * completes only if it fails. */
#define OP_SHIFT   ENGINE_TOKEN_BITS
#define TOKEN_MASK ((UINT64_C(1) << OP_SHIFT) - 1)
#define OP_SILENT  0u
#define OP_CLOSE   (ENGINE_OP_WAKE + 1u)

static struct uring *uring_of(struct engine *engine)
{
    return (struct uring *)(void *)engine;
}

/* A request to fill in; NULL if the queue is full and the kernel takes nothing from it. */
static struct io_uring_sqe *uring_request(struct uring *uring)
{
    struct io_uring_sqe *sqe;

    if (uring->error) /* nothing is submitted any more, so it is never done */
        return &uring->undone;
    sqe = io_uring_get_sqe(&uring->ring);
    if (!sqe) {
        io_uring_submit(&uring->ring);
        sqe = io_uring_get_sqe(&uring->ring);
    }
    return sqe;
}

static void request_set_data(struct io_uring_sqe *sqe, unsigned op, uint64_t token)
{
    io_uring_sqe_set_data64(sqe, (uint64_t)op << OP_SHIFT | token);
}

int uring_arm_wake(struct uring *uring)
{
    struct io_uring_sqe *sqe = uring_request(uring);

    if (!sqe)
        return -ENOSPC;
    io_uring_prep_read(sqe, uring->wake_fd, &uring->wake_count, sizeof(uring->wake_count), 0);
    request_set_data(sqe, ENGINE_OP_WAKE, 0);
    uring->wake_armed = true;
    return 0;
}

static int uring_accept_start(struct engine *engine, uint32_t capacity)
{
    struct uring *uring = uring_of(engine);
    uint32_t requests = capacity < ACCEPTS_MAX ? capacity : ACCEPTS_MAX;
    uint32_t waiting = uring->accept_later ? socket_waiting(uring->engine.listener_fd) : 0;

    CHECK_EQUAL(0u, uring->accepts_armed);
    uring->accepts_ending = false;
    uring->accept_error = 0;
    for (uint32_t i = 0; i < requests; i++) {
        struct io_uring_sqe *sqe = uring_request(uring);

        if (!sqe)
            break;
        io_uring_prep_accept(sqe, uring->engine.listener_fd, NULL, NULL, SOCK_CLOEXEC);
        if (i >= waiting) /* it might find no client */
            sqe->ioprio |= uring->accept_later;
        request_set_data(sqe, ENGINE_OP_ACCEPT, 0);
        uring->accepts_armed++;
    }
    return uring->accepts_armed ? 0 : -ENOSPC;
}

static void uring_accept_stop(struct engine *engine)
{
    uring_of(engine)->accepts_ending = true;
}

/* One cancel may miss some accepts: those being retried are not found, and the queue may be
 * full. */
static void uring_cancel_accepts(struct uring *uring)
{
    struct io_uring_sqe *sqe = uring_request(uring);

    if (!sqe)
        return;
    io_uring_prep_cancel64(sqe, (uint64_t)ENGINE_OP_ACCEPT << OP_SHIFT, IORING_ASYNC_CANCEL_ALL);
    request_set_data(sqe, OP_SILENT, 0);
}

static int uring_socket(struct engine *engine, int family)
{
    int sock = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    (void)engine;
    return sock < 0 ? -errno : sock;
}

static int uring_connect(struct engine *engine, uint64_t token, int sock,
                         const struct sockaddr *address, socklen_t address_bytes)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(engine));

    if (!sqe)
        return -ENOSPC;
    io_uring_prep_connect(sqe, sock, address, address_bytes);
    request_set_data(sqe, ENGINE_OP_CONNECT, token);
    return 0;
}

/* The queue is full, so no operation starts. */
static int uring_is_full(struct engine *engine)
{
    engine->failed_call = engine->class->watch_call;
    return -ENOSPC;
}

static int uring_send(struct engine *engine, uint64_t token, int sock, const void *data,
                      uint32_t bytes, unsigned flags)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(engine));

    if (!sqe)
        return uring_is_full(engine);
    io_uring_prep_send(sqe, sock, data, bytes, MSG_NOSIGNAL | (flags & ENGINE_MORE ? MSG_MORE : 0));
    request_set_data(sqe, ENGINE_OP_SEND, token);
    return 0;
}

static int uring_recv(struct engine *engine, uint64_t token, int sock, void *data, uint32_t bytes,
                      unsigned flags)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(engine));

    if (!sqe)
        return uring_is_full(engine);
    io_uring_prep_recv(sqe, sock, data, bytes, data ? 0 : MSG_TRUNC);
    if (flags & ENGINE_LATER)
        sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    request_set_data(sqe, ENGINE_OP_RECV, token);
    return 0;
}

static int uring_cancel(struct engine *engine, enum engine_op op, uint64_t token, int sock)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(engine));

    (void)sock;
    if (!sqe)
        return -ENOSPC;
    io_uring_prep_cancel64(sqe, (uint64_t)op << OP_SHIFT | token, 0);
    request_set_data(sqe, OP_SILENT, 0);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    return 0;
}

/* Deferred closes of one iteration are submitted together, without system calls of their own. */
static void uring_close(struct engine *engine, int sock, unsigned flags)
{
    struct uring *uring = uring_of(engine);
    struct io_uring_sqe *sqe = flags == ENGINE_LATER && !uring->error ? uring_request(uring) : NULL;

    if (!sqe) {
        socket_close(engine, sock, flags);
        return;
    }
    io_uring_prep_close(sqe, sock);
    request_set_data(sqe, OP_CLOSE, 0);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

/* Update the accept bookkeeping for one completion, and complete its event. Accepts end together:
 * when one fails, the others would not be woken for the waiting connection. Returns false if the
 * owner need not know. */
static bool uring_accepted(struct uring *uring, struct engine_event *event)
{
    CHECK(uring->accepts_armed > 0, "result=%d", event->result);
    uring->accepts_armed--;
    event->more = uring->accepts_armed > 0;
    if (event->result >= 0 && (uint32_t)event->result >= uring->sockets_max) {
        close(event->result); /* the descriptor limit was raised since, from outside (prlimit(2)) */
        event->result = -EMFILE;
    }
    if (event->result >= 0)
        return true;
    if (event->result != -ECANCELED)
        uring->accept_error = event->result;
    if (event->more) {
        uring_accept_stop(&uring->engine);
        return false;
    }
    if (uring->accept_error < 0)
        event->result = uring->accept_error;
    return true;
}

/* Convert completions into events. Returns how many. */
static int uring_collect(struct uring *uring, struct engine_event *events)
{
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    int count = 0;

    io_uring_for_each_cqe(&uring->ring, head, cqe)
    {
        unsigned op = (unsigned)(cqe->user_data >> OP_SHIFT);

        if (count == ENGINE_EVENTS_MAX)
            break;
        seen++;
        if (op == OP_CLOSE)
            uring->engine.close_error = -cqe->res;
        if (op == OP_SILENT || op == OP_CLOSE || (uring->error && cqe->res == -ECANCELED))
            continue;
        events[count] = (struct engine_event){
            .token = cqe->user_data & TOKEN_MASK, .result = cqe->res, .op = op};
        if (op == ENGINE_OP_ACCEPT && !uring_accepted(uring, &events[count]))
            continue;
        if (op == ENGINE_OP_WAKE)
            uring->wake_armed = false;
        if (op == ENGINE_OP_WAKE && cqe->res < 0)
            clock_pause(NO_MEMORY_PAUSE_NS); /* it would fail again at once */
        count++;
    }
    io_uring_cq_advance(&uring->ring, seen);
    return count;
}

static int uring_enter(struct uring *uring, int64_t timeout_ns)
{
    struct __kernel_timespec timeout = {.tv_sec = timeout_ns / (int64_t)NS_PER_S,
                                        .tv_nsec = timeout_ns % (int64_t)NS_PER_S};
    struct io_uring_cqe *cqe;

    if (timeout_ns == 0)
        return io_uring_submit_and_get_events(&uring->ring);
    return io_uring_submit_and_wait_timeout(&uring->ring, &cqe, 1, timeout_ns < 0 ? NULL : &timeout,
                                            NULL);
}

/* Do the closes that are still queued. Other queued requests must not begin any more: their
 * descriptors may have new owners. */
static void uring_close_queued(const struct uring *uring)
{
    const struct io_uring_sq *queue = &uring->ring.sq;

    for (unsigned left = io_uring_sq_ready(&uring->ring); left > 0; left--) {
        const struct io_uring_sqe *sqe = &queue->sqes[(queue->sqe_tail - left) & queue->ring_mask];

        if (sqe->opcode == IORING_OP_CLOSE)
            close(sqe->fd);
    }
}

/* Cancel all waiting requests, and release what they hold. The kernel frees a closed ring later, in
 * a thread that checks every 50 ms; until then a socket with a waiting request stays open: its port
 * is in use, and its peer is not notified. */
static void uring_let_go(struct uring *uring)
{
    struct io_uring_sync_cancel_reg all = {
        .flags = IORING_ASYNC_CANCEL_ANY,
        .timeout = {.tv_nsec = LET_GO_NS},
    };

    if (io_uring_register_sync_cancel(&uring->ring, &all) >= 0)
        io_uring_get_events(&uring->ring); /* where the requests end: it is this thread's work */
}

/* It is broken: hand out what it did. The kernel keeps results for which the ring had no room; to
 * enter without waiting gets them too (io_cqring_wait in Linux's io_uring/io_uring.c), unless that
 * is what is refused: then they are lost. What was canceled did not begin. Once nothing is left,
 * give back the ring's descriptor and memory. Returns the number of events, or the error. */
static int uring_hand_out(struct uring *uring, struct engine_event *events)
{
    int result = 0, count = 0;

    while (!uring->ended && count == 0 && result >= 0) {
        result = io_uring_get_events(&uring->ring);
        count = uring_collect(uring, events);
        if (count == 0 && !io_uring_cq_has_overflow(&uring->ring))
            break;
    }
    if (count > 0)
        return count;
    if (!uring->ended)
        io_uring_queue_exit(&uring->ring);
    uring->ended = true;
    uring->engine.failed_call = engine_uring.watch_call;
    return uring->error;
}

/* Waiting is impossible from now on. */
static int uring_break(struct uring *uring, int error, struct engine_event *events)
{
    uring->error = error;
    uring_close_queued(uring);
    uring_let_go(uring);
    return uring_hand_out(uring, events);
}

static int uring_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    struct uring *uring = uring_of(engine);
    int result, count;
    bool behind;

    if (uring->error)
        return uring_hand_out(uring, events);
    if (!uring->wake_armed)
        uring_arm_wake(uring);
    if (uring->accepts_ending && uring->accepts_armed)
        uring_cancel_accepts(uring);
    result = uring_enter(uring, timeout_ns);
    count = uring_collect(uring, events);
    behind = io_uring_cq_ready(&uring->ring) || io_uring_cq_has_overflow(&uring->ring);
    engine->iterations_behind = behind ? engine->iterations_behind + 1 : 0;
    if (count > 0 || result >= 0 || result == -ETIME || result == -EINTR) {
        uring->waits_without_memory = 0;
        return count;
    }
    if ((result == -EAGAIN || result == -EBUSY || result == -ENOMEM) &&
        uring->waits_without_memory++ < NO_MEMORY_WAITS_MAX) {
        clock_pause(NO_MEMORY_PAUSE_NS);
        return 0;
    }
    return uring_break(uring, result, events);
}

static void uring_destroy(struct engine *engine)
{
    struct uring *uring = uring_of(engine);

    if (!uring->error) {
        uring_close_queued(uring);
        uring_let_go(uring);
    }
    if (!uring->ended)
        io_uring_queue_exit(&uring->ring);
    pages_unmap(engine->discard, ENGINE_DISCARD_BYTES);
    free(uring);
}

const struct engine_class engine_uring = {
    .name = "uring",
    .watch_call = "io_uring_enter",
    .accept_call = "accept",
    .open = uring_open,
    .destroy = uring_destroy,
    .accept_start = uring_accept_start,
    .accept_stop = uring_accept_stop,
    .socket = uring_socket,
    .connect = uring_connect,
    .connect_error = socket_connect_error,
    .send = uring_send,
    .recv = uring_recv,
    .send_now = socket_send_now,
    .recv_now = socket_recv_now,
    .discard = socket_discard,
    .half_close = socket_half_close,
    .cancel = uring_cancel,
    .delivery = socket_delivery,
    .hand_over = socket_hand_over,
    .disconnect = socket_disconnect,
    .close = uring_close,
    .wait = uring_wait,
};
