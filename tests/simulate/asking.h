/* What clients are answered, and worlds in which they must speak first: what is waited for, what
 * they send, and what they are entitled to for that. */
#ifndef HELLO_SIMULATE_ASKING_H
#define HELLO_SIMULATE_ASKING_H

#include "server/request.h"
#include "tcp.h"

#include <stdbool.h>
#include <stdint.h>

/* What one client sends first, in pieces. */
struct ask {
    const char *data;
    uint32_t bytes;
    uint32_t sent_bytes;
    uint32_t piece_bytes; /* at most at once ... */
    uint64_t pause_ns;    /* ... and then it pauses for so long at most */
};

/* A server has this many greetings, one at a time. */
#define ASKING_GREETINGS 2

/* Begin a world in which clients are greeted with one of these; if `asks`, they must speak first.
 * Then *config, with which the product begins, is completed. All of it must stay. */
void asking_begin(struct server_config *config, const struct option_bytes *greetings, bool asks);

/* The request of this world; NULL: none. */
const struct request *asking_request(void);

/* What a client sends: a request, a part of one, something else, too much, nothing. */
struct ask asking_choose(void);

/* Bytes that are no request, and end none. */
const char *asking_noise(void);
#define ASKING_NOISE_BYTES 20000u

/* What a client is entitled to for the first bytes of its stream; ANSWER_COUNT: nothing yet. */
enum answer asking_entitles(const struct tcp_stream *from_client, uint32_t bytes);

/* True if all that was sent to a client is this answer with a certain greeting, or its beginning.
 */
bool asking_is_answer_with(const struct tcp_stream *to_client, enum answer answer,
                           unsigned greeting);

/* The same with any of the greetings. */
bool asking_is_answer(const struct tcp_stream *to_client, enum answer answer);

/* How long that answer is; UINT32_MAX: it is none. */
uint32_t asking_answer_bytes(const struct tcp_stream *to_client, enum answer answer);

/* True if it is all of it. */
bool asking_is_whole(const struct tcp_stream *to_client, enum answer answer);

#endif
