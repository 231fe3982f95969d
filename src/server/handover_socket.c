#include "server/handover_socket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* How many processes may wait to ask. */
#define BACKLOG 8

static int handover_socket(const char *path, struct sockaddr_un *ret_address)
{
    size_t bytes = strlen(path) + 1;
    int fd;

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (bytes > sizeof(ret_address->sun_path))
        return -ENAMETOOLONG;
    memcpy(ret_address->sun_path, path, bytes);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

static int handover_peer_read(int fd, struct handover_peer *ret_peer)
{
    struct ucred credentials;
    socklen_t bytes = sizeof(credentials);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) < 0)
        return -errno;
    *ret_peer = (struct handover_peer){.fd = fd, .pid = credentials.pid, .user = credentials.uid};
    return 0;
}

/* Returns 0, or -errno if something other than a socket is there. */
static int handover_path_check(const char *path)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    return S_ISSOCK(status.st_mode) ? 0 : -ENOTSOCK;
}

int handover_socket_connect(const char *path, struct handover_peer *ret_peer)
{
    struct sockaddr_un address;
    int result = handover_path_check(path);
    int fd = result < 0 ? result : handover_socket(path, &address);

    if (fd < 0)
        return fd;
    result = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    if (result == 0)
        result = handover_peer_read(fd, ret_peer);
    if (result < 0)
        close(fd);
    return result;
}

/* The mode of the file is the socket's, less the umask: so it is never wider, not for a moment. */
static int handover_socket_bind(int fd, const struct sockaddr_un *address)
{
    if (fchmod(fd, S_IRUSR | S_IWUSR) < 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        return -errno;
    return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

int handover_socket_listen(const char *path)
{
    struct sockaddr_un address;
    struct handover_peer peer = {.fd = -1};
    int fd = handover_socket(path, &address), result;

    if (fd < 0)
        return fd;
    result = handover_socket_bind(fd, &address);
    if (result == -EADDRINUSE) {
        result = handover_socket_connect(path, &peer);
        if (result == 0) {
            close(peer.fd);
            result = -EADDRINUSE;
        } else if (result == -ECONNREFUSED) {
            result = unlink(path) < 0 ? -errno : handover_socket_bind(fd, &address);
        }
    }
    if (result < 0)
        close(fd);
    return result < 0 ? result : fd;
}

void handover_socket_own(int control_fd)
{
    (void)listen(control_fd, BACKLOG);
}

int handover_socket_accept(int control_fd, struct handover_peer *ret_peer)
{
    int fd = accept4(control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int result;

    if (fd < 0)
        return -errno;
    result = handover_peer_read(fd, ret_peer);
    if (result < 0)
        close(fd);
    return result;
}

bool handover_peer_is_trusted(const struct handover_peer *peer)
{
    return peer->user == geteuid() || peer->user == 0;
}
