#include "admin/exchange.h"

#include "base/clock.h"
#include "base/units.h"
#include "base/wait.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* Where no wait is possible, try this often what it would report. */
#define NO_WAIT_PAUSE_NS (20 * NS_PER_MS)

/* Enough for the head of any answer. */
#define ANSWER_HEAD_BYTES 512

#define PLAIN_TEXT "text/plain; charset=utf-8"

struct exchange {
    const struct exchange_args *args;
    int sock;
    uint64_t deadline_ns;
    struct http_request request; /* zeroed, which is GET, until it is parsed */
    size_t received_bytes;
    char received[EXCHANGE_HEAD_BYTES];
};

/* An answer that is ready to be sent. */
struct answer {
    enum http_status status;
    const char *content_type;
    size_t body_bytes;
};

/* What became of the request. */
enum reading {
    READING_PARSED, /* *ret_status says what the parser found */
    READING_FAILED, /* *ret_status says what is wrong with it */
    READING_GONE,   /* there is nobody to answer, or no time */
};

/* Wait until the socket can be read or written. Returns false if the time is over, or the thread
 * must end. */
static bool exchange_wait(const struct exchange *exchange, short events)
{
    const struct exchange_args *args = exchange->args;
    struct pollfd fds[] = {{.fd = exchange->sock, .events = events},
                           {.fd = args->end_fd, .events = POLLIN}};
    uint64_t now_ns = clock_now_ns();
    int ready;

    if (now_ns >= exchange->deadline_ns || args->is_ending(args->end))
        return false;
    ready = wait_fds(fds, 2, exchange->deadline_ns - now_ns);
    if (ready < 0 && ready != -EINTR)
        clock_pause(NO_WAIT_PAUSE_NS);
    return !args->is_ending(args->end);
}

static bool passes(int error)
{
    return error == EAGAIN || error == EINTR;
}

/* Receive until the head is complete. */
static enum reading exchange_read(struct exchange *exchange, enum http_status *ret_status)
{
    *ret_status = HTTP_BAD_REQUEST;
    while (exchange->received_bytes < EXCHANGE_HEAD_BYTES) {
        ssize_t got = recv(exchange->sock, exchange->received + exchange->received_bytes,
                           EXCHANGE_HEAD_BYTES - exchange->received_bytes, 0);
        size_t head_bytes;

        if (got == 0) /* a check that only connects says nothing, and expects nothing */
            return exchange->received_bytes > 0 ? READING_FAILED : READING_GONE;
        if (got < 0 && !passes(errno))
            return READING_GONE;
        if (got < 0 && !exchange_wait(exchange, POLLIN)) {
            *ret_status = HTTP_REQUEST_TIMEOUT;
            return exchange->args->is_ending(exchange->args->end) ? READING_GONE : READING_FAILED;
        }
        if (got < 0)
            continue;
        exchange->received_bytes += (size_t)got;
        head_bytes = http_head_bytes(exchange->received, exchange->received_bytes);
        if (head_bytes > 0) {
            *ret_status = http_request_parse(exchange->received, head_bytes, &exchange->request);
            return *ret_status == HTTP_OK ? READING_PARSED : READING_FAILED;
        }
    }
    *ret_status = HTTP_HEAD_TOO_LARGE;
    return READING_FAILED;
}

/* Send all of it. Returns false if that was impossible in time. */
static bool exchange_send(const struct exchange *exchange, const char *data, size_t bytes,
                          int flags)
{
    while (bytes > 0) {
        ssize_t sent = send(exchange->sock, data, bytes, flags | MSG_NOSIGNAL);

        if (sent < 0 && !passes(errno))
            return false;
        if (sent < 0 && !exchange_wait(exchange, POLLOUT))
            return false;
        if (sent > 0) {
            data += sent;
            bytes -= (size_t)sent;
        }
    }
    return true;
}

/* The body of an error: its status, and the paths that there are. */
static enum http_status errors_render(const struct exchange_args *args, enum http_status status,
                                      FILE *body)
{
    fprintf(body, "%d %s", (int)status, http_reason(status));
    for (size_t i = 0; status == HTTP_NOT_FOUND && i < args->route_count; i++)
        fprintf(body, "%s%s", i == 0 ? "; there is " : ", ", args->routes[i].path);
    fputc('\n', body);
    return status;
}

static const struct admin_route *route_find(const struct exchange *exchange)
{
    const struct http_request *request = &exchange->request;

    for (size_t i = 0; i < exchange->args->route_count; i++) {
        const struct admin_route *route = &exchange->args->routes[i];

        if (strlen(route->path) == request->path_bytes &&
            memcmp(route->path, request->path, request->path_bytes) == 0)
            return route;
    }
    return NULL;
}

/* Render the answer to a request with this status so far. */
static struct answer exchange_render(const struct exchange *exchange, enum http_status status)
{
    const struct exchange_args *args = exchange->args;
    const struct admin_route *route = NULL;
    FILE *body = fmemopen(args->body, EXCHANGE_BODY_BYTES, "w");
    struct answer answer = {.status = HTTP_SERVER_ERROR, .content_type = PLAIN_TEXT};
    long bytes;

    if (!body)
        return answer;
    if (status == HTTP_OK && exchange->request.method == HTTP_OTHER_METHOD)
        status = HTTP_METHOD_NOT_ALLOWED;
    if (status == HTTP_OK) {
        route = route_find(exchange);
        status = route ? HTTP_OK : HTTP_NOT_FOUND;
    }
    status = route ? route->render(args->context, body) : errors_render(args, status, body);
    bytes = ftell(body);
    if (fclose(body) == 0 && bytes >= 0 && bytes < (long)EXCHANGE_BODY_BYTES)
        answer = (struct answer){status, route ? route->content_type : PLAIN_TEXT, (size_t)bytes};
    return answer;
}

/* The time of an answer (RFC 9110 6.6.1): "Sun, 06 Nov 1994 08:49:37 GMT". */
static void date_write(char *text, size_t text_bytes)
{
    time_t now = time(NULL);
    struct tm utc;

    text[0] = '\0';
    if (gmtime_r(&now, &utc)) /* the programs keep the locale "C" */
        strftime(text, text_bytes, "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

/* Answer. Returns false if the client did not take all of it in time. */
static bool exchange_answer(const struct exchange *exchange, enum http_status status)
{
    const struct answer answer = exchange_render(exchange, status);
    bool has_body = exchange->request.method != HTTP_HEAD;
    char head[ANSWER_HEAD_BYTES], date[64];
    int head_bytes;

    date_write(date, sizeof(date));
    head_bytes = snprintf(head, sizeof(head),
                          "HTTP/1.1 %d %s\r\n"
                          "Date: %s\r\n"
                          "%s"
                          "Content-Type: %s\r\n"
                          "Content-Length: %zu\r\n"
                          "Cache-Control: no-store\r\n"
                          "Connection: close\r\n\r\n",
                          (int)answer.status, http_reason(answer.status), date,
                          answer.status == HTTP_METHOD_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "",
                          answer.content_type, answer.body_bytes);
    return exchange_send(exchange, head, (size_t)head_bytes, has_body ? MSG_MORE : 0) &&
           (!has_body || exchange_send(exchange, exchange->args->body, answer.body_bytes, 0));
}

/* Send the FIN, and read until the client has closed, has sent too much, or the time is over. If it
 * does not acknowledge everything soon, the kernel gives it up (TCP_USER_TIMEOUT, tcp(7)). */
static void exchange_finish(const struct exchange *exchange)
{
    const unsigned give_up_ms = EXCHANGE_NS / NS_PER_MS;
    size_t left_bytes = EXCHANGE_DRAIN_BYTES;
    char dropped[4096];

    setsockopt(exchange->sock, IPPROTO_TCP, TCP_USER_TIMEOUT, &give_up_ms, sizeof(give_up_ms));
    if (shutdown(exchange->sock, SHUT_WR) < 0)
        return;
    while (left_bytes > 0) {
        size_t most = left_bytes < sizeof(dropped) ? left_bytes : sizeof(dropped);
        ssize_t got = recv(exchange->sock, dropped, most, 0);

        if (got == 0 || (got < 0 && !passes(errno)))
            return;
        if (got < 0 && !exchange_wait(exchange, POLLIN))
            return;
        left_bytes -= got > 0 ? (size_t)got : 0;
    }
}

void exchange_run(const struct exchange_args *args, int sock)
{
    const struct linger at_once = {.l_onoff = 1};
    struct exchange exchange = {
        .args = args, .sock = sock, .deadline_ns = clock_now_ns() + EXCHANGE_NS};
    enum http_status status;
    enum reading reading = exchange_read(&exchange, &status);

    if (reading != READING_GONE && exchange_answer(&exchange, status))
        exchange_finish(&exchange);
    else
        setsockopt(sock, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(sock);
}
