/* A simulated TCP connection: two ends, a stream of bytes from each to the other, and the path
 * between them, which delays and loses. What it does is what Linux does, as far as one end can
 * see:
 *  - what is lost is sent again, later each time, until the kernel gives up;
 *  - what does not fit into the receiver's window waits, and is probed for;
 *  - input that nobody will read, as it comes after a close, or was not read before it, resets the
 *    other end (RFC 2525 2.17), which costs it what had not arrived yet;
 *  - what was sent before a reset is still read, then the error is reported, once.
 * One flight is under way in each direction at a time. */
#ifndef HELLO_SIMULATE_TCP_H
#define HELLO_SIMULATE_TCP_H

#include <stdbool.h>
#include <stdint.h>

enum tcp_side { TCP_OURS, TCP_PEERS }; /* the product's end, and the other */

/* How the network is for a connection. */
struct tcp_path {
    uint64_t delay_ns; /* one way */
    unsigned loss;     /* of 1000 segments */
    uint64_t outage_from_ns, outage_to_ns;
    bool mute; /* what we send arrives, but is never acknowledged */
};

/* What one end sends to the other. */
struct tcp_stream {
    unsigned char *bytes; /* what was written; NULL while only the number counts */
    uint32_t room;        /* bytes that `bytes` has room for */
    uint32_t written;
    uint32_t pushed;       /* no longer held back by MSG_MORE */
    uint32_t arrived;      /* in the receiver's kernel */
    uint32_t acknowledged; /* as the sender knows */
    uint32_t read;         /* by the receiver */
    bool fin_written, fin_arrived, fin_acknowledged;
    bool in_flight, flight_fin;
    uint32_t flight_bytes;
    uint64_t flight_ns;    /* when it was sent first */
    unsigned tries;        /* that were lost */
    uint32_t buffer_bytes; /* of the sender */
    uint32_t window_bytes; /* of the receiver */
    bool probing;
    unsigned backoff; /* probes since the window closed ... */
    unsigned probes;  /* ... and how many in a row were not answered */
};

struct tcp;

/* One of the two. */
struct tcp_end {
    bool open;                /* somebody may still use it */
    bool dead;                /* no such connection: what comes is answered with a reset */
    bool gone;                /* its host has vanished: nothing comes of it any more */
    int error;                /* positive errno to be reported once; 0: none */
    uint64_t user_timeout_ns; /* TCP_USER_TIMEOUT; 0: none */
    uint64_t last_arrival_ns; /* what is sent here comes no earlier than what was sent before */
    void (*changed)(struct tcp *); /* something came, or may be sent, or it is over; or NULL */
    void *owner;
};

struct tcp {
    unsigned number;
    struct tcp_path path;
    struct tcp_stream streams[2]; /* from each end */
    struct tcp_end ends[2];
    bool connecting;       /* our handshake is not done ... */
    int noted_error;       /* ... and an ICMP error came for it, to be asked for: positive */
    uint64_t progress_ns;  /* when something of ours was acknowledged last, or could be */
    uint64_t fin_ns;       /* when we sent our FIN; 0: not yet */
    uint64_t fin_known_ns; /* when we knew that our FIN had arrived; 0: not yet */
    uint64_t peer_fin_ns;  /* when its FIN came; 0: not yet */
    bool timed_out;        /* our kernel gave up */
    uint64_t refused_ns;   /* since when the peer's window is closed; 0: it is not */
    bool late_input;       /* the peer spoke after we closed */
    struct tcp *next;      /* of all of a world */
};

/* Make a connection with both ends open, as after a handshake. The world's, until tcp_free_all. */
struct tcp *tcp_new(const struct tcp_path *path);
void tcp_free_all(void);

/* True if a segment sent now is lost. */
bool tcp_loses(const struct tcp *tcp);

/* One way, this time. */
uint64_t tcp_delay_ns(const struct tcp *tcp);

/* What applications ask of an end; results as of send, recv, shutdown and close: >= 0 or -errno.
 * `data` NULL: bytes of which only the number counts, or that are thrown away. */
int tcp_write(struct tcp *tcp, enum tcp_side from, const void *data, uint32_t bytes, bool more);
int tcp_read(struct tcp *tcp, enum tcp_side to, void *data, uint32_t bytes);
int tcp_shutdown(struct tcp *tcp, enum tcp_side from);
void tcp_close(struct tcp *tcp, enum tcp_side side, bool reset);

/* True if tcp_read would not be -EAGAIN, and how much there is for it. */
bool tcp_is_readable(const struct tcp *tcp, enum tcp_side to);
uint32_t tcp_unread_bytes(const struct tcp *tcp, enum tcp_side to);

/* True if tcp_write would not be -EAGAIN. */
bool tcp_is_writable(const struct tcp *tcp, enum tcp_side from);

/* engine_connect_error. */
int tcp_connect_error(struct tcp *tcp);

/* Not acknowledged yet, FIN included; and whether a closed window is what keeps it. */
uint32_t tcp_unacknowledged_bytes(const struct tcp *tcp, enum tcp_side from);
bool tcp_is_refused(const struct tcp *tcp, enum tcp_side from);

/* What else happens to an end: its host vanishes; its kernel gives up with this errno. */
void tcp_vanish(struct tcp *tcp, enum tcp_side side);
void tcp_give_up(struct tcp *tcp, enum tcp_side side, int error);

/* Send what may be sent now, as after a window was opened. */
void tcp_kick(struct tcp *tcp, enum tcp_side from);

#endif
