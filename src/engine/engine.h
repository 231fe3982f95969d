/* An engine moves bytes for connections and says what became of each request.
 *
 * The owner (a worker of the responder or of the generator) queues operations, each with a token of
 * its own choosing, and collects their results as events from engine_wait. An engine knows nothing
 * of what the bytes mean: the life of a connection is written once, above it.
 *
 * Rules that every engine keeps:
 *  - each send, recv and connect that was queued (returned 0) yields exactly one event;
 *  - at most one send, recv or connect is pending per socket;
 *  - accepting goes on until an event without `more`, or until engine_accept_stop;
 *  - engine_wait without a timeout sleeps: no polling, no wake-ups of its own.
 * Thread rule: an engine belongs to the thread that opened it; no call is safe from another. */
#ifndef HELLO_ENGINE_H
#define HELLO_ENGINE_H

#include "engine/engine_class.h"
#include "engine/socket_pool.h"

#include <stdbool.h>
#include <stdint.h>

#include <sys/socket.h>

/* Tokens are the owner's; an engine keeps the low 56 bits and gives them back unchanged. */
#define ENGINE_TOKEN_BITS 56

/* What became of one operation. */
struct engine_event {
    uint64_t token; /* as given with the operation; 0 for ACCEPT and WAKE */
    int32_t result; /* >= 0: bytes moved, or the accepted socket; < 0: -errno */
    enum engine_op op;
    bool more; /* ACCEPT: accepting goes on; false: call engine_accept_start again */
};

struct engine_delivery {
    uint32_t unacknowledged_bytes; /* that the peer has not acknowledged yet, FIN included */
    bool refused; /* its window is too small for more, and it said so again when probed for it */
};

/* How many events one engine_wait may return: the owner has room for them. */
#define ENGINE_EVENTS_MAX 256

/* A recv into no buffer throws away up to this many bytes at a time. */
#define ENGINE_DISCARD_BYTES (1u << 20)

/* What an engine needs to start. */
struct engine_args {
    int listener_fd;      /* where to accept, or -1; stays the owner's */
    int wake_fd;          /* an eventfd: written to make the owner look up; stays the owner's */
    uint32_t sockets_max; /* no socket will have a number as high as this */
};

/* Flags for engine_send, engine_recv and engine_close. */
enum engine_flag {
    ENGINE_MORE = 1,  /* send: more follows (a send or the FIN), let it share a segment */
    ENGINE_LATER = 2, /* recv: nothing is expected yet, so wait before trying; close: nobody waits
                       * for it, so the next engine_wait may do it */
    ENGINE_DRAIN = 4, /* close: throw away the input that has arrived, so that it resets nobody */
    ENGINE_RESET = 8, /* close: drop what is unsent and reset the peer; frees memory at once */
};

/* Every engine starts with this; the rest of it is private to its file. */
struct engine {
    const struct engine_class *class;
    const char *failed_call;     /* why an operation did not start, if not by its own call */
    int close_error;             /* why the last close that failed did, positive; 0: none did */
    uint32_t turns_behind;       /* waits in a row that could not hand out all that had happened */
    struct socket_pool pools[2]; /* of IPv4 and of IPv6 */
    void *discard; /* room for ENGINE_DISCARD_BYTES that recv with MSG_TRUNC never touches */
};

/* The engines by preference, the best first; NULL ends the list. */
extern const struct engine_class *const engine_classes[];
/* What a user may choose: "auto", then the names of engine_classes in their order; then NULL. */
extern const char *const engine_choices[];

/* Say why something could not start; needed_bytes as for advice_limits_measure. Returns error. */
int engine_fail(struct engine_failure *ret_failure, const char *step, int error,
                uint64_t needed_bytes);

/* Start an engine. On success *ret_engine is the caller's, to be given to engine_destroy.
 * Returns 0, or -errno with *ret_failure filled in and nothing left open. */
static inline int engine_open(const struct engine_class *class, const struct engine_args *args,
                              struct engine **ret_engine, struct engine_failure *ret_failure)
{
    return class->open(args, ret_engine, ret_failure);
}

/* Stop an engine and free it, and close what was recycled or to be closed later, not what is open
 * otherwise. NULL is fine. */
void engine_destroy(struct engine *engine);

/* Accept connections from listener_fd, at most `room` of them before the owner is asked again: the
 * last event comes without `more`. Returns 0, or -errno (nothing was started: try again later). */
static inline int engine_accept_start(struct engine *engine, uint32_t room)
{
    return engine->class->accept_start(engine, room);
}

/* Stop accepting. Connections that are accepted already still come as events; the last event has no
 * `more`, be it one of them or an error such as -ECANCELED. May be called again. */
static inline void engine_accept_stop(struct engine *engine)
{
    engine->class->accept_stop(engine);
}

/* Open a TCP socket of the family AF_INET or AF_INET6 for engine_connect, or take one that was
 * recycled. Returns it, the caller's to give to engine_close or engine_recycle, or -errno. */
int engine_socket(struct engine *engine, int family);

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

/* Send what the kernel takes at once; no event follows. Not while a send is pending. Returns the
 * bytes sent, or -errno (-EAGAIN: none can be sent now). */
static inline int engine_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                                  unsigned flags)
{
    return engine->class->send_now(engine, sock, data, bytes, flags);
}

/* Throw away the input that has arrived, ENGINE_DISCARD_BYTES at most. Not while a recv is pending.
 * Returns how many bytes, 0 for the peer's FIN, or -errno (-EAGAIN: nothing has arrived). */
static inline int engine_discard(struct engine *engine, int sock)
{
    return engine->class->discard(engine, sock);
}

/* Receive up to `bytes` into `data`, which must stay until the event; with data NULL the input is
 * thrown away (MSG_TRUNC, tcp(7)). Result 0 is the peer's FIN. Returns 0 or -errno. */
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

/* What became of a handshake that a connect's event told to be done (0). An ICMP error that arrives
 * while connect(2) still runs, as from a firewall of this machine, is only noted at the socket,
 * which goes on to try; it wakes io_uring's connect all the same, which then finds no error
 * (tcp_v4_err in Linux's net/ipv4/tcp_ipv4.c, io_connect in io_uring/net.c). Input or EOF prove a
 * handshake, too. Returns 0 (it is done), the -errno that was noted, or -EINPROGRESS (none was). */
static inline int engine_connect_error(struct engine *engine, int sock)
{
    return engine->class->connect_error(engine, sock);
}

/* Send the FIN and keep receiving (shutdown(2) with SHUT_WR): at once, so after every send whose
 * event has come. Returns 0 or -errno. */
static inline int engine_half_close(struct engine *engine, int sock)
{
    return engine->class->half_close(engine, sock);
}

/* End the operation that is pending on a socket: its event comes soon, with -ECANCELED or, if it
 * was ending anyway, with its result. Returns 0, or -errno (it goes on: try again later). */
static inline int engine_cancel(struct engine *engine, enum engine_op op, uint64_t token, int sock)
{
    return engine->class->cancel(engine, op, token, sock);
}

/* How far has come what was sent? Returns 0 or -errno. */
static inline int engine_delivery(struct engine *engine, int sock,
                                  struct engine_delivery *ret_delivery)
{
    return engine->class->delivery(engine, sock, ret_delivery);
}

/* Leave it to the kernel to deliver what was sent, `bytes` more, for which it makes room, and the
 * FIN, until nothing was acknowledged for timeout_ns. Close with ENGINE_DRAIN then. Not while a
 * send is pending, unless the engine is not waited for again. Returns 0 or -errno (it took not
 * all). */
static inline int engine_hand_over(struct engine *engine, int sock, const void *data,
                                   uint32_t bytes, uint64_t timeout_ns)
{
    return engine->class->hand_over(engine, sock, data, bytes, timeout_ns);
}

/* Close a socket on which nothing is pending. No event follows. A TCP socket that is closed with
 * unread input resets its peer (RFC 2525 2.17), which may then lose what was sent to it:
 * ENGINE_DRAIN reads what has arrived first. With ENGINE_LATER, which goes with no other flag, the
 * descriptor may stay in use until the next engine_wait. */
static inline void engine_close(struct engine *engine, int sock, unsigned flags)
{
    engine->class->close(engine, sock, flags);
}

/* Close a socket from engine_socket that has seen EOF and on which nothing is pending, as
 * engine_close without flags does, and keep it for engine_socket if its FIN was acknowledged at
 * once and it had timestamps. Only for sockets that are as good as new (not bound, no options set,
 * connected to an address without a scope and not IPv4-mapped, little sent and received, as the
 * kernel grows the buffers of the others), and only where a port comes again a millisecond later at
 * the earliest, so that timestamps tell its uses apart. Source: socket_disconnect. */
void engine_recycle(struct engine *engine, int sock, int family);

/* What engine_socket gave out so far. For the thread of the engine. */
struct engine_sockets {
    uint64_t opened; /* new ones */
    uint64_t reused; /* ones that were recycled */
};
struct engine_sockets engine_sockets(const struct engine *engine);

/* True if the last engine_wait left events for the next: what seems to be pending may have ended,
 * so it is too early to cancel it for being late. Never true for ever, however busy the engine. */
static inline bool engine_is_behind(const struct engine *engine)
{
    return engine->turns_behind > 0 && engine->turns_behind % 64 != 0;
}

/* Hand over what was queued and wait until something happened, at most timeout_ns (-1: for ever,
 * 0: not at all). `events` has room for ENGINE_EVENTS_MAX.
 * Returns the number of events (0: timeout or signal), or -errno: the engine is broken, and all
 * that it had done was handed out before. */
static inline int engine_wait(struct engine *engine, int64_t timeout_ns,
                              struct engine_event *events)
{
    return engine->class->wait(engine, timeout_ns, events);
}

#endif
