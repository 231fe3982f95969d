/* System calls common to engines on ordinary sockets. Private to the engines; a function that
 * serves as a member of struct engine_class has the type of that member. */
#ifndef HELLO_SOCKET_H
#define HELLO_SOCKET_H

#include "engine/engine.h"

#include <stdint.h>

/* How many connections wait to be accepted; 0: none, or the listener cannot report it. (TCP_INFO of
 * a listener has them as tcpi_unacked: tcp_get_info in Linux's net/ipv4/tcp.c.) Accepting more than
 * that is costly: the kernel makes a socket and a file before it looks for a connection, and frees
 * them if there is none (do_accept in net/socket.c). */
uint32_t socket_waiting(int listener_fd);

/* engine_connect_error. The peer has acknowledged nothing before the handshake is done, and its SYN
 * afterwards, whatever became of the connection (tcpi_bytes_acked: tcp_snd_una_update in Linux's
 * net/ipv4/tcp_input.c, since 4.1). The state does not tell: a handshake that failed is closed, as
 * is a connection that was reset, whose error must stay for recv. SO_ERROR also reports noted
 * errors: sk_getsockopt in net/core/sock.c. */
int socket_connect_error(struct engine *engine, int sock);

/* engine_send_now. */
int socket_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                    unsigned flags);

/* engine_recv_now. */
int socket_recv_now(struct engine *engine, int sock, void *data, uint32_t bytes);

/* engine_discard (MSG_TRUNC, tcp(7)). */
int socket_discard(struct engine *engine, int sock);

/* engine_half_close. A system call for io_uring too: IORING_OP_SHUTDOWN always goes to a kernel
 * worker thread, where it may run after requests that were queued later. */
int socket_half_close(struct engine *engine, int sock);

/* engine_delivery. When all sent data is acknowledged and the window is too small for the next
 * segment, Linux probes it. It counts unanswered probes (tcpi_probes) and those since the window
 * closed (tcpi_backoff): tcp_send_probe0 and tcp_ack_probe in net/ipv4. So a window is known to be
 * closed, not just silent, when a probe was answered and none is unanswered. */
int socket_delivery(struct engine *engine, int sock, struct engine_delivery *ret_delivery);

/* engine_hand_over (SO_SNDBUF; TCP_USER_TIMEOUT, which overrides net.ipv4.tcp_orphan_retries:
 * tcp_write_timeout in net/ipv4/tcp_timer.c). */
int socket_hand_over(struct engine *engine, int sock, const void *data, uint32_t bytes,
                     uint64_t timeout_ns);

/* engine_disconnect. */
int socket_disconnect(struct engine *engine, int sock);

/* engine_close (ENGINE_RESET: SO_LINGER with time 0, socket(7)). */
void socket_close(struct engine *engine, int sock, unsigned flags);

#endif
