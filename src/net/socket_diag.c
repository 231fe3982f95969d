#include "net/socket_diag.h"

#include "net/netlink_walk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

/* The kernel answers within the request; an imitation of a kernel may not. */
#define PATIENCE_US 100000

struct walk {
    socket_diag_visitor *visitor;
    void *context;
    bool ended;
};

static int diag_ask(int fd, uint8_t family, uint16_t port, uint32_t states)
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
                 .idiag_states = states,
                 .id = {.idiag_sport = htons(port)}},
    };
    struct timeval patience = {.tv_usec = PATIENCE_US};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
        send(fd, &request, sizeof(request), 0) < 0)
        return -errno;
    return 0;
}

static struct address diag_address(const struct inet_diag_msg *message, const __be32 *ip,
                                   __be16 port)
{
    struct address address;

    memset(&address, 0, sizeof(address));
    address.sa.sa_family = message->idiag_family;
    if (message->idiag_family == AF_INET) {
        memcpy(&address.v4.sin_addr, ip, sizeof(address.v4.sin_addr));
        address.v4.sin_port = port;
    } else {
        memcpy(&address.v6.sin6_addr, ip, sizeof(address.v6.sin6_addr));
        address.v6.sin6_port = port;
    }
    return address;
}

static bool diag_is_v6_only(const struct inet_diag_msg *message, size_t bytes)
{
    size_t left = bytes > sizeof(*message) ? bytes - sizeof(*message) : 0;

    for (const struct rtattr *attribute = (const void *)(message + 1);
         netlink_has_attribute(attribute, left);
         attribute = netlink_next(attribute, attribute->rta_len, &left)) {
        const uint8_t *only = netlink_behind(attribute, RTA_LENGTH(0));

        if (attribute->rta_type == INET_DIAG_SKV6ONLY)
            return *only != 0;
    }
    return false;
}

static void walk_visit(struct walk *walk, const struct inet_diag_msg *message, size_t bytes)
{
    struct socket_diag socket = {
        .local = diag_address(message, message->id.idiag_src, message->id.idiag_sport),
        .peer = diag_address(message, message->id.idiag_dst, message->id.idiag_dport),
        .state = UINT32_C(1) << message->idiag_state,
        .inode = message->idiag_inode,
        .user = message->idiag_uid,
        .v6_only = diag_is_v6_only(message, bytes),
    };

    walk->ended = !walk->visitor(walk->context, &socket);
}

/* Process one part of the answer. Returns 1 if there are more, 0 at the end, or -errno. */
static int walk_part(struct walk *walk, const struct nlmsghdr *head, size_t bytes)
{
    for (; netlink_has_message(head, bytes); head = netlink_next(head, head->nlmsg_len, &bytes)) {
        const void *body = netlink_behind(head, NLMSG_HDRLEN);

        if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR) {
            const int *error = body; /* also the first field of nlmsgerr */

            return head->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) && *error < 0 ? *error : 0;
        }
        if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
            head->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            continue;
        walk_visit(walk, body, head->nlmsg_len - NLMSG_HDRLEN);
        if (walk->ended)
            return 0;
    }
    return 1;
}

static int walk_family(struct walk *walk, int fd, uint8_t family, uint16_t port, uint32_t states)
{
    union {
        struct nlmsghdr head; /* for its alignment */
        char data[8192];
    } answer;
    int result = diag_ask(fd, family, port, states);

    if (result < 0)
        return result;
    do {
        ssize_t bytes = recv(fd, &answer, sizeof(answer), 0);

        if (bytes <= 0)
            return bytes < 0 ? -errno : -EPROTO;
        result = walk_part(walk, &answer.head, (size_t)bytes);
    } while (result > 0);
    return result;
}

int socket_diag_visit(uint16_t port, uint32_t states, socket_diag_visitor *visitor, void *context)
{
    const uint8_t families[] = {AF_INET, AF_INET6};
    struct walk walk = {.visitor = visitor, .context = context};
    int result = 0;

    for (int i = 0; i < 2 && result == 0 && !walk.ended; i++) {
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

        if (fd < 0)
            return -errno;
        result = walk_family(&walk, fd, families[i], port, states);
        close(fd);
    }
    return result;
}
