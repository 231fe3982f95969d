#include "engine/checked_socket.h"

#include "base/check.h"

struct checked_socket *checked_socket_at(struct checked *checked, int sock)
{
    CHECK(sock >= 0 && (uint32_t)sock < checked->sockets_max, "sock=%d of %u", sock,
          checked->sockets_max);
    if (!checked->sockets[sock].known) /* of an engine that broke */
        checked->sockets[sock] = (struct checked_socket){.known = true, .open = true};
    CHECK(checked->sockets[sock].open, "sock=%d was closed", sock);
    return &checked->sockets[sock];
}

struct checked_socket *checked_socket_without(struct checked *checked, int sock, enum engine_op op)
{
    struct checked_socket *state = checked_socket_at(checked, sock);

    CHECK(state->op != op && state->op != ENGINE_OP_CONNECT, "sock=%d op=%u is pending", sock,
          state->op);
    return state;
}

void checked_socket_open(struct checked *checked, int sock)
{
    CHECK((uint32_t)sock < checked->sockets_max, "sock=%d of %u", sock, checked->sockets_max);
    CHECK(!checked->sockets[sock].open, "sock=%d is open already", sock);
    checked->sockets[sock] = (struct checked_socket){.known = true, .open = true};
}

uint64_t checked_hash(const void *data, uint32_t bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (const unsigned char *byte = data; bytes > 0; bytes--)
        hash = (hash ^ *byte++) * UINT64_C(0x100000001b3);
    return hash;
}

static uint32_t *checked_bucket(struct checked *checked, uint64_t token)
{
    return &checked->buckets[token * UINT64_C(0x9e3779b97f4a7c15) % checked->sockets_max];
}

/* Remember an operation's token: an owner must be able to distinguish pending operations. */
static void checked_add_token(struct checked *checked, uint32_t sock, uint64_t token)
{
    uint32_t *bucket = checked_bucket(checked, token);

    CHECK(token >> ENGINE_TOKEN_BITS == 0, "token=%#llx", (unsigned long long)token);
    for (uint32_t i = *bucket; i > 0; i = checked->sockets[i - 1].next_pending)
        CHECK(checked->sockets[i - 1].token != token, "token=%#llx is pending on sockets %u and %u",
              (unsigned long long)token, i - 1, sock);
    checked->sockets[sock].token = token;
    checked->sockets[sock].next_pending = *bucket;
    *bucket = sock + 1;
}

static void checked_remove_token(struct checked *checked, uint32_t sock)
{
    uint32_t *link = checked_bucket(checked, checked->sockets[sock].token);

    while (*link != sock + 1)
        link = &checked->sockets[*link - 1].next_pending;
    *link = checked->sockets[sock].next_pending;
}

uint64_t checked_socket_begin(struct checked *checked, int sock, enum engine_op op, uint64_t token,
                              uint32_t bytes)
{
    const uint32_t sequence_mask = (1u << (ENGINE_TOKEN_BITS - 32)) - 1;
    struct checked_socket *state = checked_socket_at(checked, sock);

    CHECK(state->op == ENGINE_OP_NONE, "sock=%d op=%d while op=%u is pending", sock, (int)op,
          state->op);
    checked_add_token(checked, (uint32_t)sock, token);
    state->op = (uint8_t)op;
    state->bytes = bytes;
    state->inner_token = (uint64_t)(++checked->sequence & sequence_mask) << 32 | (uint32_t)sock;
    return state->inner_token;
}

void checked_socket_end(struct checked *checked, int sock)
{
    checked_remove_token(checked, (uint32_t)sock);
    checked->sockets[sock].op = ENGINE_OP_NONE;
}

void checked_socket_abandon(struct checked *checked, int sock)
{
    if (checked->abandoned_op != ENGINE_OP_NONE)
        return;
    checked->abandoned = sock;
    checked->abandoned_op = checked->sockets[sock].op;
}

uint32_t checked_socket_of_event(struct checked *checked, const struct engine_event *event)
{
    uint32_t sock = (uint32_t)event->token;
    const struct checked_socket *state;

    CHECK(sock < checked->sockets_max, "token=%#llx op=%d", (unsigned long long)event->token,
          (int)event->op);
    state = &checked->sockets[sock];
    CHECK(state->op != ENGINE_OP_NONE && state->inner_token == event->token,
          "sock=%u op=%d token=%#llx result=%d is not pending", sock, (int)event->op,
          (unsigned long long)event->token, event->result);
    CHECK(state->op == event->op, "sock=%u op=%d while op=%u is pending", sock, (int)event->op,
          state->op);
    return sock;
}
