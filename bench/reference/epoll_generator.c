/* The reference for hello-load: a connection-rate generator as a good C programmer writes it in an
 * afternoon, with one thread and epoll. It stands alone on purpose and uses nothing of src/.
 *
 * Each connection is opened, asked something if so wished, read to EOF, compared byte for byte, and
 * closed; then the next one starts. One edge-triggered registration serves a connection from its
 * start to its end. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define EVENTS_MAX       256
#define CONNECTIONS_MAX  100000
#define GREETING_MAX     4096
#define DRAIN_TIMEOUT_NS UINT64_C(5000000000)

struct connection {
    int sock; /* -1: none */
    bool connected;
    size_t received;
    char data[GREETING_MAX + 1]; /* so that one byte too many is seen */
};

struct bench {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } target;
    const char *expect, *request;
    size_t expect_bytes, request_bytes;
    uint64_t end_ns;
    int epoll_fd;
    size_t open;
    uint64_t ok, failed;
    uint64_t ok_in_time; /* before the end: what the rate is made of */
    struct connection *connections;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "epoll_generator: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void start(struct bench *bench, struct connection *connection)
{
    bool v6 = bench->target.sa.sa_family == AF_INET6;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};

    connection->sock =
        socket(bench->target.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->sock < 0)
        die("socket");
    connection->connected = false;
    connection->received = 0;
    bench->open++;
    if (connect(connection->sock, &bench->target.sa,
                v6 ? sizeof(bench->target.v6) : sizeof(bench->target.v4)) < 0 &&
        errno != EINPROGRESS)
        die("connect");
    if (epoll_ctl(bench->epoll_fd, EPOLL_CTL_ADD, connection->sock, &event) < 0)
        die("epoll_ctl");
}

static void finish(struct bench *bench, struct connection *connection, bool ok)
{
    bool in_time = now_ns() < bench->end_ns;

    close(connection->sock);
    connection->sock = -1;
    bench->open--;
    bench->ok += ok;
    bench->ok_in_time += ok && in_time;
    bench->failed += !ok;
    if (in_time)
        start(bench, connection);
}

static void on_event(struct bench *bench, struct connection *connection)
{
    int error = 0;
    socklen_t error_bytes = sizeof(error);

    if (connection->sock < 0)
        return;
    if (!connection->connected) {
        if (getsockopt(connection->sock, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0 || error) {
            finish(bench, connection, false);
            return;
        }
        connection->connected = true;
        if (bench->request_bytes > 0 && send(connection->sock, bench->request, bench->request_bytes,
                                             MSG_NOSIGNAL) != (ssize_t)bench->request_bytes) {
            finish(bench, connection, false);
            return;
        }
    }
    for (;;) {
        ssize_t count = read(connection->sock, connection->data + connection->received,
                             sizeof(connection->data) - connection->received);

        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0) {
            finish(bench, connection,
                   count == 0 && connection->received == bench->expect_bytes &&
                       memcmp(connection->data, bench->expect, bench->expect_bytes) == 0);
            return;
        }
        connection->received += (size_t)count;
    }
}

static void run(struct bench *bench, size_t count)
{
    uint64_t give_up_ns = bench->end_ns + DRAIN_TIMEOUT_NS;
    struct epoll_event events[EVENTS_MAX];

    for (size_t i = 0; i < count; i++)
        start(bench, &bench->connections[i]);
    while (bench->open > 0 && now_ns() < give_up_ns) {
        int ready = epoll_wait(bench->epoll_fd, events, EVENTS_MAX, 1000);

        if (ready < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < ready; i++)
            on_event(bench, events[i].data.ptr);
    }
}

/* Returns false if the address is none. */
static bool target_read(struct bench *bench, const char *host, uint16_t port)
{
    bench->target.v6.sin6_family = AF_INET6;
    bench->target.v6.sin6_port = htons(port);
    if (inet_pton(AF_INET6, host, &bench->target.v6.sin6_addr) == 1)
        return true;
    bench->target.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    return inet_pton(AF_INET, host, &bench->target.v4.sin_addr) == 1;
}

int main(int argc, char *argv[])
{
    struct rlimit files = {0, 0};
    struct bench bench = {0};
    size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    double seconds = argc > 4 ? strtod(argv[4], NULL) : 0;

    if (argc < 5 || argc > 7 || count < 1 || count > CONNECTIONS_MAX || seconds <= 0 ||
        !target_read(&bench, argv[1], (uint16_t)strtoul(argv[2], NULL, 10))) {
        fprintf(stderr,
                "usage: epoll_generator ADDRESS PORT CONNECTIONS SECONDS [EXPECTED [REQUEST]]\n");
        return 2;
    }
    bench.expect = argc > 5 ? argv[5] : "hello\n";
    bench.expect_bytes = strlen(bench.expect);
    bench.request = argc > 6 ? argv[6] : "";
    bench.request_bytes = strlen(bench.request);
    bench.connections = calloc(count, sizeof(*bench.connections));
    bench.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!bench.connections || bench.epoll_fd < 0)
        die("start");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    bench.end_ns = now_ns() + (uint64_t)(seconds * 1e9);
    run(&bench, count);
    bench.failed += bench.open; /* none, or the server keeps them */
    printf("epoll_generator: done connections_per_s=%.1f ok=%" PRIu64 " failed=%" PRIu64
           " seconds=%.3f\n",
           (double)bench.ok_in_time / seconds, bench.ok, bench.failed, seconds);
    free(bench.connections);
    return bench.failed > 0 ? 3 : 0;
}
