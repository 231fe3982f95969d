#include "net/listener.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

static int listener_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The first listener is bound without SO_REUSEPORT, which is what makes a foreign listener there
 * show as EADDRINUSE, and joins the group that it founds before it listens. */
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
    if (first && listener_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -errno;
    *ret_step = "listen";
    if (listen(fd, backlog) < 0)
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
        close(fd);
        return result;
    }
    return fd;
}

int listener_refuse_new(int listener_fd)
{
    /* The filter sees the packet from the TCP header on; byte 13 holds the flags. */
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

/* Ask for the sockets of one family that are in SYN_RECV. Returns true if the answer has one. */
static bool diag_has_handshakes(int diag_fd, uint8_t family, uint16_t port)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } request = {
        .head = {.nlmsg_len = sizeof(request),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = 1u << TCP_SYN_RECV,
                 .id = {.idiag_sport = htons(port)}},
    };
    union {
        struct nlmsghdr head;
        char bytes[8192];
    } answer;
    struct timeval patience = {.tv_usec = 100000};

    setsockopt(diag_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (send(diag_fd, &request, sizeof(request), 0) < 0 ||
        recv(diag_fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.head))
        return false;
    return answer.head.nlmsg_type == SOCK_DIAG_BY_FAMILY; /* NLMSG_DONE: there is none */
}

bool listener_has_handshakes(const struct address *address)
{
    const uint8_t families[] = {AF_INET, AF_INET6};
    bool found = false;

    for (int i = 0; i < 2 && !found; i++) {
        int diag_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

        if (diag_fd < 0)
            return false;
        found = diag_has_handshakes(diag_fd, families[i], address_port(address));
        close(diag_fd);
    }
    return found;
}

bool listener_has_waiting(int listener_fd)
{
    struct pollfd waiting = {.fd = listener_fd, .events = POLLIN};

    return poll(&waiting, 1, 0) > 0 && waiting.revents & POLLIN;
}
