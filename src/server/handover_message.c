#include "server/handover_message.h"

#include "base/clock.h"
#include "base/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

static const char magic[8] = {'h', 'e', 'l', 'l', 'o', '-', 'h', 'o'};

/* A message of any version has at least this. */
#define LEAST_BYTES offsetof(struct handover_message, text)

union handover_control {
    struct cmsghdr header; /* aligns it */
    char bytes[CMSG_SPACE(HANDOVER_FDS_MAX * sizeof(int))];
};

int handover_send(int channel_fd, const struct handover_message *message, const int *fds,
                  uint32_t count)
{
    struct handover_message copy = *message;
    union handover_control control = {0};
    struct iovec data = {.iov_base = &copy, .iov_len = sizeof(copy)};
    struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
    ssize_t sent;

    memcpy(copy.magic, magic, sizeof(magic));
    copy.version = HANDOVER_VERSION;
    if (count > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    }
    do
        sent = sendmsg(channel_fd, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == ECONNRESET ? -EPIPE : -errno;
    return 0;
}

void handover_send_refusal(int channel_fd, const char *why)
{
    struct handover_message message = {.kind = HANDOVER_GIVE_UP};

    snprintf(message.text, sizeof(message.text), "%s", why);
    handover_send(channel_fd, &message, NULL, 0);
}

/* Returns 0 when there is something to receive, or -errno. */
static int handover_await(int channel_fd, uint64_t deadline_ns, int stop_fd)
{
    struct pollfd fds[] = {{.fd = channel_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};

    for (;;) {
        uint64_t now_ns = clock_now_ns();
        bool is_late = now_ns >= deadline_ns; /* this process may have stood still */
        int ready = wait_fds(fds, 2, is_late ? 0 : deadline_ns - now_ns);

        if (ready < 0 && ready != -EINTR)
            return ready;
        if (ready > 0 && fds[0].revents) /* also if it has to stop: what has come counts */
            return 0;
        if (ready > 0 && fds[1].revents)
            return -EINTR;
        if (is_late)
            return -ETIMEDOUT;
    }
}

/* Take the descriptors of a received message. Returns how many. */
static int handover_take_fds(struct msghdr *header, int fds[HANDOVER_FDS_MAX])
{
    int count = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        size_t bytes = part->cmsg_len - CMSG_LEN(0);

        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        memcpy(fds, CMSG_DATA(part), bytes);
        count = (int)(bytes / sizeof(int)); /* the kernel makes one such part */
    }
    return count;
}

/* Not all descriptors of a message came (MSG_CTRUNC): there is room for SCM_MAX_FD, so they could
 * not be opened here. Those that came are still open. Returns why, as -errno. */
static int handover_lost_fds(int channel_fd)
{
    int fd = fcntl(channel_fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    close(fd);
    return -EACCES;
}

int handover_receive(int channel_fd, uint64_t deadline_ns, int stop_fd,
                     struct handover_message *message, int fds[HANDOVER_FDS_MAX])
{
    union handover_control control = {0};
    struct iovec data = {.iov_base = message, .iov_len = sizeof(*message)};
    struct msghdr header = {.msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes)};
    int result = handover_await(channel_fd, deadline_ns, stop_fd), count;
    ssize_t bytes;

    if (result < 0)
        return result;
    *message = (struct handover_message){0};
    bytes = recvmsg(channel_fd, &header, MSG_CMSG_CLOEXEC);
    if (bytes < 0 && errno == ECONNRESET) /* it comes once, before what was sent earlier */
        bytes = recvmsg(channel_fd, &header, MSG_CMSG_CLOEXEC);
    if (bytes < 0)
        return -errno;
    if (bytes == 0)
        return -EPIPE;
    count = handover_take_fds(&header, fds);
    message->text[sizeof(message->text) - 1] = '\0';
    result = header.msg_flags & MSG_CTRUNC ? handover_lost_fds(channel_fd) : -EPROTO;
    if (!(header.msg_flags & MSG_CTRUNC) && (size_t)bytes >= LEAST_BYTES &&
        memcmp(message->magic, magic, sizeof(magic)) == 0)
        return count;
    for (int i = 0; i < count; i++)
        close(fds[i]);
    return result;
}
