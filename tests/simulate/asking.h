/* Worlds in which clients must speak first: what is waited for, what they send, and what they are
 * entitled to for that. */
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

/* Begin a world in which clients need not speak. */
void asking_none(void);

/* Begin a world in which they must, and are greeted with this. Returns what the product is given.
 */
const struct request *asking_begin(const void *greeting, uint32_t greeting_bytes);

/* The request of this world; NULL: none. */
const struct request *asking_request(void);

/* What a client sends: a request, a part of one, something else, too much, nothing. */
struct ask asking_choose(void);

/* Bytes that are no request, and end none. */
const char *asking_noise(void);
#define ASKING_NOISE_BYTES 20000u

/* What a client is entitled to for the first bytes of its stream; ANSWER_COUNT: nothing yet. */
enum answer asking_entitles(const struct tcp_stream *from_client, uint32_t bytes);

/* True if all that was sent to a client is this answer, or its beginning. */
bool asking_is_answer(const struct tcp_stream *to_client, enum answer answer);

/* True if it is all of it. */
bool asking_is_whole(const struct tcp_stream *to_client, enum answer answer);

#endif
