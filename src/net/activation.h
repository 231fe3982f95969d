/* Listening sockets that the service manager passes to the program: sd_listen_fds(3), without its
 * library, which cannot be linked statically.
 *
 * Thread rule: for the main thread, before others start (the environment is changed). */
#ifndef HELLO_ACTIVATION_H
#define HELLO_ACTIVATION_H

#include <stdint.h>

/* More are refused: it would be one worker each. */
#define ACTIVATION_FDS_MAX 1024

/* The longest text that activation_take writes. */
#define ACTIVATION_PROBLEM_BYTES 160

struct activation {
    int fds[ACTIVATION_FDS_MAX]; /* for clients */
    uint32_t count;
    int admin_fd; /* named "admin" by $LISTEN_FDNAMES; -1: none */
};

/* Take what $LISTEN_FDS announces, if $LISTEN_PID is this process, and unset the variables, so that
 * no child takes them. The descriptors get FD_CLOEXEC and are the caller's; they are not checked
 * otherwise (listener_adopt does it). Returns 0, or -errno with the problem as text: nothing was
 * taken. */
int activation_take(struct activation *ret_activation, char problem[ACTIVATION_PROBLEM_BYTES]);

#endif
