#include "fake_engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fake_called(struct engine *engine, struct fake_call call)
{
    struct fake_engine *fake = (struct fake_engine *)(void *)engine;

    if (fake->call_count < FAKE_CALLS_MAX)
        fake->calls[fake->call_count++] = call;
    return fake->failing && strcmp(fake->failing, call.name) == 0 ? fake->error : 0;
}

static int fake_send(struct engine *engine, uint64_t token, int sock, const void *data,
                     uint32_t bytes, unsigned flags)
{
    (void)data;
    return fake_called(engine, (struct fake_call){"send", token, sock, bytes, flags});
}

/* By default nothing can be done at once: then the operation is queued, which is what is recorded.
 */
static int fake_send_now(struct engine *engine, int sock, const void *data, uint32_t bytes,
                         unsigned flags)
{
    struct fake_engine *fake = (struct fake_engine *)(void *)engine;

    (void)data;
    if (fake->sent_now == 0)
        return -EAGAIN;
    fake_called(engine, (struct fake_call){"send_now", 0, sock, bytes, flags});
    return fake->sent_now;
}

static int fake_discard(struct engine *engine, int sock)
{
    fake_called(engine, (struct fake_call){"discard", 0, sock, 0, 0});
    return ((struct fake_engine *)(void *)engine)->discarded;
}

static int fake_recv(struct engine *engine, uint64_t token, int sock, void *data, uint32_t bytes,
                     unsigned flags)
{
    ((struct fake_engine *)(void *)engine)->receives = data;
    return fake_called(engine, (struct fake_call){"recv", token, sock, bytes, flags});
}

/* By default nothing has arrived. */
static int fake_recv_now(struct engine *engine, int sock, void *data, uint32_t bytes)
{
    struct fake_engine *fake = (struct fake_engine *)(void *)engine;
    const char *input = fake->input;

    fake_called(engine, (struct fake_call){"recv_now", 0, sock, bytes, 0});
    fake->input = NULL;
    if (!input)
        return fake->has_ended ? 0 : fake->no_input ? fake->no_input : -EAGAIN;
    memcpy(data, input, strlen(input));
    return (int)strlen(input);
}

static int fake_connect_error(struct engine *engine, int sock)
{
    struct fake_engine *fake = (struct fake_engine *)(void *)engine;

    (void)sock;
    fake->connects_doubted++;
    return fake->connect_error;
}

static int fake_half_close(struct engine *engine, int sock)
{
    return fake_called(engine, (struct fake_call){"half_close", 0, sock, 0, 0});
}

static int fake_cancel(struct engine *engine, enum engine_op op, uint64_t token, int sock)
{
    (void)op;
    return fake_called(engine, (struct fake_call){"cancel", token, sock, 0, 0});
}

static int fake_delivery(struct engine *engine, int sock, struct engine_delivery *ret_delivery)
{
    (void)sock;
    *ret_delivery = ((struct fake_engine *)(void *)engine)->delivery;
    return 0;
}

static int fake_hand_over(struct engine *engine, int sock, const void *data, uint32_t bytes,
                          uint64_t timeout_ns)
{
    (void)data;
    ((struct fake_engine *)(void *)engine)->handed_over_ns = timeout_ns;
    return fake_called(engine, (struct fake_call){"hand_over", 0, sock, bytes, 0});
}

static int fake_disconnect(struct engine *engine, int sock)
{
    fake_called(engine, (struct fake_call){"disconnect", 0, sock, 0, 0});
    return ((struct fake_engine *)(void *)engine)->disconnects ? 0 : -EAGAIN;
}

static void fake_close(struct engine *engine, int sock, unsigned flags)
{
    fake_called(engine, (struct fake_call){"close", 0, sock, 0, flags});
}

static int fake_socket(struct engine *engine, int family)
{
    struct fake_engine *fake = (struct fake_engine *)(void *)engine;
    int result = fake_called(engine, (struct fake_call){"socket", 0, family, 0, 0});

    return result < 0 ? result : 7 + fake->sockets_opened++;
}

static int fake_connect(struct engine *engine, uint64_t token, int sock,
                        const struct sockaddr *address, socklen_t address_bytes)
{
    (void)address_bytes;
    ((struct fake_engine *)(void *)engine)->address = address;
    return fake_called(engine, (struct fake_call){"connect", token, sock, 0, 0});
}

static int fake_accept_start(struct engine *engine, uint32_t capacity)
{
    (void)engine;
    (void)capacity;
    return 0;
}

static void fake_accept_stop(struct engine *engine)
{
    (void)engine;
}

static int fake_wait(struct engine *engine, int64_t timeout_ns, struct engine_event *events)
{
    struct fake_engine *fake = (struct fake_engine *)(void *)engine;
    int count = fake->happened_count;

    (void)timeout_ns;
    memcpy(events, fake->happened, (size_t)count * sizeof(*events));
    fake->happened_count = 0;
    return count;
}

static void fake_destroy(struct engine *engine)
{
    (void)engine;
}

static const struct engine_class fake_class = {
    .name = "fake",
    .destroy = fake_destroy,
    .accept_start = fake_accept_start,
    .accept_stop = fake_accept_stop,
    .socket = fake_socket,
    .connect = fake_connect,
    .connect_error = fake_connect_error,
    .send = fake_send,
    .recv = fake_recv,
    .send_now = fake_send_now,
    .recv_now = fake_recv_now,
    .discard = fake_discard,
    .half_close = fake_half_close,
    .cancel = fake_cancel,
    .delivery = fake_delivery,
    .hand_over = fake_hand_over,
    .disconnect = fake_disconnect,
    .close = fake_close,
    .wait = fake_wait,
};

void fake_engine_init(struct fake_engine *fake)
{
    *fake = (struct fake_engine){.engine = {.class = &fake_class}};
}

const char *fake_engine_calls(struct fake_engine *fake)
{
    static char names[256];
    int length = 0;

    names[0] = '\0';
    for (int i = 0; i < fake->call_count; i++)
        length += snprintf(names + length, sizeof(names) - (size_t)length, "%s%s", i ? " " : "",
                           fake->calls[i].name);
    if (fake->call_count > 0)
        fake->calls[0] = fake->calls[fake->call_count - 1];
    fake->call_count = 0;
    return names;
}

const struct fake_call *fake_engine_last(const struct fake_engine *fake)
{
    return &fake->calls[fake->call_count > 0 ? fake->call_count - 1 : 0];
}
