#include "net/route.h"

#include "net/netlink_walk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>

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

/* Ask. Returns the bytes of the answer, or -errno. */
static ssize_t route_ask(const struct address *address, union answer *ret_answer)
{
    struct question question;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ssize_t bytes = -1;

    if (fd < 0)
        return -errno;
    question_fill(&question, address);
    if (sendto(fd, &question, question.header.nlmsg_len, 0, (struct sockaddr *)&kernel,
               sizeof(kernel)) >= 0)
        bytes = recv(fd, ret_answer, sizeof(*ret_answer), 0); /* the kernel has answered by now */
    if (bytes < 0)
        bytes = -errno;
    else if (bytes < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)))
        bytes = -EPROTO;
    close(fd);
    return bytes;
}

/* Returns the type of the route, RTN_UNSPEC (there is none) or -errno. */
static int route_type(const struct address *address)
{
    union answer answer = {0};
    ssize_t bytes = route_ask(address, &answer);

    if (bytes < 0)
        return (int)bytes;
    if (answer.header.nlmsg_type == NLMSG_ERROR)
        return RTN_UNSPEC;
    return ((const struct rtmsg *)NLMSG_DATA(&answer.header))->rtm_type;
}

int route_is_local(const struct address *address)
{
    int type = route_type(address);

    return type < 0 ? type : type == RTN_LOCAL;
}

const char *route_group_name(const struct address *address)
{
    struct address plain = address_unmapped(address);
    in_addr_t host = ntohl(plain.v4.sin_addr.s_addr);

    if (plain.sa.sa_family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&plain.v6.sin6_addr) ? "multicast" : NULL;
    if (IN_MULTICAST(host))
        return "multicast";
    if (host == INADDR_BROADCAST || (host != INADDR_ANY && route_type(&plain) == RTN_BROADCAST))
        return "broadcast";
    return NULL;
}

void route_device_read(const struct address *address, struct route_device *ret_device)
{
    union answer answer = {0};
    struct ifreq request = {0};
    int fd;

    *ret_device = (struct route_device){0};
    if (route_ask(address, &answer) < 0 || answer.header.nlmsg_type != RTM_NEWROUTE)
        return;
    const size_t head_bytes = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct rtmsg)));
    const struct rtattr *attribute = netlink_behind(&answer, head_bytes);
    size_t left = answer.header.nlmsg_len > head_bytes ? answer.header.nlmsg_len - head_bytes : 0;

    for (; netlink_has_attribute(attribute, left);
         attribute = netlink_next(attribute, attribute->rta_len, &left)) {
        const unsigned *index = netlink_behind(attribute, RTA_LENGTH(0));

        if (attribute->rta_type == RTA_OIF)
            if_indextoname(*index, ret_device->name);
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(request.ifr_name, ret_device->name, sizeof(request.ifr_name));
    if (fd >= 0 && ret_device->name[0] && ioctl(fd, SIOCGIFMTU, &request) == 0)
        ret_device->mtu_bytes = (uint32_t)request.ifr_mtu;
    if (fd >= 0)
        close(fd);
}
