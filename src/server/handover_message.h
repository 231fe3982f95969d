/* What two processes say to each other over a Unix socket (SOCK_SEQPACKET) when one replaces the
 * other. The new one speaks first:
 *
 *   new: ASK (the highest version that it speaks)
 *   old: DESCRIPTORS, for each role one message or more; then OFFER: that was all
 *   new: READY, once it accepts clients
 *   old: LEAVE; it closes its end of the channel when it has closed its listeners
 *
 * Each side may say GIVE_UP with a reason instead. The end of the channel without it means that the
 * other process is gone. Later versions may add roles and kinds, and lengthen messages; the lower
 * of the two versions is spoken.
 *
 * Thread rule: a channel belongs to one thread. */
#ifndef HELLO_HANDOVER_MESSAGE_H
#define HELLO_HANDOVER_MESSAGE_H

#include <stdint.h>

#define HANDOVER_VERSION 1

/* The kernel passes at most this many descriptors with a message (SCM_MAX_FD). */
#define HANDOVER_FDS_MAX 253

enum handover_kind {
    HANDOVER_ASK = 1,
    HANDOVER_DESCRIPTORS,
    HANDOVER_OFFER,
    HANDOVER_READY,
    HANDOVER_LEAVE,
    HANDOVER_GIVE_UP,
};

/* What descriptors are for. Those of an unknown role are closed. */
enum handover_role {
    HANDOVER_CONTROL = 1, /* the Unix socket where the next process will ask */
    HANDOVER_CLIENTS,     /* listeners */
    HANDOVER_ADMIN,       /* the listener of the admin port */
};

/* Of DESCRIPTORS: a service manager keeps them open, too. In an OFFER: it keeps some of the
 * listeners open; all, if no message says which. */
enum handover_flag {
    HANDOVER_MANAGED = 1,
};

struct handover_message {
    char magic[8]; /* set by handover_send */
    uint32_t version;
    uint32_t kind;
    uint32_t role;  /* of the descriptors */
    uint32_t flags; /* enum handover_flag */
    uint32_t count; /* OFFER: of all descriptors */
    char text[160]; /* GIVE_UP: why */
};

/* Send a message with `count` descriptors. Returns 0 or -errno. */
int handover_send(int channel_fd, const struct handover_message *message, const int *fds,
                  uint32_t count);

/* GIVE_UP. What becomes of it does not matter. */
void handover_send_refusal(int channel_fd, const char *why);

/* Wait for a message until deadline_ns, or until stop_fd (-1: none) is readable. Up to
 * HANDOVER_FDS_MAX descriptors with FD_CLOEXEC are written to fds, and are the caller's. Returns
 * how many, or -errno: -EPIPE (the other process is gone), -ETIMEDOUT, -EINTR (stop_fd), -EPROTO
 * (not a message of this protocol), -EMFILE (more descriptors than this process may have), -EACCES
 * (a rule, as of a security module, lets it have none of them). */
int handover_receive(int channel_fd, uint64_t deadline_ns, int stop_fd,
                     struct handover_message *message, int fds[HANDOVER_FDS_MAX]);

#endif
