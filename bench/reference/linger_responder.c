/* A reference responder: the least that a responder can do which resets nobody. It stands alone on
 * purpose and uses nothing of src/.
 *
 * It greets 16 clients, half-closing each with its greeting, and then closes those that have left
 * by now, 100 ms or more after their greeting: four system calls and one look for each client, and
 * nothing besides. So it shows what lingering costs in this kernel. It is no server: a client that
 * never leaves is looked at for ever. */
#include "listen.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sys/resource.h>

#define AT_A_TIME     16
#define LEAVE_MS      100
#define CLIENTS       16384u /* that may be open at once */
#define DISCARD_BYTES 65536

struct client {
    int sock;
    int64_t due_ms; /* when it is looked at */
};

/* Those that were greeted, the next to be looked at first. */
struct queue {
    struct client clients[CLIENTS];
    unsigned first, end;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct client *first_of(struct queue *queue)
{
    return &queue->clients[queue->first % CLIENTS];
}

static void look_later(struct queue *queue, int sock, int64_t at_ms)
{
    queue->clients[queue->end++ % CLIENTS] = (struct client){sock, at_ms + LEAVE_MS};
}

static void greet(struct queue *queue, int sock, int64_t at_ms)
{
    if (send(sock, REFERENCE_GREETING, sizeof(REFERENCE_GREETING) - 1,
             MSG_NOSIGNAL | MSG_MORE | MSG_DONTWAIT) < 0)
        perror("linger_responder: send");
    shutdown(sock, SHUT_WR);
    look_later(queue, sock, at_ms);
}

/* Close the first client, or look again later if it is still there. */
static void look(struct queue *queue, int64_t at_ms)
{
    char discarded[DISCARD_BYTES];
    int sock = first_of(queue)->sock;
    ssize_t bytes = recv(sock, discarded, sizeof(discarded), MSG_DONTWAIT | MSG_TRUNC);

    queue->first++;
    if (bytes > 0 || (bytes < 0 && errno == EAGAIN))
        look_later(queue, sock, at_ms);
    else
        close(sock);
}

static int timeout_ms(struct queue *queue)
{
    int64_t left_ms;

    if (queue->first == queue->end)
        return -1;
    left_ms = first_of(queue)->due_ms - now_ms();
    return left_ms > 0 ? (int)left_ms : 0;
}

/* All descriptors that there may be: the clients of 100 ms are many. */
static void raise_limit(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct pollfd listener = {.fd = reference_listen(argc, argv, SOCK_NONBLOCK)};
    static struct queue queue;

    raise_limit();
    for (;;) {
        bool more = true;
        int64_t at_ms;

        listener.revents = 0;
        listener.events = queue.end - queue.first <= CLIENTS - AT_A_TIME ? POLLIN : 0;
        if (poll(&listener, 1, timeout_ms(&queue)) < 0 && errno != EINTR)
            reference_die(argv[0], "poll");
        at_ms = now_ms();
        for (int i = 0; listener.revents && more && i < AT_A_TIME; i++) {
            int sock = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);

            more = sock >= 0;
            if (more)
                greet(&queue, sock, at_ms);
            else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                reference_die(argv[0], "accept");
        }
        for (int i = 0;
             i < 4 * AT_A_TIME && queue.first != queue.end && first_of(&queue)->due_ms <= at_ms;
             i++)
            look(&queue, at_ms);
    }
}
