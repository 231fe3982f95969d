#include "net/route.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* "Which route would a packet to this address take?" */
struct question {
    struct nlmsghdr header;
    struct rtmsg route;
    struct rtattr attribute;
    unsigned char destination[sizeof(struct in6_addr)];
};

union answer {
    struct nlmsghdr header; /* for its alignment */
    char data[4096];
};

static void question_fill(struct question *question, const struct address *address)
{
    bool is_mapped =
        address->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
    bool is_v4 = address->sa.sa_family == AF_INET || is_mapped;
    size_t bytes = is_v4 ? sizeof(address->v4.sin_addr) : sizeof(address->v6.sin6_addr);
    const void *destination = is_mapped ? (const void *)&address->v6.sin6_addr.s6_addr[12]
                              : is_v4   ? (const void *)&address->v4.sin_addr
                                        : (const void *)&address->v6.sin6_addr;

    *question = (struct question){
        .header = {.nlmsg_len = (uint32_t)(offsetof(struct question, destination) + bytes),
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST},
        .route = {.rtm_family = is_v4 ? AF_INET : AF_INET6,
                  .rtm_dst_len = (unsigned char)(bytes * 8)},
        .attribute = {.rta_len = (uint16_t)RTA_LENGTH(bytes), .rta_type = RTA_DST},
    };
    memcpy(question->destination, destination, bytes);
}

int route_is_local(const struct address *address)
{
    struct question question;
    union answer answer;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ssize_t bytes = -1;
    int result;

    if (fd < 0)
        return -errno;
    question_fill(&question, address);
    if (sendto(fd, &question, question.header.nlmsg_len, 0, (struct sockaddr *)&kernel,
               sizeof(kernel)) >= 0)
        bytes = recv(fd, &answer, sizeof(answer), 0); /* the kernel has answered by now */
    result = bytes < 0 ? -errno : -EPROTO;
    close(fd);
    if (bytes < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)))
        return result;
    if (answer.header.nlmsg_type == NLMSG_ERROR)
        return 0; /* no such route */
    return ((const struct rtmsg *)NLMSG_DATA(&answer.header))->rtm_type == RTN_LOCAL;
}
