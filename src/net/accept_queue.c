#include "net/accept_queue.h"

#include "base/fact.h"
#include "base/units.h"

#include <stdbool.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static bool info_read(int fd, struct tcp_info *info)
{
    socklen_t bytes = sizeof(*info);

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &bytes) == 0;
}

struct accept_queue accept_queue_read(int listener_fd)
{
    struct tcp_info info;

    if (!info_read(listener_fd, &info))
        return (struct accept_queue){FACT_UNKNOWN, FACT_UNKNOWN};
    return (struct accept_queue){.length = info.tcpi_unacked, .limit = info.tcpi_sacked};
}

uint64_t accept_queue_wait_ns(int accepted_fd)
{
    struct tcp_info info;

    return info_read(accepted_fd, &info) ? info.tcpi_last_ack_recv * NS_PER_MS : FACT_UNKNOWN;
}
