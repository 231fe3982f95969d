#include "listen.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <netinet/in.h>

void reference_die(const char *program, const char *what)
{
    fprintf(stderr, "%s: ", program);
    perror(what);
    exit(1);
}

int reference_listen(int argc, char **argv, int flags)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    int on = 1, off = 0;
    long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    int listener;

    if (port < 1 || port > UINT16_MAX) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        exit(2);
    }
    address.sin6_port = htons((uint16_t)port);
    listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (listener < 0)
        reference_die(argv[0], "socket");
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
        reference_die(argv[0], "setsockopt");
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0)
        reference_die(argv[0], "bind");
    if (listen(listener, INT32_MAX) < 0)
        reference_die(argv[0], "listen");
    return listener;
}
