#include "net/listener.h"

#include "base/wait.h"
#include "net/socket_diag.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/filter.h>
#include <netinet/tcp.h>

static int listener_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Exclusion depends on order: the first of a group listens before it sets SO_REUSEPORT. If two
 * first listeners bind at the same moment, the second fails in listen(2), where the kernel checks
 * the port again. The first joins its group when the next listener of the group opens. */
static int listener_prepare(int fd, struct address *address, int backlog, bool first,
                            const char **ret_step)
{
    socklen_t bytes = sizeof(*address);

    *ret_step = "setsockopt";
    if (listener_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0)
        return -errno;
    if (address->sa.sa_family == AF_INET6 && listener_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0)
        return -errno;
    if (!first && listener_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -errno;
    *ret_step = "bind";
    if (bind(fd, &address->sa, address_bytes(address)) < 0)
        return -errno;
    *ret_step = "listen";
    if (listen(fd, backlog) < 0)
        return -errno;
    *ret_step = "setsockopt";
    if (first && listener_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -errno;
    *ret_step = "getsockname";
    return getsockname(fd, &address->sa, &bytes) < 0 ? -errno : 0;
}

int listener_open(struct address *address, int backlog, bool first, const char **ret_step)
{
    int fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    int result;

    *ret_step = "socket";
    if (fd < 0)
        return -errno;
    result = listener_prepare(fd, address, backlog, first, ret_step);
    if (result < 0) {
        listener_close(fd);
        return result;
    }
    return fd;
}

static int listener_get(int fd, int option)
{
    int value = 0;
    socklen_t bytes = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) < 0 ? -errno : value;
}

/* Returns what is wrong with a socket that should be a listener for clients, or NULL. */
static const char *listener_flaw(int fd, const struct address *address)
{
    if (address->sa.sa_family != AF_INET && address->sa.sa_family != AF_INET6)
        return "not a socket of IPv4 or IPv6";
    if (listener_get(fd, SO_TYPE) != SOCK_STREAM || listener_get(fd, SO_PROTOCOL) != IPPROTO_TCP)
        return "not a TCP socket";
    if (listener_get(fd, SO_ACCEPTCONN) != 1)
        return "a connection, not a listening socket";
    return NULL;
}

int listener_adopt(int listener_fd, struct address *ret_address, const char **ret_problem)
{
    socklen_t bytes = sizeof(*ret_address);

    *ret_address = (struct address){0};
    *ret_problem = "not a socket";
    if (getsockname(listener_fd, &ret_address->sa, &bytes) < 0)
        return -errno;
    *ret_problem = listener_flaw(listener_fd, ret_address);
    if (*ret_problem)
        return -EINVAL;
    *ret_problem = "fcntl failed";
    if (fcntl(listener_fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    *ret_problem = "SO_DETACH_FILTER failed";
    if (listener_set(listener_fd, SOL_SOCKET, SO_DETACH_FILTER, 0) < 0 && errno != ENOENT)
        return -errno;
    return 0;
}

void listener_set_backlog(int listener_fd, int backlog)
{
    (void)listen(listener_fd, backlog); /* it listens already: the old backlog stays */
}

void listener_leave(int listener_fd)
{
    close(listener_fd);
}

void listener_close(int listener_fd)
{
    shutdown(listener_fd, SHUT_RDWR);
    close(listener_fd);
}

uint32_t listener_backlog(int listener_fd)
{
    struct tcp_info info;
    socklen_t info_bytes = sizeof(info);

    if (getsockopt(listener_fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) < 0)
        return 0;
    return info.tcpi_sacked; /* for a listener: sk_max_ack_backlog */
}

int listener_refuse_new(int listener_fd)
{
    /* The filter sees the packet from the TCP header on; byte 13 has the flags. */
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog filter = {.len = sizeof(program) / sizeof(program[0]), .filter = program};

    return setsockopt(listener_fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0
               ? -errno
               : 0;
}

struct handshakes {
    const struct address *address;
    bool found;
};

static bool handshake_visit(void *context, const struct socket_diag *socket)
{
    struct handshakes *handshakes = context;

    handshakes->found = address_covers(handshakes->address, &socket->local);
    return !handshakes->found;
}

int listener_has_handshakes(const struct address *address)
{
    struct handshakes handshakes = {.address = address};
    int result = socket_diag_visit(address_port(address), SOCKET_DIAG_HANDSHAKE, handshake_visit,
                                   &handshakes);

    return result < 0 ? result : handshakes.found;
}

bool listener_has_waiting(int listener_fd)
{
    int ready = wait_fd(listener_fd, POLLIN, 0);

    return ready > 0 && ready & POLLIN;
}
