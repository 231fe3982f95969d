/* A reference responder: accept, write, close, one client after the other, as first written by
 * everybody. It stands alone on purpose and uses nothing of src/.
 *
 * It resets clients that have said something, since it closes with unread input (RFC 2525 2.17). */
#include "listen.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int listener = reference_listen(argc, argv, 0);

    for (;;) {
        int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (sock < 0) {
            perror("blocking_responder: accept");
            continue;
        }
        if (write(sock, REFERENCE_GREETING, sizeof(REFERENCE_GREETING) - 1) < 0)
            perror("blocking_responder: write");
        close(sock);
    }
}
