#include "engine/socket.h"

#include "base/units.h"

#include <errno.h>
#include <unistd.h>

#include <linux/bpf.h> /* the states of TCP, which linux/tcp.h lacks */
#include <linux/sockios.h>
#include <linux/tcp.h> /* netinet/tcp.h ends before tcpi_bytes_acked */
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

uint32_t socket_waiting(int listener_fd)
{
    struct tcp_info info;
    socklen_t info_bytes = sizeof(info);

    if (getsockopt(listener_fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) < 0)
        return 0;
    return info.tcpi_unacked;
}

int socket_connect_error(struct engine *engine, int sock)
{
    struct tcp_info info = {0};
    socklen_t info_bytes = sizeof(info);
    int error = 0;
    socklen_t error_bytes = sizeof(error);

    (void)engine;
    if (getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) < 0 ||
        info.tcpi_bytes_acked > 0) /* the SYN is the first of them */
        return 0;
    if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0)
        return -errno;
    return error ? -error : -EINPROGRESS;
}

int socket_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                    unsigned flags)
{
    ssize_t result;

    (void)engine;
    do
        result = send(sock, data, bytes,
                      MSG_NOSIGNAL | MSG_DONTWAIT | (flags & ENGINE_MORE ? MSG_MORE : 0));
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : (int)result;
}

int socket_recv_now(struct engine *engine, int sock, void *data, uint32_t bytes)
{
    ssize_t result;

    (void)engine;
    do
        result = recv(sock, data, bytes, MSG_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : (int)result;
}

int socket_discard(struct engine *engine, int sock)
{
    ssize_t result;

    do
        result = recv(sock, engine->discard, ENGINE_DISCARD_BYTES, MSG_TRUNC | MSG_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : (int)result;
}

int socket_half_close(struct engine *engine, int sock)
{
    (void)engine;
    return shutdown(sock, SHUT_WR) < 0 ? -errno : 0;
}

int socket_delivery(struct engine *engine, int sock, struct engine_delivery *ret_delivery)
{
    struct tcp_info info = {0};
    socklen_t info_bytes = sizeof(info);
    int bytes;

    (void)engine;
    if (ioctl(sock, SIOCOUTQ, &bytes) < 0)
        return -errno;
    *ret_delivery = (struct engine_delivery){.unacknowledged_bytes = (uint32_t)bytes};
    if (bytes > 0 && getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) == 0)
        ret_delivery->refused =
            info.tcpi_unacked == 0 && info.tcpi_backoff > 0 && info.tcpi_probes == 0;
    return 0;
}

int socket_hand_over(struct engine *engine, int sock, const void *data, uint32_t bytes,
                     uint64_t timeout_ns)
{
    unsigned timeout_ms = (unsigned)(timeout_ns / NS_PER_MS);
    int buffer_bytes = INT32_MAX / 2; /* the kernel cuts it to net.core.wmem_max */
    int sent = 0;

    setsockopt(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    if (bytes > 0) {
        setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
        sent = socket_send_now(engine, sock, data, bytes, ENGINE_MORE);
    }
    if (sent < 0)
        return sent;
    return (uint32_t)sent < bytes ? -ENOBUFS : socket_half_close(engine, sock);
}

int socket_disconnect(struct engine *engine, int sock)
{
    static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    struct tcp_info info;
    socklen_t info_bytes = sizeof(info);

    (void)engine;
    if (shutdown(sock, SHUT_WR) < 0 ||
        getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) < 0)
        return -errno;
    if (info.tcpi_state != BPF_TCP_CLOSE || !(info.tcpi_options & TCPI_OPT_TIMESTAMPS))
        return -EAGAIN;
    return connect(sock, &nobody, sizeof(nobody)) < 0 ? -errno : 0;
}

/* Discard all input that has arrived, but not for ever: a recv ends at urgent data (tcp(7)), so one
 * may not be enough. */
static void socket_drain(struct engine *engine, int sock)
{
    uint32_t drained_bytes = 0;
    int result;

    do {
        result = socket_discard(engine, sock);
        drained_bytes += result > 0 ? (uint32_t)result : 0;
    } while (result > 0 && drained_bytes < ENGINE_DISCARD_BYTES);
}

void socket_close(struct engine *engine, int sock, unsigned flags)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    if (flags & ENGINE_RESET)
        setsockopt(sock, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    if (flags & ENGINE_DRAIN)
        socket_drain(engine, sock);
    if (close(sock) < 0 && errno != EINTR) /* it is closed anyway (close(2)) */
        engine->close_error = errno;
}
