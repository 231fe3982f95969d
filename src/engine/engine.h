/* An engine moves bytes for connections and reports the result of each request.
 *
 * The owner (a worker of the responder or of the generator) queues operations, each with a token
 * that it chooses, and collects their results as events from engine_wait. An engine does not know
 * what the bytes mean: the life of a connection is written once, above it.
 *
 * Rules that every engine keeps:
 *  - each send, recv and connect that was queued (returned 0) yields exactly one event;
 *  - at most one send, recv or connect is pending per socket;
 *  - accepting goes on until an event without `more`, or until engine_accept_stop;
 *  - engine_wait without a timeout sleeps: it does not poll or wake up by itself.
 * Thread rule: an engine belongs to the thread that opened it; no call is safe from another. */
#ifndef HELLO_ENGINE_H
#define HELLO_ENGINE_H

#include "engine/engine_class.h"

#include <stdbool.h>
#include <stdint.h>

#include <sys/socket.h>

/* Tokens are the owner's; an engine returns the low 56 bits unchanged. */
#define ENGINE_TOKEN_BITS 56

/* The result of one operation. */
struct engine_event {
    uint64_t token; /* as given with the operation; 0 for ACCEPT and WAKE */
    int32_t result; /* >= 0: bytes moved, or the accepted socket; < 0: -errno */
    enum engine_op op;
    bool more; /* ACCEPT: accepting goes on; false: call engine_accept_start again */
};

struct engine_delivery {
    uint32_t unacknowledged_bytes; /* not acknowledged by the peer yet, FIN included */
    bool refused; /* its window is too small for more; an answered window probe confirmed it */
};

/* How many events one engine_wait may return: the size of the owner's array. */
#define ENGINE_EVENTS_MAX 256

/* A recv without a buffer discards at most this many bytes at a time. */
#define ENGINE_DISCARD_BYTES (1u << 20)

/* What an engine needs to start. */
struct engine_args {
    bool connects;        /* the owner connects and does not accept: what the self-test tries */
    int listener_fd;      /* where to accept, or -1; stays the owner's */
    int wake_fd;          /* an eventfd: a write wakes the owner; stays the owner's */
    uint32_t sockets_max; /* every socket's number is lower than this */
};

/* Flags for engine_send, engine_recv and engine_close. */
enum engine_flag {
    ENGINE_MORE = 1,  /* send: more follows (a send or the FIN), let them share a segment */
    ENGINE_LATER = 2, /* recv: poll before the first attempt; close: engine_wait may do it */
    ENGINE_DRAIN = 4, /* close: discard the input that has arrived, so that it causes no reset */
    ENGINE_RESET = 8, /* close: drop unsent data and reset the peer; frees memory at once */
};

/* Every engine starts with this; the rest of it is private to its file. */
struct engine {
    const struct engine_class *class;
    unsigned features;          /* enum engine_feature; set by its open */
    bool is_tested;             /* by its own open */
    int listener_fd;            /* as in engine_args */
    const char *failed_call;    /* that broke a wait or an operation, if not its own */
    int close_error;            /* errno of the last close that failed, positive; 0: none */
    uint32_t iterations_behind; /* waits in a row that could not hand out all events */
    void *discard;              /* ENGINE_DISCARD_BYTES that recv with MSG_TRUNC never touches */
};

/* The engines by preference, the best first; NULL ends the list. */
extern const struct engine_class *const engine_classes[];
/* The user's choices: "auto", names of engines, NULL; and the engine of each, NULL for "auto". One
 * of engine_choices*.c is linked, see src/CMakeLists.txt. */
extern const char *const engine_choices[];
extern const struct engine_class *const engine_chosen[];

/* Report why a start failed; needed_bytes as for advice_limits_measure. Returns error. */
int engine_fail(struct engine_failure *ret_failure, const char *step, int error,
                uint64_t needed_bytes);

/* Start an engine, and try what its owner will need (self_test.h). On success the caller owns
 * *ret_engine and must give it to engine_destroy. Returns 0, or -errno with *ret_failure filled in
 * and nothing left open. */
int engine_open(const struct engine_class *class, const struct engine_args *args,
                struct engine **ret_engine, struct engine_failure *ret_failure);

/* Stop and free an engine. Deferred closes are done; other open sockets stay open. NULL is fine. */
void engine_destroy(struct engine *engine);

/* Accept at most `capacity` connections from listener_fd; then the owner must start again: the last
 * event comes without `more`. Returns 0, or -errno (nothing was started: try again later). */
static inline int engine_accept_start(struct engine *engine, uint32_t capacity)
{
    return engine->class->accept_start(engine, capacity);
}

/* Stop accepting. Connections that are already accepted still come as events; the last event, one
 * of them or an error such as -ECANCELED, has no `more`. May be called again. */
static inline void engine_accept_stop(struct engine *engine)
{
    engine->class->accept_stop(engine);
}

/* Open a TCP socket of the family AF_INET or AF_INET6 for engine_connect. Returns it (the caller
 * must give it to engine_close) or -errno. */
static inline int engine_socket(struct engine *engine, int family)
{
    return engine->class->socket(engine, family);
}

/* Connect a socket; `address` must stay until the next engine_wait. The event's result is 0 or
 * -errno; the socket stays open either way. A result of 0 may come too early, see
 * engine_connect_error. Returns 0 or -errno (nothing was started). */
static inline int engine_connect(struct engine *engine, uint64_t token, int sock,
                                 const struct sockaddr *address, socklen_t address_bytes)
{
    return engine->class->connect(engine, token, sock, address, address_bytes);
}

/* Send bytes; `data` must stay until the event. The result may be short. Returns 0 or -errno. */
static inline int engine_send(struct engine *engine, uint64_t token, int sock, const void *data,
                              uint32_t bytes, unsigned flags)
{
    return engine->class->send(engine, token, sock, data, bytes, flags);
}

/* Send what the kernel accepts at once; no event follows. Not while a send is pending. Returns the
 * bytes sent, or -errno (-EAGAIN: none can be sent now). */
static inline int engine_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                                  unsigned flags)
{
    return engine->class->send_now(engine, sock, data, bytes, flags);
}

/* Discard the input that has arrived, ENGINE_DISCARD_BYTES at most. Not while a recv is pending.
 * Returns how many bytes, 0 for the peer's FIN, or -errno (-EAGAIN: nothing has arrived). */
static inline int engine_discard(struct engine *engine, int sock)
{
    return engine->class->discard(engine, sock);
}

/* Receive up to `bytes` into `data`, which must stay until the event; with data NULL the input is
 * discarded (MSG_TRUNC, tcp(7)). Result 0 is the peer's FIN. Returns 0 or -errno. */
static inline int engine_recv(struct engine *engine, uint64_t token, int sock, void *data,
                              uint32_t bytes, unsigned flags)
{
    return engine->class->recv(engine, token, sock, data, bytes, flags);
}

/* Receive what has arrived, up to `bytes` into `data`; no event follows. Not while a recv is
 * pending. Returns how many bytes, 0 for the peer's FIN, or -errno (-EAGAIN: nothing has arrived).
 */
static inline int engine_recv_now(struct engine *engine, int sock, void *data, uint32_t bytes)
{
    return engine->class->recv_now(engine, sock, data, bytes);
}

/* Check a handshake that a connect event reported as done (0). An ICMP error that arrives while
 * connect(2) still runs, for example from a local firewall, is only noted on the socket, which
 * keeps trying; it still wakes io_uring's connect, which then finds no error (tcp_v4_err in Linux's
 * net/ipv4/tcp_ipv4.c, io_connect in io_uring/net.c). Its next try may have failed by now. Input or
 * EOF also prove a handshake. Returns 0 (done), the noted -errno or that of the failure, or
 * -EINPROGRESS (no error noted). */
static inline int engine_connect_error(struct engine *engine, int sock)
{
    return engine->class->connect_error(engine, sock);
}

/* Send the FIN and keep receiving (shutdown(2) with SHUT_WR). It acts at once, so call it after the
 * events of all sends. Returns 0 or -errno. */
static inline int engine_half_close(struct engine *engine, int sock)
{
    return engine->class->half_close(engine, sock);
}

/* Cancel the pending operation of a socket: its event comes soon, with -ECANCELED or, if it was
 * already ending, with its result. Returns 0, or -errno (it continues: try again later). */
static inline int engine_cancel(struct engine *engine, enum engine_op op, uint64_t token, int sock)
{
    return engine->class->cancel(engine, op, token, sock);
}

/* How much of the sent data is delivered. Returns 0 or -errno. */
static inline int engine_delivery(struct engine *engine, int sock,
                                  struct engine_delivery *ret_delivery)
{
    return engine->class->delivery(engine, sock, ret_delivery);
}

/* Let the kernel deliver the sent data, `bytes` more (it enlarges the buffer for them) and the FIN,
 * until nothing was acknowledged for timeout_ns. Then close with ENGINE_DRAIN. Not while a send is
 * pending, unless engine_wait is not called again. Returns 0 or -errno (not all was taken). */
static inline int engine_hand_over(struct engine *engine, int sock, const void *data,
                                   uint32_t bytes, uint64_t timeout_ns)
{
    return engine->class->hand_over(engine, sock, data, bytes, timeout_ns);
}

/* End the connection of a socket that has seen EOF and has nothing pending, and make the socket
 * ready for another engine_connect (connect(2), AF_UNSPEC). The new sequence numbers continue the
 * old ones instead of using the clock (tcp_disconnect in Linux's net/ipv4/tcp.c), so a peer in
 * TIME_WAIT recognises a new connection only by its timestamp (RFC 6191): this fails without
 * timestamps. Returns 0, -EAGAIN (no timestamps, or the FIN is not acknowledged yet) or another
 * -errno; then the FIN is sent, and the caller must still close the socket. */
static inline int engine_disconnect(struct engine *engine, int sock)
{
    return engine->class->disconnect(engine, sock);
}

/* Close a socket on which nothing is pending. No event follows. Closing a TCP socket with unread
 * input resets its peer (RFC 2525 2.17), which may then lose data sent to it: ENGINE_DRAIN first
 * reads what has arrived. With ENGINE_LATER, which cannot be combined, the descriptor may stay in
 * use until the next engine_wait. */
static inline void engine_close(struct engine *engine, int sock, unsigned flags)
{
    engine->class->close(engine, sock, flags);
}

/* True if the last engine_wait left events for the next: what seems pending may have ended, so it
 * is too early to cancel it as late. False at least every 64th time, however busy the engine. */
static inline bool engine_is_behind(const struct engine *engine)
{
    return engine->iterations_behind > 0 && engine->iterations_behind % 64 != 0;
}

/* Submit what was queued and wait until something happens, at most timeout_ns (-1: for ever, 0: not
 * at all). `events` holds ENGINE_EVENTS_MAX. Returns the number of events (0: timeout or signal),
 * or -errno: the engine is broken, and all it did was reported before. Operations still pending, or
 * queued later, did not begin and never will. It has given its descriptor and the kernel's memory
 * back, so that another can be opened before it is destroyed. */
static inline int engine_wait(struct engine *engine, int64_t timeout_ns,
                              struct engine_event *events)
{
    return engine->class->wait(engine, timeout_ns, events);
}

#endif
