#include "engine/socket.h"

#include <errno.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int socket_half_close(struct engine *engine, int sock)
{
    (void)engine;
    return shutdown(sock, SHUT_WR) < 0 ? -errno : 0;
}

int64_t socket_unsent(struct engine *engine, int sock)
{
    int bytes;

    (void)engine;
    return ioctl(sock, SIOCOUTQ, &bytes) < 0 ? -errno : bytes;
}

void socket_reset_on_close(int sock)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    setsockopt(sock, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}
