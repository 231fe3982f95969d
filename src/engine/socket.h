/* What engines on ordinary sockets do alike, by system call. Private to the engines; each function
 * has the shape that struct engine_class wants where it fills a row of it. */
#ifndef HELLO_SOCKET_H
#define HELLO_SOCKET_H

#include "engine/engine.h"

#include <stdint.h>

/* engine_send_now. */
int socket_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                    unsigned flags);

/* engine_discard (MSG_TRUNC, tcp(7)). */
int socket_discard(struct engine *engine, int sock);

/* engine_half_close. A system call for io_uring too: IORING_OP_SHUTDOWN always goes to a kernel
 * worker thread, where it loses its order against what is queued after it. */
int socket_half_close(struct engine *engine, int sock);

/* engine_unsent (SIOCOUTQ, tcp(7)). */
int64_t socket_unsent(struct engine *engine, int sock);

/* The `disconnect` of an engine's class: make a socket whose connection has ended ready for another
 * connect (connect(2), AF_UNSPEC). Returns 0 or -errno. */
int socket_disconnect(struct engine *engine, int sock);

/* engine_close (ENGINE_RESET: SO_LINGER with no time, socket(7)). */
void socket_close(struct engine *engine, int sock, unsigned flags);

#endif
