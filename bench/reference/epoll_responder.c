/* A reference responder: one thread with epoll, as a good C programmer writes it in an afternoon.
 * It stands alone on purpose and uses nothing of src/.
 *
 * It takes all that waits each time, reads what a client has said by then, and corks greeting and
 * FIN into one segment. A fresh socket has room for so small a greeting, so nothing else needs
 * waiting for. Clients that speak later than that are reset. */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/epoll.h>

static void greet(int sock)
{
    char unread[4096];

    if (send(sock, REFERENCE_GREETING, sizeof(REFERENCE_GREETING) - 1, MSG_NOSIGNAL | MSG_MORE) < 0)
        perror("epoll_responder: send");
    while (recv(sock, unread, sizeof(unread), MSG_DONTWAIT) == (ssize_t)sizeof(unread))
        ;
    close(sock);
}

int main(int argc, char **argv)
{
    int listener = reference_listen(argc, argv, SOCK_NONBLOCK);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};

    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        reference_die(argv[0], "epoll");
    for (;;) {
        int sock;

        if (epoll_wait(epoll, &event, 1, -1) < 0 && errno != EINTR)
            reference_die(argv[0], "epoll_wait");
        while ((sock = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
            greet(sock);
    }
}
