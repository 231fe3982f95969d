#include "asking.h"

#include "../fuzz/request_oracle.h"
#include "world.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct {
    bool asks;
    struct request requests[ASKING_GREETINGS]; /* else only with the greeting */
    const struct server_config *config;        /* of the request */
    char noise[ASKING_NOISE_BYTES];
    char script[ASKING_NOISE_BYTES]; /* noise, the text, and noise again; or a long head */
    uint32_t text_at, text_bytes;
} asking;

static const char *const texts[] = {"\n", "\r\n\r\n", "aabaaa", "abcabcabd"};
static const char *const heads[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.0\r\n\r\n",
    "POST /a HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    "\r\nGET / HTTP/1.1\nA: b\n\n",
    "hello\r\n",
    "GET /\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "GET / HT",
};

/* The text stands in noise that begins like it, and never is it. */
static void asking_write_text(const char *text)
{
    asking.text_bytes = (uint32_t)strlen(text);
    asking.text_at = (uint32_t)world_spread(1, ASKING_NOISE_BYTES / 2);
    for (uint32_t i = 0; asking.text_bytes > 1 && i < asking.text_at; i++)
        asking.script[i] = world_chance(900) ? text[i % (asking.text_bytes - 1)] : '.';
    memcpy(asking.script + asking.text_at, text, asking.text_bytes);
}

static void asking_write_long_head(void)
{
    static const char start[] = "GET / HTTP/1.1\r\nA: ";

    memset(asking.script, 'a', sizeof(asking.script));
    memcpy(asking.script, start, sizeof(start) - 1);
    asking.text_at = (uint32_t)world_between(1000, ASKING_NOISE_BYTES - 10);
    asking.text_bytes = 4;
    memcpy(asking.script + asking.text_at, "\r\n\r\n", 4);
}

/* What is waited for. */
static void asking_choose_request(struct server_config *config)
{
    static const uint64_t timeouts_ns[] = {5 * S, 5 * S, 100 * MS, 10 * MS, S, 30 * S};

    memset(asking.noise, '.', sizeof(asking.noise));
    memset(asking.script, '.', sizeof(asking.script));
    config->answer = world_chance(500) ? SERVER_ANSWER_HTTP : SERVER_ANSWER_RAW;
    config->content_type = "text/plain";
    config->request_timeout_ns = timeouts_ns[world_below(COUNT_OF(timeouts_ns))];
    if (config->answer == SERVER_ANSWER_HTTP) {
        asking_write_long_head();
    } else {
        const char *text = texts[world_below(COUNT_OF(texts))];

        config->greet_after.bytes = (uint32_t)strlen(text);
        memcpy(config->greet_after.data, text, strlen(text));
        asking_write_text(text);
    }
}

void asking_begin(struct server_config *config, const struct option_bytes *greetings, bool asks)
{
    asking.asks = asks;
    asking.config = config;
    if (asks)
        asking_choose_request(config);
    for (unsigned i = 0; i < ASKING_GREETINGS; i++) {
        struct answers *answers = &asking.requests[i].answers;

        answers->of[ANSWER_GREETING].data = greetings[i].data;
        answers->of[ANSWER_GREETING].bytes = greetings[i].bytes;
        if (asks)
            request_make(&asking.requests[i], config, &greetings[i]);
    }
}

const struct request *asking_request(void)
{
    return asking.asks ? &asking.requests[0] : NULL;
}

struct ask asking_choose(void)
{
    struct ask ask = {.data = asking.script,
                      .piece_bytes = (uint32_t)world_spread(1, ASKING_NOISE_BYTES),
                      .pause_ns = world_spread(1000, 2 * S)};
    uint32_t text_end = asking.text_at + asking.text_bytes, from = 0;

    if (!asking.asks || world_chance(100))
        return (struct ask){0}; /* nothing */
    if (asking.requests[0].kind == REQUEST_HTTP && world_chance(800)) {
        ask.data = heads[world_below(COUNT_OF(heads))];
        ask.bytes = (uint32_t)strlen(ask.data);
        return ask;
    }
    if (asking.requests[0].kind == REQUEST_TEXT)
        from = world_chance(700) ? asking.text_at : (uint32_t)world_below(asking.text_at);
    ask.data = asking.script + from;
    ask.bytes = text_end - from;
    if (world_chance(200))
        ask.bytes -= (uint32_t)world_between(1, asking.text_bytes); /* a part */
    else if (world_chance(200))
        ask.bytes += (uint32_t)world_below(ASKING_NOISE_BYTES - text_end); /* too much */
    if (ask.bytes > 5000 && ask.piece_bytes < 100)
        ask.piece_bytes = 100;
    return ask;
}

const char *asking_noise(void)
{
    return asking.noise;
}

enum answer asking_entitles(const struct tcp_stream *from_client, uint32_t bytes)
{
    static const enum answer answers[] = {
        [REQUEST_HEAD_MORE] = ANSWER_COUNT,  [REQUEST_HEAD_WHOLE] = ANSWER_GREETING,
        [REQUEST_HEAD_BARE] = ANSWER_HEAD,   [REQUEST_HEAD_BAD] = ANSWER_BAD,
        [REQUEST_HEAD_LARGE] = ANSWER_LARGE,
    };
    const struct option_bytes *text = &asking.config->greet_after;
    size_t end;

    if (!asking.asks)
        return ANSWER_GREETING;
    if (bytes == 0)
        return ANSWER_COUNT;
    if (asking.requests[0].kind == REQUEST_HTTP)
        return answers[oracle_head((const char *)from_client->bytes, bytes, &end)];
    return memmem(from_client->bytes, bytes, text->data, text->bytes) ? ANSWER_GREETING
                                                                      : ANSWER_COUNT;
}

bool asking_is_answer_with(const struct tcp_stream *to_client, enum answer answer,
                           unsigned greeting)
{
    const struct answers *answers = &asking.requests[greeting].answers;

    return answer != ANSWER_COUNT && to_client->written <= answers->of[answer].bytes &&
           (to_client->written == 0 ||
            memcmp(to_client->bytes, answers->of[answer].data, to_client->written) == 0);
}

bool asking_is_answer(const struct tcp_stream *to_client, enum answer answer)
{
    return asking_answer_bytes(to_client, answer) != UINT32_MAX;
}

uint32_t asking_answer_bytes(const struct tcp_stream *to_client, enum answer answer)
{
    uint32_t bytes = UINT32_MAX;

    for (unsigned i = ASKING_GREETINGS; i-- > 0;) {
        if (!asking_is_answer_with(to_client, answer, i))
            continue;
        bytes = asking.requests[i].answers.of[answer].bytes;
        if (bytes == to_client->written)
            return bytes;
    }
    return bytes;
}

bool asking_is_whole(const struct tcp_stream *to_client, enum answer answer)
{
    return asking_answer_bytes(to_client, answer) == to_client->written;
}
